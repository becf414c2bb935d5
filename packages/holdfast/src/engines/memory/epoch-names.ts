/** Enough that few topics share a bucket, little enough to forget about: 32 KB. */
const buckets = 4_096

/**
 * Names a topic's epoch without remembering the topic: the engine's random name and the count of its bucket. Whenever
 * a topic that held messages is forgotten, its bucket counts up.
 *
 * Why no epoch ever stands for two contents [R35]. A topic gets its epoch when it comes into being and keeps it until
 * it is forgotten, so the lives of one topic follow each other, and the counts of their epochs never go down, because
 * a bucket never counts down. Take two lives of a topic, the earlier and the later.
 *
 * - The earlier one held a message. Then the bucket counted up when it was forgotten, before the later one began:
 *   the epochs differ.
 * - It held none. Then no offset was delivered or acknowledged in it; the only position that anybody can have of it is
 *   offset 0, and that is as true of the later life. If the epochs are the same, nothing was forgotten in between, so
 *   who resumes gets the first message. Otherwise a topic in the same bucket was forgotten: who resumes gets a
 *   gap of reason `epoch` that was not needed, but is no lie.
 *
 * The second case includes a topic that is open and empty while its bucket counts up: it keeps its epoch until it is
 * released and takes the higher one next. If it gets messages first, it counts the bucket up itself when it is
 * forgotten. Another engine, or the same code in the next process, has another random name.
 */
export class EpochNames {
  readonly #engineName: string
  /** Numbers of 53 bits: these don't wrap around in practice, those of 32 could. */
  readonly #counts = new Float64Array(buckets)

  constructor(engineName: string) {
    this.#engineName = engineName
  }

  nameFor(topic: string): string {
    return `${this.#engineName}.${this.#counts[bucketOf(topic)]}`
  }

  /** A topic that held messages is forgotten: its next epoch must be another. */
  retire(topic: string): void {
    const bucket = bucketOf(topic)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }
}

/** FNV-1a. */
function bucketOf(topic: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < topic.length; index++) {
    hash = Math.imul(hash ^ topic.charCodeAt(index), 0x01000193)
  }
  return (hash ^ (hash >>> 16)) & (buckets - 1)
}

import type { EngineHost, EngineStats, Retention } from '../engine.ts'
import { EpochNames } from './epoch-names.ts'
import { ForwardClock } from './forward-clock.ts'
import { MemoryTopic, type TopicOwner } from './memory-topic.ts'
import { RecencyList } from './recency-list.ts'
import type { Holdings } from './segment-log.ts'
import { SliceMemos } from './slice-memos.ts'

export interface TableLimits {
  readonly totalBytes: number
  readonly maxTopics: number
}

/**
 * Every topic that holds state, and who has to go when there is too much of it. A topic is in one list at a time:
 *
 *     open            one list for each power of two of the memory it holds; in the fullest, the one not used for
 *                     longest loses its oldest segment. So a busy topic pays for itself and can't push out quiet
 *                     ones, and finding it costs the same however many topics there are
 *     not open        forgotten as a whole, least recently used first
 *     … and aged out  holds an epoch and a head, but no memory: forgotten only when there are too many topics, and
 *                     then before all others
 *
 * Pruning leaves a topic in its list; whoever finds it there puts it right. So only what adds memory has to sort.
 */
export class TopicTable implements TopicOwner {
  readonly retention: Retention
  readonly holdings: Holdings = { messages: 0, retainedBytes: 0 }
  readonly memos: SliceMemos = new SliceMemos()
  readonly clock: ForwardClock
  readonly #limits: TableLimits
  readonly #epochs: EpochNames
  readonly #byName = new Map<string, MemoryTopic>()
  readonly #openBySize: RecencyList<MemoryTopic>[] = []
  readonly #idle = new RecencyList<MemoryTopic>()
  readonly #agedOut = new RecencyList<MemoryTopic>()
  #openLogs = 0

  constructor(host: EngineHost, limits: TableLimits) {
    this.retention = host.retention
    this.clock = new ForwardClock(() => host.wallNow())
    this.#limits = limits
    this.#epochs = new EpochNames(host.randomName())
  }

  now(): number {
    return this.clock.now()
  }

  stats(): EngineStats {
    return { topics: this.#byName.size, openLogs: this.#openLogs, ...this.holdings }
  }

  /** All topics; may go on while topics come and go. */
  topics(): IterableIterator<MemoryTopic> {
    return this.#byName.values()
  }

  /** The topic of that name, new if need be; null if there are too many and all are open. */
  obtain(name: string): MemoryTopic | null {
    const known = this.#byName.get(name)
    if (known) return known
    if (this.#byName.size >= this.#limits.maxTopics) {
      const victim = this.#agedOut.oldest ?? this.#idle.oldest
      if (!victim) return null
      this.#forget(victim)
    }
    const topic = new MemoryTopic(name, this.#epochs.nameFor(name), this)
    this.#byName.set(name, topic)
    return topic
  }

  open(topic: MemoryTopic): void {
    if (!topic.isOpen) this.#openLogs++
    topic.open()
    this.#listFor(topic).add(topic)
  }

  released(topic: MemoryTopic): void {
    this.#openLogs--
    this.used(topic)
  }

  /** To be called when something was done with the topic: it becomes the newest of its list, or goes if it is nothing. */
  used(topic: MemoryTopic): void {
    if (!topic.isOpen && topic.head === 0) this.#forget(topic)
    else this.#listFor(topic).add(topic)
  }

  /** Applies age to a topic although nobody uses it. */
  expire(topic: MemoryTopic, now: number): void {
    topic.prune(now)
    if (topic.list !== this.#listFor(topic)) this.#listFor(topic).add(topic)
  }

  keepWithinBudget(): void {
    while (this.holdings.retainedBytes > this.#limits.totalBytes) {
      const topic = this.#idle.oldest ?? this.#openBySize.findLast((list) => list.oldest)?.oldest
      if (!topic) throw new Error('memory is retained, but by no topic')
      if (topic.list !== this.#listFor(topic)) this.#listFor(topic).add(topic)
      else if (topic.isOpen) this.#shorten(topic)
      else this.#forget(topic)
    }
  }

  clear(): void {
    this.memos.forgetAll()
    for (const topic of this.#byName.values()) {
      topic.list?.remove(topic)
      topic.clear()
    }
    this.#byName.clear()
  }

  #forget(topic: MemoryTopic): void {
    if (topic.head > 0) this.#epochs.retire(topic.topic)
    topic.list?.remove(topic)
    topic.clear()
    this.#byName.delete(topic.topic)
  }

  #shorten(topic: MemoryTopic): void {
    if (topic.allocatedBytes === 0) throw new Error('memory is retained, but the fullest topic has none')
    topic.dropOldestSegment()
    this.#listFor(topic).add(topic)
  }

  #listFor(topic: MemoryTopic): RecencyList<MemoryTopic> {
    if (!topic.isOpen) return topic.allocatedBytes > 0 ? this.#idle : this.#agedOut
    const size = 32 - Math.clz32(topic.allocatedBytes / 1_024)
    while (this.#openBySize.length <= size) this.#openBySize.push(new RecencyList())
    return this.#openBySize[size] as RecencyList<MemoryTopic>
  }
}

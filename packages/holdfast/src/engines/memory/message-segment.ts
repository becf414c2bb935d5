import type { Segment } from '../engine.ts'

/** The most memory a segment takes, unless a single message needs more. */
export const maxSegmentBytes = 65_536

/** What a fresh segment takes, so that an idle topic with one short message doesn't pin 64 KB. */
const minSegmentBytes = 1_024

/** A message's entry in the index: two 64-bit numbers, where it ends and when it was appended. */
const entryBytes = 16

/**
 * One buffer, filled with messages from the front and with their index from the back, so that `allocatedBytes` is all
 * there is:
 *
 *     | message 7 | message 8 | message 9 |    free    | time 9, end 9 | time 8, end 8 | time 7, end 7 |
 *
 * What is written never changes. A segment that is full is copied into a larger one, which is another segment: slices
 * of the first stay valid, and pin the first, which from then on nobody else holds.
 */
export class MessageSegment implements Segment {
  readonly firstOffset: number
  readonly #bytes: Uint8Array
  readonly #index: Float64Array
  #count = 0
  #usedBytes = 0
  #retained = true

  private constructor(firstOffset: number, allocatedBytes: number) {
    const buffer = new ArrayBuffer(allocatedBytes)
    this.firstOffset = firstOffset
    this.#bytes = new Uint8Array(buffer)
    this.#index = new Float64Array(buffer)
  }

  /** A fresh one, with room for at least one message of the given length. */
  static begin(firstOffset: number, messageBytes: number): MessageSegment {
    const neededBytes = messageBytes + entryBytes
    return new MessageSegment(
      firstOffset,
      neededBytes > maxSegmentBytes ? Math.ceil(neededBytes / 8) * 8 : powerOfTwo(neededBytes),
    )
  }

  get allocatedBytes(): number {
    return this.#bytes.length
  }

  get retained(): boolean {
    return this.#retained
  }

  get lastOffset(): number {
    return this.firstOffset + this.#count - 1
  }

  fits(messageBytes: number): boolean {
    return this.#usedBytes + messageBytes + (this.#count + 1) * entryBytes <= this.#bytes.length
  }

  append(message: Uint8Array, time: number): void {
    this.#bytes.set(message, this.#usedBytes)
    this.#usedBytes += message.length
    const entry = this.#index.length - 2 * (this.#count + 1)
    this.#index[entry] = time
    this.#index[entry + 1] = this.#usedBytes
    this.#count++
  }

  /**
   * A copy of the messages from `oldest` on, with room for another and half as much again, so that copying costs at
   * most about two bytes for each byte appended; null if that is more than a segment may take. What is no longer kept
   * stays behind: a topic that keeps little takes little, however much passes through it.
   */
  enlarged(oldest: number, messageBytes: number): MessageSegment | null {
    const start = this.startOf(oldest)
    const keptBytes = this.#usedBytes - start
    const keptCount = this.lastOffset - oldest + 1
    const neededBytes = keptBytes * 1.5 + messageBytes + (keptCount + 1) * entryBytes
    if (neededBytes > maxSegmentBytes) return null
    const copy = new MessageSegment(oldest, powerOfTwo(neededBytes))
    copy.#bytes.set(this.#bytes.subarray(start, this.#usedBytes))
    for (let offset = oldest; offset <= this.lastOffset; offset++) {
      const entry = copy.#index.length - 2 * (offset - oldest + 1)
      copy.#index[entry] = this.timeOf(offset)
      copy.#index[entry + 1] = this.endOf(offset) - start
    }
    copy.#count = keptCount
    copy.#usedBytes = keptBytes
    return copy
  }

  /** The log lets go of it: only slices hold it from now on. */
  retire(): void {
    this.#retained = false
  }

  /** Where the message begins in the segment, in bytes. */
  startOf(offset: number): number {
    return offset === this.firstOffset ? 0 : this.endOf(offset - 1)
  }

  endOf(offset: number): number {
    return this.#entry(offset, 1)
  }

  timeOf(offset: number): number {
    return this.#entry(offset, 0)
  }

  /** The last message that ends at or before a place in the segment, but `first` at least. */
  lastEndingBy(end: number, first: number): number {
    let low = first
    let high = this.lastOffset
    if (this.endOf(high) <= end) return high
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.endOf(middle) <= end) low = middle
      else high = middle - 1
    }
    return low
  }

  view(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end)
  }

  copy(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, end)
  }

  #entry(offset: number, part: 0 | 1): number {
    const value = this.#index[this.#index.length - 2 * (offset - this.firstOffset + 1) + part]
    if (value === undefined) throw new RangeError(`no message ${offset} in this segment`)
    return value
  }
}

function powerOfTwo(bytes: number): number {
  let size = minSegmentBytes
  while (size < bytes) size *= 2
  return size
}

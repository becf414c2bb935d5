import type { Retention, Slice } from '../engine.ts'
import { MessageSegment } from './message-segment.ts'
import type { Memoiser, SliceMemos } from './slice-memos.ts'

/** Shorter slices are copied: a view of 200 bytes in a stalled socket would pin its whole segment. */
const minViewBytes = 4_096

/** A slice, and which reads it answers: those after `after` with `leastBytes <= maxBytes < belowBytes`. */
interface Memo {
  readonly slice: Slice
  readonly after: number
  readonly leastBytes: number
  readonly belowBytes: number
}

/** What all logs of an engine hold together. */
export interface Holdings {
  messages: number
  /** Memory of all retained segments. */
  retainedBytes: number
}

/**
 * A topic's messages in segments, oldest first. Retention is exact for what can be read, message by message; memory
 * is given back by whole segments, or when the newest segment is copied into a larger one.
 */
export class SegmentLog implements Memoiser {
  readonly #holdings: Holdings
  readonly #memos: SliceMemos
  readonly #segments: MessageSegment[] = []
  #head = 0
  #oldest = 1
  #keptBytes = 0
  #allocatedBytes = 0
  #memo: Memo | null = null

  constructor(holdings: Holdings, memos: SliceMemos) {
    this.#holdings = holdings
    this.#memos = memos
  }

  get head(): number {
    return this.#head
  }

  get oldest(): number {
    return this.#oldest
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** @param time must never be earlier than the last one; judged by `prune` */
  append(message: Uint8Array, time: number): void {
    const segment = this.#segmentFor(message.length)
    segment.append(message, time)
    this.#head++
    this.#keptBytes += message.length
    this.#holdings.messages++
    this.#memo = null
  }

  prune(retention: Retention, now: number): void {
    const earliest = now - retention.ageMs
    for (;;) {
      const first = this.#segments[0]
      if (first === undefined) return
      const tooMany = this.#head - this.#oldest >= retention.messages
      if (!tooMany && this.#keptBytes <= retention.bytes && first.timeOf(this.#oldest) >= earliest) return
      // A segment that is too old as a whole goes at once: a sweep would otherwise count through all its messages.
      this.#drop(first, first.timeOf(first.lastOffset) < earliest ? first.lastOffset : this.#oldest)
    }
  }

  /** Gives back memory under pressure; does nothing if none is held. */
  dropOldestSegment(): void {
    const first = this.#segments[0]
    if (first) this.#drop(first, first.lastOffset)
  }

  clear(): void {
    while (this.#segments.length > 0) this.dropOldestSegment()
  }

  /**
   * As `TopicLog.read`. The last slice is remembered, so that all who read from the same place share it, even with
   * unequal room: subscribers of one topic mostly do.
   */
  read(after: number, maxBytes: number): Slice | null {
    const last = this.#memo
    if (last?.after === after && maxBytes >= last.leastBytes && maxBytes < last.belowBytes) return last.slice
    if (after === this.#head) return null
    if (!(after >= this.#oldest - 1 && after < this.#head)) {
      throw new RangeError(`read after ${after}, but messages ${this.#oldest} to ${this.#head} are kept`)
    }
    const memo = this.#memoFor(after, maxBytes)
    this.#memo = memo
    this.#memos.note(this, memo.slice.segment === null ? memo.slice.bytes.length : 0)
    return memo.slice
  }

  forgetMemo(): void {
    this.#memo = null
  }

  #memoFor(after: number, maxBytes: number): Memo {
    const first = after + 1
    const segment = this.#segmentOf(first)
    const start = segment.startOf(first)
    const through = segment.lastEndingBy(start + maxBytes, first)
    const end = segment.endOf(through)
    const length = end - start
    const slice: Slice =
      length < minViewBytes
        ? { bytes: segment.copy(start, end), through, segment: null }
        : { bytes: segment.view(start, end), through, segment }
    return {
      slice,
      after,
      leastBytes: through === first ? 0 : length,
      belowBytes: through === segment.lastOffset ? Infinity : segment.endOf(through + 1) - start,
    }
  }

  #segmentOf(offset: number): MessageSegment {
    let low = 0
    let high = this.#segments.length - 1
    // Nearly every read is of the newest segment.
    if (offset >= this.#segmentAt(high).firstOffset) return this.#segmentAt(high)
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#segmentAt(middle).firstOffset <= offset) low = middle
      else high = middle - 1
    }
    return this.#segmentAt(low)
  }

  #segmentAt(place: number): MessageSegment {
    const segment = this.#segments[place]
    if (segment === undefined) throw new RangeError(`no segment at ${place}`)
    return segment
  }

  /** The segment that takes a message of this length next. Allocates before it changes anything, as that may throw. */
  #segmentFor(messageBytes: number): MessageSegment {
    const last = this.#segments.at(-1)
    if (last?.fits(messageBytes)) return last
    const larger = last?.enlarged(this.#firstKeptIn(last), messageBytes)
    const segment = larger ?? MessageSegment.begin(this.#head + 1, messageBytes)
    if (larger) this.#release(this.#segments.pop())
    this.#segments.push(segment)
    this.#allocatedBytes += segment.allocatedBytes
    this.#holdings.retainedBytes += segment.allocatedBytes
    return segment
  }

  #firstKeptIn(segment: MessageSegment): number {
    return Math.max(this.#oldest, segment.firstOffset)
  }

  /** Drops messages of the first segment, the oldest one up to `through`. */
  #drop(first: MessageSegment, through: number): void {
    this.#keptBytes -= first.endOf(through) - first.startOf(this.#oldest)
    this.#holdings.messages -= through - this.#oldest + 1
    this.#oldest = through + 1
    this.#memo = null
    if (through === first.lastOffset) this.#release(this.#segments.shift())
    if (this.#segments.length === 0) this.#memos.release(this)
  }

  #release(segment: MessageSegment | undefined): void {
    if (segment === undefined) return
    segment.retire()
    this.#allocatedBytes -= segment.allocatedBytes
    this.#holdings.retainedBytes -= segment.allocatedBytes
  }
}

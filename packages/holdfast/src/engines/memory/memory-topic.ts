import type { Append, AppendOutcome, EngineHost, Retention, Slice, TopicLog } from '../engine.ts'
import { KeyIndex } from './key-index.ts'
import type { Listed, RecencyList } from './recency-list.ts'
import { type Holdings, SegmentLog } from './segment-log.ts'
import type { SliceMemos } from './slice-memos.ts'

/** What a topic needs of the table it is in. */
export interface TopicOwner {
  readonly retention: Retention
  readonly holdings: Holdings
  readonly memos: SliceMemos
  /** The forward clock. */
  now(): number
  /** The topic was open and is no longer. */
  released(topic: MemoryTopic): void
}

/** The moment of an append. */
export interface Moment {
  /** The wall clock, for the stamp. */
  readonly wall: number
  /** The forward clock, for the age. */
  readonly now: number
}

/** A topic that holds state. Open or not, its epoch stays until it is forgotten. */
export class MemoryTopic implements TopicLog, Listed<MemoryTopic> {
  readonly topic: string
  readonly epoch: string
  list: RecencyList<MemoryTopic> | null = null
  older: MemoryTopic | null = null
  newer: MemoryTopic | null = null
  /** The last batch that appended here, so that each tells the hub once. */
  batch = 0
  readonly #owner: TopicOwner
  readonly #log: SegmentLog
  #keys: KeyIndex | null = null
  #openCount = 0

  constructor(topic: string, epoch: string, owner: TopicOwner) {
    this.topic = topic
    this.epoch = epoch
    this.#owner = owner
    this.#log = new SegmentLog(owner.holdings, owner.memos)
  }

  get isOpen(): boolean {
    return this.#openCount > 0
  }

  get allocatedBytes(): number {
    return this.#log.allocatedBytes
  }

  get head(): number {
    return this.#log.head
  }

  /**
   * Age is applied here, so that it is exact however coarse the timer; and not in `read`, so that what a subscriber
   * compared its position with still holds when it reads.
   */
  get oldest(): number {
    if (this.#log.allocatedBytes > 0) this.prune(this.#owner.now())
    return this.#log.oldest
  }

  read(after: number, maxBytes: number): Slice | null {
    if (this.#openCount === 0) throw new Error(`topic '${this.topic}' was read after its release`)
    return this.#log.read(after, maxBytes)
  }

  open(): void {
    this.#openCount++
  }

  release(): void {
    if (this.#openCount === 0) throw new Error(`topic '${this.topic}' was released more often than opened`)
    this.#openCount--
    if (this.#openCount === 0) this.#owner.released(this)
  }

  /** Throws, with nothing changed, if the message can't be encoded or there is no memory for it. */
  append(entry: Append, host: EngineHost, moment: Moment): AppendOutcome & { readonly kind: 'accepted' } {
    if (entry.key !== null) {
      this.prune(moment.now)
      const offset = this.#keys?.find(entry.key)
      if (offset !== undefined) return this.#accepted(offset, true)
    }
    const offset = this.#log.head + 1
    const { topic, user, data } = entry
    this.#log.append(host.encode({ topic, offset, time: moment.wall, user, data }), moment.now)
    if (entry.key !== null) {
      this.#keys ??= new KeyIndex()
      this.#keys.add(entry.key, offset)
    }
    this.prune(moment.now)
    return this.#accepted(offset, false)
  }

  prune(now: number): void {
    this.#log.prune(this.#owner.retention, now)
    this.#forgetKeys()
  }

  dropOldestSegment(): void {
    this.#log.dropOldestSegment()
    this.#forgetKeys()
  }

  /** Lets go of all messages. */
  clear(): void {
    this.#log.clear()
    this.#forgetKeys()
  }

  #accepted(offset: number, duplicate: boolean): AppendOutcome & { readonly kind: 'accepted' } {
    return { kind: 'accepted', position: { epoch: this.epoch, offset }, duplicate }
  }

  #forgetKeys(): void {
    if (this.#keys === null) return
    this.#keys.forgetBefore(this.#log.oldest)
    if (this.#keys.size === 0) this.#keys = null
  }
}

import type { Segment, TopicLog } from '../../engines/engine.ts'
import type { Cursor } from './cursor.ts'
import type { HubEnv } from '../env.ts'
import type { LinkWriter, LinkWriterHost } from '../links/link-writer.ts'

/** A flush yields to the event loop after this long, in milliseconds. */
const flushSliceMs = 4
/** The longest pause between two flushes, in milliseconds. */
const longestPauseMs = 4

/**
 * Brings what was published to the links, once per turn of the event loop and link by link. If the last flush took
 * t, the next waits until about t has passed, so that messages coalesce under load and nothing waits when idle.
 */
export class FanOut implements LinkWriterHost {
  readonly #env: HubEnv
  readonly #maxPinnedBytes: number
  readonly #subscribers = new Map<TopicLog, Set<Cursor>>()
  readonly #grown = new Set<TopicLog>()
  #queue: LinkWriter[] = []
  readonly #writing = new Set<LinkWriter>()
  #scheduled = false
  #cancelPause: (() => void) | null = null
  #lastCostMs = 0
  #lastEndedAt = 0

  constructor(env: HubEnv, maxPinnedBytes: number) {
    this.#env = env
    this.#maxPinnedBytes = maxPinnedBytes
  }

  get cursorCount(): number {
    let count = 0
    for (const cursors of this.#subscribers.values()) count += cursors.size
    return count
  }

  /** Links with a write under way. */
  get writingCount(): number {
    return this.#writing.size
  }

  add(cursor: Cursor): void {
    const cursors = this.#subscribers.get(cursor.log)
    if (cursors) cursors.add(cursor)
    else this.#subscribers.set(cursor.log, new Set([cursor]))
  }

  remove(cursor: Cursor): void {
    cursor.removed = true
    const cursors = this.#subscribers.get(cursor.log)
    cursors?.delete(cursor)
    if (cursors?.size !== 0) return
    this.#subscribers.delete(cursor.log)
    this.#grown.delete(cursor.log)
  }

  /** Messages were appended to the log. */
  appended(log: TopicLog): void {
    if (!this.#subscribers.has(log)) return
    this.#grown.add(log)
    this.#schedule()
  }

  markGrownTopics(): void {
    if (this.#grown.size === 0) return
    for (const log of this.#grown) {
      for (const cursor of this.#subscribers.get(log) ?? []) cursor.writer.markDirty(cursor)
    }
    this.#grown.clear()
  }

  wantsFlush(writer: LinkWriter): void {
    if (writer.queued) return
    writer.queued = true
    this.#queue.push(writer)
    this.#schedule()
  }

  writeStarted(writer: LinkWriter): void {
    this.#writing.add(writer)
  }

  writeEnded(writer: LinkWriter): void {
    this.#writing.delete(writer)
  }

  close(): void {
    this.#cancelPause?.()
    this.#cancelPause = null
    this.#grown.clear()
    this.#queue = []
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const pauseMs = Math.min(this.#lastCostMs, longestPauseMs) - (this.#env.now() - this.#lastEndedAt)
    if (pauseMs < 1) this.#env.defer(this.#flush)
    else this.#cancelPause = this.#env.setTimer(this.#flush, pauseMs)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    this.#cancelPause = null
    const startedAt = this.#env.now()
    this.markGrownTopics()
    const queue = this.#queue
    this.#queue = []
    let next = 0
    while (next < queue.length) {
      const writer = queue[next++]
      if (!writer) continue
      writer.queued = false
      writer.pump()
      if (next % 16 === 0 && this.#env.now() - startedAt > flushSliceMs) break
    }
    if (next < queue.length) this.#queue = [...queue.slice(next), ...this.#queue]
    this.#closeSlowest()
    this.#lastEndedAt = this.#env.now()
    this.#lastCostMs = this.#lastEndedAt - startedAt
    if (next < queue.length) this.#continueAfterYield()
    else if (this.#queue.length > 0) this.#schedule()
  }

  #continueAfterYield(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#env.defer(this.#flush)
  }

  /** What stalled links pin beyond retention is bounded; beyond that those that stall longest are closed. */
  #closeSlowest(): void {
    const holders = new Map<Segment, LinkWriter[]>()
    let pinnedBytes = 0
    for (const writer of this.#writing) {
      for (const segment of writer.pinned) {
        if (segment.retained) continue
        const writers = holders.get(segment)
        if (writers) writers.push(writer)
        else {
          holders.set(segment, [writer])
          pinnedBytes += segment.allocatedBytes
        }
      }
    }
    for (const [segment, writers] of holders) {
      if (pinnedBytes <= this.#maxPinnedBytes) return
      for (const writer of writers) writer.owner.endSlow()
      pinnedBytes -= segment.allocatedBytes
    }
  }
}

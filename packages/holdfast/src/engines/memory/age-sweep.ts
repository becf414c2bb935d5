import type { EngineHost } from '../engine.ts'
import type { MemoryTopic } from './memory-topic.ts'
import type { TopicTable } from './topic-table.ts'

/** Memory may be held for an eighth longer than messages are kept, but at least and at most so much. */
const minIntervalMs = 1_000
const maxIntervalMs = 60_000

/** One step visits so many topics, which takes well under a millisecond, and then lets the event loop go on. */
const topicsPerStep = 1_000
const stepMs = 5

/**
 * Gives back the memory of messages that are too old in topics where nobody appends or reads. What can be read doesn't
 * depend on it. One timer, only while something is kept.
 */
export class AgeSweep {
  readonly #host: EngineHost
  readonly #table: TopicTable
  #remaining: IterableIterator<MemoryTopic> | null = null
  #cancelTimer: (() => void) | null = null

  constructor(host: EngineHost, table: TopicTable) {
    this.#host = host
    this.#table = table
  }

  /** To be called whenever something may be kept. */
  wake(): void {
    const { ageMs } = this.#host.retention
    if (this.#cancelTimer !== null || this.#table.holdings.messages === 0 || ageMs === Infinity) return
    this.#wait(Math.min(maxIntervalMs, Math.max(minIntervalMs, ageMs / 8)))
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#remaining = null
  }

  #wait(delayMs: number): void {
    this.#cancelTimer = this.#host.setTimer(() => {
      this.#cancelTimer = null
      this.#step()
    }, delayMs)
  }

  #step(): void {
    this.#remaining ??= this.#table.topics()
    const now = this.#table.now()
    for (let visited = 0; visited < topicsPerStep; visited++) {
      const next = this.#remaining.next()
      if (next.done) {
        this.#remaining = null
        this.wake()
        return
      }
      this.#table.expire(next.value, now)
    }
    this.#wait(stepMs)
  }
}

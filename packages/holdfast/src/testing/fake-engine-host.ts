import type { EngineHost, Retention, StampedMessage, TopicLog } from '../engines/engine.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export const keepAll: Retention = { messages: Infinity, bytes: Infinity, ageMs: Infinity }

let namesGiven = 0

/** A hub as an engine sees it, with a clock that only the test moves. A message is kept as one line of JSON. */
export class FakeEngineHost implements EngineHost {
  readonly retention: Retention
  /** The logs that were said to be appended to, in order. */
  readonly appendedLogs: TopicLog[] = []
  /** If set, encoding fails with it. */
  encodingError: Error | null = null
  readonly #timers = new Set<Timer>()
  #wall = Date.UTC(2025, 0, 1)
  #elapsedMs = 0
  #waiting: (() => void)[] = []

  constructor(retention: Partial<Retention> = {}) {
    this.retention = { ...keepAll, ...retention }
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  wallNow(): number {
    return this.#wall
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer: Timer = { at: this.#elapsedMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  randomName(): string {
    namesGiven++
    return `name-${String(namesGiven).padStart(16, '0')}`
  }

  encode(message: StampedMessage): Uint8Array {
    if (this.encodingError) throw this.encodingError
    return new TextEncoder().encode(`${JSON.stringify(message)}\n`)
  }

  appended(log: TopicLog): void {
    this.appendedLogs.push(log)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when the log has got as far as the offset: an engine may tell of messages later than it accepts them. */
  async reached(log: TopicLog, offset: number): Promise<void> {
    while (log.head < offset) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Lets time pass, running the timers that come due, each at its time. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      this.#passUntil(next?.at ?? end)
      if (!next) return
      this.#timers.delete(next)
      next.callback()
    }
  }

  /** Puts the wall clock forward, or back if negative, while no time passes. */
  shiftWallClock(ms: number): void {
    this.#wall += ms
  }

  #passUntil(elapsedMs: number): void {
    this.#wall += elapsedMs - this.#elapsedMs
    this.#elapsedMs = elapsedMs
  }
}

/** The messages in what `encode` gave, or in several of those one after another. */
export function decodeMessages(bytes: Uint8Array): StampedMessage[] {
  const lines = new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n')
  if (lines.pop() !== '') throw new Error('the last message is cut off')
  return lines.map((line) => JSON.parse(line) as StampedMessage)
}

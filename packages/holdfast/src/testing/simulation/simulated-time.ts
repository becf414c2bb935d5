import { wallStart } from '../simulated-process.ts'
import { outside, type VirtualClock } from '../virtual-clock.ts'

/** Virtual time, which passes by itself whenever the application has nothing left to do but to wait. */
export interface SimulationClock {
  /** Milliseconds since the simulation began. */
  readonly now: number
  /** The wall clock in milliseconds since 1970; each simulation begins on 1 January 2025. */
  readonly wallNow: number
  /** Waits until so many milliseconds have passed, and everything that was due by then has happened. */
  advance(ms: number): Promise<void>
  /**
   * Waits until everything that is due now has happened, and what that caused at once. It does not wait for what travels, which
   * takes 10 ms each way unless `network.slow` says otherwise: that is for `advance` and `until`.
   */
  settle(): Promise<void>
  /**
   * Waits until a condition holds, which is looked at after each event.
   * @param withinMs default 120,000 ms of virtual time
   * @throws Error if it does not hold within the time, and whatever the condition throws
   */
  until(condition: () => boolean, withinMs?: number): Promise<void>
  /** Calls back once after a delay in milliseconds, as `setTimeout`; returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void
  /**
   * Virtual time stands still until a promise of the real world has settled, such as a file that is read or a signature that
   * is verified; without it, hours would pass meanwhile. Settles like the promise.
   */
  hold<Value>(promise: Promise<Value>): Promise<Value>
}

interface Waiter {
  readonly end: number
  /** Null: only time has to pass. */
  readonly condition: (() => boolean) | null
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class SimulatedTime implements SimulationClock {
  readonly #clock: VirtualClock
  readonly #waiters = new Set<Waiter>()
  readonly #held = new Set<Promise<unknown>>()
  readonly #timers = new Set<object>()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  get now(): number {
    return this.#clock.now
  }

  get wallNow(): number {
    return Math.floor(wallStart + this.#clock.now)
  }

  /** What of the application still waits. */
  left(): string[] {
    const counts = { timers: this.#timers.size, 'waits on the clock': this.#waiters.size }
    return Object.entries(counts).flatMap(([what, count]) =>
      count > 0 ? [`${count} ${what} of the application`] : [],
    )
  }

  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) throw new TypeError('the time that passes must be a number from 0 on')
    return this.#wait(ms, null)
  }

  settle(): Promise<void> {
    return this.#wait(0, null)
  }

  until(condition: () => boolean, withinMs: number = 120_000): Promise<void> {
    return this.#wait(withinMs, condition)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = {}
    this.#timers.add(timer)
    const cancel = this.#clock.schedule(this.now + Math.max(delayMs, 0), 'timer', outside, () => {
      this.#timers.delete(timer)
      callback()
    })
    return () => {
      this.#timers.delete(timer)
      cancel()
    }
  }

  hold<Value>(promise: Promise<Value>): Promise<Value> {
    const over = promise.then(ignore, ignore)
    this.#held.add(over)
    void over.then(() => this.#held.delete(over))
    return promise
  }

  /**
   * Lets time pass until the work is done, and settles like it.
   * @throws Error if nothing is left that could happen, or the work is not done within the time
   */
  async drive<Value>(work: Promise<Value>, withinMs: number): Promise<Value> {
    let done = false
    const finish = (): void => {
      done = true
    }
    work.then(finish, finish)
    const end = this.now + withinMs
    while (await this.#quiet(() => done)) {
      const next = this.#next()
      if (await this.#clock.step(Math.min(next?.end ?? Infinity, end))) this.#look()
      else if (next && next.end <= end) await this.#end(next)
      else throw new Error(next || this.#clock.pendingCount > 0 ? tooLong(withinMs) : stuck)
    }
    return work
  }

  #wait(ms: number, condition: (() => boolean) | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ end: this.now + ms, condition, resolve, reject })
      this.#look()
    })
  }

  /** All promises have settled, those of the real world too; returns false once the work is done. */
  async #quiet(done: () => boolean): Promise<boolean> {
    for (;;) {
      // Nothing is ever due before the beginning: only promises settle.
      await this.#clock.step(-1)
      if (done()) return false
      if (this.#held.size === 0) return true
      await Promise.race(this.#held)
    }
  }

  /** Who waits for the nearest point in time. */
  #next(): Waiter | undefined {
    let next: Waiter | undefined
    for (const waiter of this.#waiters) if (!next || waiter.end < next.end) next = waiter
    return next
  }

  /** Looks at each condition. */
  #look(): void {
    for (const waiter of this.#waiters) {
      try {
        if (!waiter.condition?.()) continue
        waiter.resolve()
      } catch (error) {
        waiter.reject(error)
      }
      this.#waiters.delete(waiter)
    }
  }

  /** The time is over for which somebody waited. */
  async #end(waiter: Waiter): Promise<void> {
    const { end, condition, resolve, reject } = waiter
    await this.#clock.advance(end - this.now)
    if (!this.#waiters.delete(waiter)) return
    if (condition) reject(new Error(`this did not come to hold in time: ${String(condition)}\n${hint}`))
    else resolve()
  }
}

const ignore = (): void => {}

/** Why nothing may have happened although time passed. */
export const hint =
  'Something may wait for what is outside of the simulation, such as a real timer, a file or WebCrypto: see `clock.hold`.'
const stuck = `The run has not ended, and nothing is left that could happen. ${hint}`
const tooLong = (ms: number): string => `The run did not end within ${ms} ms of simulated time. ${hint}`

import type { LoopState, VirtualClock } from './virtual-clock.ts'

/** The event loop of one simulated process: its timers, its I/O, its stalls and its end. */
export class VirtualLoop implements LoopState {
  readonly clock: VirtualClock
  readonly #timers = new Set<object>()
  /** How far the wall clock of its machine is ahead of the true time. */
  wallAheadMs = 0
  #stalledUntil = 0
  #dead = false

  constructor(clock: VirtualClock) {
    this.clock = clock
  }

  get dead(): boolean {
    return this.#dead
  }

  get stalledUntil(): number {
    return this.#stalledUntil
  }

  /** Timers that were set and have neither fired nor been cancelled. */
  get timerCount(): number {
    return this.#timers.size
  }

  readonly now = (): number => this.clock.now

  readonly setTimer = (callback: () => void, delayMs: number): (() => void) => {
    if (this.#dead) return () => {}
    const timer = {}
    this.#timers.add(timer)
    const cancel = this.clock.schedule(this.clock.now + Math.max(delayMs, 0), 'timer', this, () => {
      this.#timers.delete(timer)
      callback()
    })
    return () => {
      this.#timers.delete(timer)
      cancel()
    }
  }

  readonly defer = (callback: () => void): void => {
    this.clock.schedule(this.clock.now, 'deferred', this, callback)
  }

  /** Something arrived for the process. */
  readonly io = (callback: () => void): void => {
    this.clock.schedule(this.clock.now, 'io', this, callback)
  }

  /** The process is busy for so long, or longer if it is already: everything waits, and its timers come late. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.clock.now + ms)
  }

  /** The process goes on, with all that has waited. */
  goOn(): void {
    this.#stalledUntil = this.clock.now
    this.clock.catchUp(this)
  }

  /** The process is gone, with its memory: nothing of it ever runs again. */
  kill(): void {
    this.#dead = true
    this.#timers.clear()
  }
}

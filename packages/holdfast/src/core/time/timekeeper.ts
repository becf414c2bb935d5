import { DeadlineMap } from './deadline-map.ts'

/** Where clock and timers come from. */
export interface TimerHost {
  /** A monotonic clock in milliseconds. */
  now(): number
  /** Runs the callback once after a delay; returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void
}

/** An owner of a deadline. */
export interface Timed {
  /** The deadline came. `late`: so late that a peer's silence proves nothing [R41]. */
  tick(late: boolean): void
}

/** The deadlines of many owners. */
export interface Deadlines<Owner> {
  readonly size: number
  /** No deadline is earlier than this; Infinity if there is none. */
  readonly earliest: number
  /** Sets or moves the owner's deadline; null removes it. */
  set(owner: Owner, at: number | null): void
  /** Removes and returns the owners whose deadline is due, the earliest first. */
  takeDue(now: number): readonly Owner[]
}

/** A timer that fires this much after its time tells of a stalled process. */
const lateAfterMs = 1_000
/** Timers of 2^31 ms or more fire at once. */
const longestTimerMs = 3_600_000

/** Holds the one timer of a hub or a client, at the earliest deadline of all that belongs to it, or before it. */
export class Timekeeper {
  readonly #host: TimerHost
  readonly #deadlines: Deadlines<Timed>
  #timer: { readonly at: number; readonly cancel: () => void } | null = null

  constructor(host: TimerHost, deadlines: Deadlines<Timed> = new DeadlineMap()) {
    this.#host = host
    this.#deadlines = deadlines
  }

  get deadlineCount(): number {
    return this.#deadlines.size
  }

  now(): number {
    return this.#host.now()
  }

  /** Sets or moves the owner's deadline; null removes it. */
  set(owner: Timed, at: number | null): void {
    this.#deadlines.set(owner, at)
    this.#arm()
  }

  /** Sets the timer anew, for a host whose timers changed their nature. */
  rearm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const { earliest } = this.#deadlines
    if (earliest === Infinity) return
    const now = this.now()
    const delayMs = Math.min(Math.max(Math.ceil(earliest - now), 0), longestTimerMs)
    const at = now + delayMs
    this.#timer = { at, cancel: this.#host.setTimer(() => this.#fire(at), delayMs) }
  }

  #arm(): void {
    const { earliest } = this.#deadlines
    if (earliest === Infinity || !this.#timer || earliest < this.#timer.at) this.rearm()
  }

  #fire(at: number): void {
    this.#timer = null
    const now = this.now()
    for (const owner of this.#deadlines.takeDue(now)) owner.tick(now - at > lateAfterMs)
    this.#arm()
  }
}

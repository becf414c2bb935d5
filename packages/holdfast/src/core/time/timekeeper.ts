import { DeadlineQueue } from './deadline-queue.ts'

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

/** A timer that fires this much after its time tells of a stalled process. */
const lateAfterMs = 1_000
/** Timers of 2^31 ms or more fire at once. */
const longestTimerMs = 3_600_000

/** Holds the one timer of a hub or a client, at the earliest deadline of all that belongs to it. */
export class Timekeeper {
  readonly #host: TimerHost
  readonly #deadlines = new DeadlineQueue<Timed>()
  #timer: { readonly at: number; readonly cancel: () => void } | null = null

  constructor(host: TimerHost) {
    this.#host = host
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
    this.#arm()
  }

  #arm(): void {
    const { earliest } = this.#deadlines
    if (earliest !== null && this.#timer && this.#timer.at <= earliest) return
    this.#timer?.cancel()
    this.#timer = null
    if (earliest === null) return
    const now = this.#host.now()
    const delayMs = Math.min(Math.max(Math.ceil(earliest - now), 0), longestTimerMs)
    const at = now + delayMs
    this.#timer = { at, cancel: this.#host.setTimer(() => this.#fire(at), delayMs) }
  }

  #fire(at: number): void {
    this.#timer = null
    const now = this.#host.now()
    const late = now - at > lateAfterMs
    const due: Timed[] = []
    for (let owner = this.#deadlines.takeDue(now); owner; owner = this.#deadlines.takeDue(now))
      due.push(owner)
    for (const owner of due) owner.tick(late)
    this.#arm()
  }
}

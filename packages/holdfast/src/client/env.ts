/** Everything the client takes from its surroundings, so that a test or a simulation can replace all of it. */
export interface ClientEnv {
  /** A monotonic clock in milliseconds. */
  now(): number
  /** The wall clock in milliseconds since 1970; a jump against `now` tells of a sleep. */
  wallNow(): number
  /** A number from 0 up to, not including, 1. */
  random(): number
  /** A fresh secret of 128 random bits in the characters of an identifier. */
  randomName(): string
  /** Runs the callback once after a delay; returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number, options: TimerOptions): () => void
  /** Starts listening to the page; returns a function that stops it. */
  watchPage(events: PageEvents): () => void
}

export interface TimerOptions {
  /** Whether a Node process has to stay alive for it. */
  readonly keepAlive: boolean
}

export interface PageEvents {
  /** The page became visible, came back online or was resumed. */
  woke(): void
  wentOffline(): void
}

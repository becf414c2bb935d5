import type { Fetch } from './fetch.ts'

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
  /** For the transports over HTTP. */
  readonly fetch: Fetch
  /**
   * Asks for the right to keep a request to a host open for long, which browsers limit over HTTP/1.1 [R56]. Resolves with what
   * gives the right back, or null: too many are open. Default: what the browser's tabs agree on.
   */
  readonly holdRequest?: (url: URL) => Promise<(() => void) | null>
  /** The names of the transports that were proved, by the host and path of the hub; lives as long as the page [R61]. */
  readonly provedTransports: Map<string, string>
  /** Starts listening to the page; returns a function that stops it. */
  watchPage(tell: (event: PageEvent) => void): () => void
}

export interface TimerOptions {
  /** Whether a Node process has to stay alive for it. */
  readonly keepAlive: boolean
}

/**
 * `woke`: the page became visible, was resumed, or is shown again. `putAway`: it is left; it may be kept for going back to,
 * and then wakes.
 */
export type PageEvent = 'woke' | 'cameOnline' | 'wentOffline' | 'putAway'

import { randomBytes } from 'node:crypto'

/** Everything the hub takes from its surroundings, so that a test or a simulation can replace all of it. */
export interface HubEnv {
  /** A monotonic clock in milliseconds. */
  now(): number
  /** The wall clock in milliseconds since 1970. */
  wallNow(): number
  /** A number from 0 up to, not including, 1. */
  random(): number
  /** A fresh secret of 128 random bits in the characters of an identifier. */
  randomName(): string
  /** Runs the callback once after a delay; returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void
  /** Runs the callback once, after what is happening now and the I/O that is ready. */
  defer(callback: () => void): void
}

export const nodeEnv: HubEnv = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  random: () => Math.random(),
  randomName: () => randomBytes(16).toString('base64url'),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
  defer: (callback) => void setImmediate(callback),
}

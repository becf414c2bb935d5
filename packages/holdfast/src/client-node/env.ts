import { browserEnv } from '../client/browser-env.ts'
import type { ClientEnv } from '../client/env.ts'

/** Node's surroundings: no page, and timers that keep the process alive only for a client that somebody would miss. */
export const nodeEnv: ClientEnv = {
  ...browserEnv,
  setTimer(callback, delayMs, { keepAlive }) {
    const timer = setTimeout(callback, delayMs)
    if (!keepAlive) timer.unref()
    return () => clearTimeout(timer)
  },
  watchPage: () => () => {},
}

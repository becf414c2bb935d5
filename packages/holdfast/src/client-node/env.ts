import { browserEnv } from '../client/browser-env.ts'
import type { ClientEnv } from '../client/env.ts'
import { nodeFetch } from './fetch.ts'

/**
 * Node's surroundings: no page, as many connections as are wanted, and timers that keep the process alive only for a
 * client that somebody would miss.
 */
export const nodeEnv: ClientEnv = {
  ...browserEnv,
  setTimer(callback, delayMs, { keepAlive }) {
    const timer = setTimeout(callback, delayMs)
    if (!keepAlive) timer.unref()
    return () => clearTimeout(timer)
  },
  fetch: nodeFetch,
  holdRequest: () => Promise.resolve(() => {}),
  watchPage: () => () => {},
}

import { browserEnv } from './browser-env.ts'
import { makeClient, type Client } from './connect.ts'
import type { ConnectOptions } from './options.ts'

/** Options without a default list of transports, so that a bundler takes in only what is named. */
export interface CoreConnectOptions extends ConnectOptions {
  readonly transports: NonNullable<ConnectOptions['transports']>
}

/**
 * As `connect` of `holdfast/client`, with the transports that are named and no others.
 * @throws TypeError for a URL or an option that is none
 */
export function connect(url: string | URL, options: CoreConnectOptions): Client {
  return makeClient(url, options.transports, options, browserEnv)
}

export { longPoll } from './transports/long-poll.ts'
export { sse } from './transports/sse.ts'
export { websocket } from './transports/websocket.ts'
export * from './public.ts'

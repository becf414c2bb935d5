import { makeClient, type Client } from '../client/connect.ts'
import type { CoreConnectOptions } from '../client/core.ts'
import { nodeEnv } from './env.ts'

/**
 * As `connect` of `holdfast/client`, with the transports that are named and no others.
 * @throws TypeError for a URL or an option that is none
 */
export function connect(url: string | URL, options: CoreConnectOptions): Client {
  return makeClient(url, options.transports, options, nodeEnv)
}

export { longPoll, sse, websocket } from './index.ts'
export type { CoreConnectOptions } from '../client/core.ts'
export * from '../client/public.ts'

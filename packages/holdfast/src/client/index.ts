import { browserEnv } from './browser-env.ts'
import { makeClient, type Client } from './connect.ts'
import type { ConnectOptions } from './options.ts'
import { longPoll } from './transports/long-poll.ts'
import { sse } from './transports/sse.ts'
import { websocket } from './transports/websocket.ts'

/**
 * Connects to a hub; never throws for the network's sake, but keeps trying.
 * @param url where the hub is attached, such as `https://example.com/holdfast`; in a page relative to it
 * @throws TypeError for a URL or an option that is none
 */
export function connect(url: string | URL, options: ConnectOptions = {}): Client {
  return makeClient(url, options.transports ?? [websocket(), sse(), longPoll()], options, browserEnv)
}

export { longPoll, sse, websocket }
export * from './public.ts'

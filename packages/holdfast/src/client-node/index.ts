import { WebSocket } from 'ws'
import { makeClient, type Client } from '../client/connect.ts'
import type { ConnectOptions } from '../client/options.ts'
import { longPoll } from '../client/transports/long-poll.ts'
import { sse } from '../client/transports/sse.ts'
import { webSocketTransport, type WebSocketLike } from '../client/transports/websocket.ts'
import type { Transport } from '../client/transports/transport.ts'
import { nodeEnv } from './env.ts'

/** WebSocket through the `ws` package, which has what Node's own class lacks or has only since version 22. */
export function websocket(): Transport {
  return webSocketTransport((url, protocol) => {
    const options = { perMessageDeflate: false }
    return new WebSocket(url, protocol, options) as unknown as WebSocketLike
  })
}

/**
 * Connects to a hub; never throws for the network's sake, but keeps trying.
 * @param url where the hub is attached, such as `https://example.com/holdfast`
 * @throws TypeError for a URL or an option that is none
 */
export function connect(url: string | URL, options: ConnectOptions = {}): Client {
  return makeClient(url, options.transports ?? [websocket(), sse(), longPoll()], options, nodeEnv)
}

export { longPoll, sse }
export * from '../client/public.ts'

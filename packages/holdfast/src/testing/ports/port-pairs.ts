import { WebSocket } from 'ws'
import { browserEnv } from '../../client/browser-env.ts'
import { longPoll } from '../../client/transports/long-poll.ts'
import { sse } from '../../client/transports/sse.ts'
import { webSocketTransport, type WebSocketLike } from '../../client/transports/websocket.ts'
import type { Transport } from '../../client/transports/transport.ts'
import type { Fetch } from '../../client/fetch.ts'
import { websocket } from '../../client-node/index.ts'
import { nodeFetch } from '../../client-node/fetch.ts'
import { transportNames } from '../simulated-transport.ts'
import type { PortPair } from './port-bench.ts'
import { startRealBench } from './real-bench.ts'
import { startSimulatedBench } from './simulated-bench.ts'

/** What a browser's class has and no more: without `terminate`. */
const likeBrowsers = (): Transport =>
  webSocketTransport((url, protocol) => {
    const socket: WebSocketLike & { terminate?: unknown } = new WebSocket(url, protocol, {
      perMessageDeflate: false,
    }) as never
    return Object.defineProperty(socket, 'terminate', { value: undefined })
  })

const real = (name: string, transport: Transport, fetch: Fetch = nodeFetch): PortPair => ({
  name,
  polls: transport.name === 'long-poll',
  start: () => startRealBench(transport, fetch),
})

/** Every implementation of the ports between which frames travel. */
export const portPairs: readonly PortPair[] = [
  real('websocket of ws', websocket()),
  real('websocket without terminate, as in browsers', likeBrowsers()),
  real('sse', sse()),
  real('sse over the global fetch', sse(), browserEnv.fetch),
  real('long-poll', longPoll()),
  real('long-poll over the global fetch', longPoll(), browserEnv.fetch),
  ...transportNames.map((name) => ({
    name: `simulated ${name}`,
    polls: name === 'long-poll',
    start: () => startSimulatedBench(name),
  })),
]

import type { Fetch } from '../client/fetch.ts'
import { longPoll } from '../client/transports/long-poll.ts'
import { sse } from '../client/transports/sse.ts'
import type { Transport } from '../client/transports/transport.ts'
import type { MemoryHttpLink } from './http/memory-http-link.ts'
import type { MemoryNetwork, NetworkClient } from './memory-network.ts'
import type { RecordedFrame } from './network-link.ts'

export type TransportName = 'websocket' | 'sse' | 'long-poll'

type Adapter = (network: MemoryNetwork, client: NetworkClient) => Transport

/** How the simulated network carries each transport of a client: all that a further one would need. */
const adapters: Record<TransportName, Adapter> = {
  websocket: (network, client) => network.webSocket(client),
  sse: (network, client) => overHttp(sse(), network, client),
  'long-poll': (network, client) => overHttp(longPoll(), network, client),
}

export const transportNames: readonly TransportName[] = ['websocket', 'sse', 'long-poll']

export function simulatedTransport(
  name: TransportName,
  network: MemoryNetwork,
  client: NetworkClient,
): Transport {
  return adapters[name](network, client)
}

/** For the surroundings of a client: each transport over HTTP gets the `fetch` of its own link. */
export const noFetch: Fetch = () => Promise.reject(new Error('there is no network beside the links'))

/** The transport that clients really use; its requests go through the simulated network, and its frames are recorded. */
function overHttp(transport: Transport, network: MemoryNetwork, client: NetworkClient): Transport {
  return {
    name: transport.name,
    open(url, events, env) {
      let link: MemoryHttpLink | null = null
      const record = (direction: RecordedFrame['direction'], text: string): void =>
        void link?.frames.push({ at: client.loop.now(), direction, text })
      let bufferedBytes = (): number => 0
      const fetch: Fetch = network.fetch({ ...client, bufferedBytes: () => bufferedBytes() }, (opened) => {
        link = opened
      })
      const received = (text: string): void => {
        record('down', text)
        events.received(text)
      }
      const opened = transport.open(url, { ...events, received }, { ...env, fetch })
      bufferedBytes = () => opened.bufferedBytes
      return {
        get bufferedBytes() {
          return opened.bufferedBytes
        },
        send(text) {
          record('up', text)
          opened.send(text)
        },
        close: () => opened.close(),
        abandon: () => opened.abandon(),
      }
    },
  }
}

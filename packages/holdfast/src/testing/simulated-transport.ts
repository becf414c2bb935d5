import type { Fetch } from '../client/fetch.ts'
import { longPoll } from '../client/transports/long-poll.ts'
import { sse } from '../client/transports/sse.ts'
import type { Transport } from '../client/transports/transport.ts'
import { websocket } from '../client/transports/websocket.ts'
import type { MemoryHttpLink } from './http/memory-http-link.ts'
import type { MemoryNetwork, NetworkClient } from './memory-network.ts'
import type { RecordedFrame } from './network-link.ts'

export type TransportName = 'websocket' | 'sse' | 'long-poll'

/** As in production. Of `websocket` only the name counts: the network brings its own connections. */
const transports: Record<TransportName, Transport> = {
  websocket: websocket(),
  sse: sse(),
  'long-poll': longPoll(),
}

export const transportNames: readonly TransportName[] = ['websocket', 'sse', 'long-poll']

export function transportNamed(name: TransportName): Transport {
  return transports[name]
}

export function simulatedTransport(
  name: TransportName,
  network: MemoryNetwork,
  client: NetworkClient,
): Transport {
  return overNetwork(transports[name], network, client)
}

/**
 * How the simulated network carries a transport of a client.
 * @throws TypeError for a transport that is none of Holdfast's
 */
export function overNetwork(transport: Transport, network: MemoryNetwork, client: NetworkClient): Transport {
  if (transport.name === 'websocket') return network.webSocket(client)
  if (transport.name in transports) return overHttp(transport, network, client)
  throw new TypeError(`there is no simulation of the transport ${transport.name}`)
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

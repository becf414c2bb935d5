import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fetch } from '../../client/fetch.ts'
import type { Transport } from '../../client/transports/transport.ts'
import { nodeEnv } from '../../server/env.ts'
import { NodeExchange } from '../../server/http/node-exchange.ts'
import { WebSocketTransport } from '../../server/transports/websocket.ts'
import { until } from '../until.ts'
import { httpTransport } from './hub-transports.ts'
import { ClientEnd, HubEnds, maxFrameBytes, type PortBench } from './port-bench.ts'

/** Long enough on the loopback for what must not happen to be seen, if it does. */
const restMs = 20

/** The transports as they are, on the loopback. */
export async function startRealBench(transport: Transport, fetch: Fetch): Promise<PortBench> {
  const ends = new HubEnds()
  const http = httpTransport(ends.accept, nodeEnv)
  const webSockets = new WebSocketTransport(maxFrameBytes, ends.accept)
  const server = createServer((request, response) => http.serve(new NodeExchange(request, response)))
  server.on('upgrade', (request, socket, head) => webSockets.upgrade(request, socket, head))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients: ClientEnd[] = []
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await pause(0)
  }
  return {
    ends: ends.list,
    get accepting() {
      return ends.accepting
    },
    set accepting(accepting) {
      ends.accepting = accepting
    },
    open() {
      const env = { fetch, holdRequest: () => Promise.resolve(() => {}) }
      const url = new URL(`http://127.0.0.1:${port}/holdfast`)
      const client = new ClientEnd((events) => transport.open(url, events, env))
      clients.push(client)
      return client
    },
    until,
    rest: () => pause(restMs),
    stopListening: stop,
    // The kernel's buffers are out of reach; what a reader that never reads does to real sockets, http-hostile.test.ts shows.
    stallClient: null,
    async close() {
      for (const { link } of clients) link.abandon()
      for (const { socket } of ends.list) socket.destroy()
      await stop()
    },
  }
}

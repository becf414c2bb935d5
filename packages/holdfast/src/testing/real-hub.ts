import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeEnv, type HubEnv } from '../server/env.ts'
import { createHub, type Hub, type HubOptions } from '../server/index.ts'
import { countTimers, type CountedTimers } from './counted-timers.ts'

/** A hub on an HTTP server of its own, on the loopback. */
export interface RealHub {
  readonly hub: Hub
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly timers: CountedTimers<HubEnv>
  /** Closes both, without waiting for anybody. */
  close(): Promise<void>
}

export async function startHub(options: HubOptions = {}): Promise<RealHub> {
  const server = createServer()
  const timers = countTimers(nodeEnv)
  const hub = createHub(options, timers.env)
  hub.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    hub,
    server,
    port,
    url: hubUrl(port),
    timers,
    async close() {
      await hub.close({ drainMs: 1 })
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

export const hubUrl = (port: number): string => `http://127.0.0.1:${port}/holdfast`

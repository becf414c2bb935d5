import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, type HubStats } from '../../server/index.ts'

/** What the program answers to `stats`. */
export interface HubReport {
  readonly stats: HubStats
  /** Sessions that lost their link so far. */
  readonly detached: number
}

/**
 * A hub in a process of its own. Told `publish`, it publishes until it closes; `stall <ms>` blocks its event loop; `stats`
 * asks for a report; `close` closes hub and server. Then nothing is left that keeps the process alive.
 */
async function main(): Promise<void> {
  const [intervalMs = 25_000, timeoutMs = 15_000] = process.argv.slice(2).map(Number)
  const server = createServer()
  const hub = createHub({ heartbeat: { intervalMs, timeoutMs } })
  let detached = 0
  let publishing = false
  hub.attach(server)
  hub.onRequest('hang', () => new Promise(() => {}))
  hub.onRequest('echo', (payload) => payload)
  hub.on('session', ({ type }) => {
    if (type === 'detached') detached++
  })
  const publish = (): void => {
    if (!publishing) return
    hub.publish('news', detached).catch(() => (publishing = false))
    setImmediate(publish)
  }
  const close = async (): Promise<void> => {
    await hub.close({ drainMs: 300 })
    publishing = false
    server.close()
    // Whoever asked for an upgrade since is answered by nobody: this server has no other listener.
    server.closeAllConnections()
    process.disconnect()
  }
  process.on('message', (message: string) => {
    const [command, value] = message.split(' ')
    if (command === 'publish') {
      publishing = true
      publish()
    }
    if (command === 'stall') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(value))
    if (command === 'stats') process.send?.({ stats: hub.stats(), detached } satisfies HubReport)
    if (command === 'close') void close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
}

void main()

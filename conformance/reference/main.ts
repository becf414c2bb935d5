import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, type HubOptions } from 'holdfast/server'
import { Application } from './application.ts'

/** Some tests read past what is kept. */
const retention = { messages: 100 }

/** Tests of time limits wait for these. */
const impatience: HubOptions = {
  heartbeat: { intervalMs: 300, timeoutMs: 1_500 },
  timeouts: { helloMs: 1_500, authenticateMs: 500, authorizeMs: 500, validateMs: 500, sessionTtlMs: 500 },
}

/** The server that the suite tests when it is given no other: what README.md asks for, made with Holdfast. */
async function main(): Promise<void> {
  const server = createServer()
  const hubs = [
    { path: '/holdfast', options: {} },
    { path: '/impatient', options: impatience },
  ].map(({ path, options }) => {
    const application = new Application()
    const hub = createHub({
      ...options,
      retention,
      origins: ['https://allowed.example'],
      authenticate: application.authenticate,
      authorize: application.authorize,
      // Tests make the application fail on purpose.
      logger: { warn: () => {}, error: () => {} },
    })
    application.serve(hub)
    hub.attach(server, { path })
    return hub
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/holdfast`)
  await once(process, 'SIGTERM')
  server.close()
  await Promise.all(hubs.map((hub) => hub.close({ drainMs: 1 })))
  server.closeAllConnections()
}

void main()

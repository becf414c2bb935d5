/**
 * The front of the chat: what `npm start` runs. It holds the public port, passes everything on to the server's process
 * and starts that process anew when it ends. It stands where the network would, so it can do what networks do: the
 * buttons of the page's panel come here (faults.ts) and work even while the server does not.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bundlePage } from 'holdfast-example-site/server/bundle'
import { portFrom } from 'holdfast-example-site/server/settings'
import { onStopSignals } from 'holdfast-example-site/server/stop-signals'
import { SupervisedProcess } from 'holdfast-example-site/server/supervised-process'
import { Faults } from './faults.ts'
import { Lines } from './lines.ts'

const root = new URL('../../', import.meta.url)
const port = portFrom('PORT', 4_000)
const host = process.env['HOST'] ?? '127.0.0.1'
const dataFolder = process.env['DATA_DIR'] ?? fileURLToPath(new URL('data', root))

await bundlePage(root)
// One secret for all lives of the server, so that the pages' tokens outlive a restart.
const secret = randomBytes(32).toString('base64url')
const hubProcess = new SupervisedProcess(new URL('../server/hub-process.js', import.meta.url), {
  environment: () => ({ ...process.env, DATA_DIR: dataFolder, SIGN_IN_SECRET: secret }),
  gaveUp() {
    process.exitCode = 1
    server.close()
  },
})
const lines = new Lines()
const faults = new Faults(lines, hubProcess)

const server = createServer((request, response) => {
  if (!faults.answer(request, response)) lines.ofRequest(request).request(request, response, hubProcess.port)
})
server.on('upgrade', (request, socket, head) =>
  lines.ofRequest(request).upgrade(request, socket, head, hubProcess.port),
)

onStopSignals({
  async stop() {
    server.close()
    await hubProcess.stop()
    lines.cutAll()
    server.closeAllConnections()
  },
  stopNow: () => hubProcess.kill(),
})

await hubProcess.start()
if (hubProcess.wanted) {
  server.listen(port, host)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    console.error(
      error.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another: PORT=4001 npm start` : error,
    )
    process.exitCode = 1
    return hubProcess.stop()
  })
}
if (server.listening) {
  const address = server.address() as AddressInfo
  console.log(`The chat is on http://localhost:${address.port}`)
}

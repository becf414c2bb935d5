/**
 * The front of the chat: what `npm start` runs. It holds the public port, passes everything on to the server's process
 * and starts that process anew when it ends. It stands where the network would, so it can do what networks do: the
 * buttons of the page's panel come here (faults.ts) and work even while the server does not.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bundlePage } from './bundle.ts'
import { Faults } from './faults.ts'
import { HubProcess } from './hub-process-supervisor.ts'
import { Lines } from './lines.ts'
import { onStopSignals } from './stop-signals.ts'

const port = Number(process.env['PORT'] ?? 4_000)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`PORT must be a number from 0 to 65535, not ${process.env['PORT']}.`)
  process.exit(1)
}
const host = process.env['HOST'] ?? '127.0.0.1'
const dataFolder = process.env['DATA_DIR'] ?? fileURLToPath(new URL('../../data', import.meta.url))

await bundlePage()
const hubProcess = new HubProcess(dataFolder, () => {
  process.exitCode = 1
  server.close()
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

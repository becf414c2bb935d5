/**
 * What `npm run example:approvals` runs: it bundles the page, starts the server in a process of its own, and starts it anew
 * when that is killed.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bundlePage } from 'holdfast-example-site/server/bundle'
import { portFrom } from 'holdfast-example-site/server/settings'
import { onStopSignals } from 'holdfast-example-site/server/stop-signals'
import { SupervisedProcess } from 'holdfast-example-site/server/supervised-process'

const root = new URL('../../', import.meta.url)
const host = process.env['HOST'] ?? '127.0.0.1'
const port = await freePort(portFrom('PORT', 4_100))
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  HOST: host,
  // One port and one secret for all lives of the server: the pages find it again, and their tokens outlive a restart.
  PORT: String(port),
  SIGN_IN_SECRET: randomBytes(32).toString('base64url'),
  DATA_DIR: process.env['DATA_DIR'] ?? fileURLToPath(new URL('data', root)),
}

await bundlePage(root)
const server = new SupervisedProcess(new URL('../server/hub-process.js', import.meta.url), {
  environment: () => environment,
  started: ({ pid }) =>
    console.log(
      `The agent console is on http://localhost:${port} (process ${pid}: kill it, and see what happens)`,
    ),
  gaveUp() {
    process.exitCode = 1
  },
})
onStopSignals({ stop: () => server.stop(), stopNow: () => server.kill() })

await server.start()

/** The port itself, if it is free, or any that is for 0. Else ends the process, before anything is done. */
async function freePort(wanted: number): Promise<number> {
  const probe = createServer().listen(wanted, host)
  await once(probe, 'listening').catch((error: NodeJS.ErrnoException) => {
    console.error(
      error.code === 'EADDRINUSE'
        ? `Port ${wanted} is taken. Choose another: PORT=${wanted + 1} npm run example:approvals`
        : error,
    )
    process.exit(1)
  })
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/**
 * The server: a web server, its hub, and the agents whose work needs permission. It may be killed at any moment and started
 * again with the same data folder (../start/main.ts does that).
 */
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createHub, memory } from 'holdfast/server'
import { httpListener } from 'holdfast-example-site/server/http'
import { PageFiles } from 'holdfast-example-site/server/page-files'
import { numberFrom, portFrom, textFrom } from 'holdfast-example-site/server/settings'
import { SignIn } from 'holdfast-example-site/server/sign-in'
import { isPerson } from '../contract/people.ts'
import { journalTopic } from '../contract/run-event.ts'
import { Agents } from './agents.ts'
import { AskJournal } from './ask-journal.ts'
import { withLastingAsks } from './lasting-asks.ts'
import { Permission } from './permission.ts'
import { serveRequests } from './requests.ts'
import { RunJournal } from './run-journal.ts'

const drainMs = 2_000
/** Longer than any server stays switched off between an answer and its step. */
const endedAskTtlMs = 7 * 24 * 3_600_000

const dataFolder = textFrom('DATA_DIR')
const signIn = new SignIn(textFrom('SIGN_IN_SECRET'), isPerson)
const heartbeatMs = numberFrom('HEARTBEAT_MS', 8_000)

await mkdir(dataFolder, { recursive: true })
const asks = await AskJournal.open(join(dataFolder, 'asks.jsonl'))
const hub = createHub({
  authenticate: ({ token }) => signIn.identityOf(token),
  // Only the server writes into its journal.
  authorize: ({ action, topic }) => action === 'subscribe' && topic === journalTopic,
  engine: withLastingAsks(memory(), asks),
  heartbeat: { intervalMs: heartbeatMs, timeoutMs: heartbeatMs },
  timeouts: { endedAskTtlMs },
})
const journal = await RunJournal.open(dataFolder, (event) => {
  hub.publish(journalTopic, event).catch((error: unknown) => {
    console.error(`approvals: line ${event.seq} of the journal was not published`, error)
  })
})
const permission = new Permission(hub, {
  escalateMs: numberFrom('ESCALATE_MS', 20_000),
  deadlineMs: numberFrom('DEADLINE_MS', 120_000),
})
const agents = new Agents(join(dataFolder, 'projects'), {
  journal,
  permission,
  stepMs: numberFrom('STEP_MS', 700),
})
serveRequests(hub, journal, agents)
await agents.resume()

const server = createServer(httpListener(new PageFiles(new URL('../../', import.meta.url)), signIn))
hub.attach(server)
server.listen(portFrom('PORT', 4_100), process.env['HOST'] ?? '127.0.0.1')
await once(server, 'listening')
process.send?.({ port: (server.address() as AddressInfo).port })

let closing = false

async function close(): Promise<void> {
  if (closing) process.exit(1)
  closing = true
  await agents.interrupt()
  await hub.close({ drainMs })
  await journal.close()
  server.close()
  server.closeAllConnections()
  if (process.connected) process.disconnect()
}

process.on('SIGTERM', () => void close())
// A Ctrl-C reaches every process of the terminal. This one goes when the one that started it says so, or is gone.
process.on('SIGINT', () => {})
process.once('disconnect', () => {
  if (!closing) void close()
})

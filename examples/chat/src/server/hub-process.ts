/**
 * The chat's server: a web server and its hub, as an application would write them. It runs in a process of its own, so
 * that it can be blocked, restarted and killed while the pages watch (see ../front/main.ts).
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub } from 'holdfast/server'
import { httpListener } from 'holdfast-example-site/server/http'
import { PageFiles } from 'holdfast-example-site/server/page-files'
import { numberFrom, textFrom } from 'holdfast-example-site/server/settings'
import { SignIn } from 'holdfast-example-site/server/sign-in'
import { assistant as assistantName, rooms, topicOf } from '../contract/rooms.ts'
import { Assistant } from './assistant.ts'
import { ConversationRecord } from './conversation-record.ts'
import { serveConversation } from './conversation.ts'
import { canHaveName } from './names.ts'

const drainMs = 2_000

const heartbeatMs = numberFrom('HEARTBEAT_MS', 8_000)
const signIn = new SignIn(textFrom('SIGN_IN_SECRET'), canHaveName)
const record = new ConversationRecord(textFrom('DATA_DIR'))
const topics = new Set(rooms.map(({ id }) => topicOf(id)))

const hub = createHub({
  authenticate: ({ token }) => signIn.identityOf(token),
  // Pages read rooms; what is said there goes through `say`, which checks and records it.
  authorize: ({ action, topic }) => action === 'subscribe' && topics.has(topic),
  heartbeat: { intervalMs: heartbeatMs, timeoutMs: heartbeatMs },
})
const assistant = new Assistant(
  record,
  (room, event) => hub.publish(topicOf(room), event, { user: assistantName }),
  numberFrom('TOKEN_MS', 60),
)
serveConversation(hub, record, assistant)

const server = createServer(httpListener(new PageFiles(new URL('../../', import.meta.url)), signIn))
hub.attach(server)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ type: 'ready', port: (server.address() as AddressInfo).port })

let closing = false

async function close(): Promise<void> {
  if (closing) process.exit(1)
  closing = true
  assistant.stop()
  await hub.close({ drainMs })
  server.close()
  server.closeAllConnections()
  record.close()
  if (process.connected) process.disconnect()
}

process.on('SIGTERM', () => void close())
// A Ctrl-C reaches every process of the terminal. This one goes when the front says so, or when the front is gone.
process.on('SIGINT', () => {})
process.once('disconnect', () => {
  if (!closing) void close()
})
process.on('message', (message: { readonly type: string; readonly ms: number }) => {
  if (message.type === 'block') block(message.ms)
})

/** What a runaway computation does to a server: nothing else happens meanwhile. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

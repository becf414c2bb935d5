import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, longPoll, sse, websocket, type Client } from 'holdfast/client'
import { afterEach, expect, test } from 'vitest'
import { mostTopics } from './application.ts'
import type { MeasuredProcess } from './measured-process.ts'
import type { LoadAnswers, ServerAnswers } from './processes.ts'
import { startProcesses } from './soak.ts'

const owned: (() => unknown)[] = []
afterEach(async () => {
  for (const release of owned.splice(0).toReversed()) await release()
})

/** Topics are remembered up to a bound, by these; there is a list for each power of two of the memory that one holds. */
const ofTopics = ['MemoryTopic', 'SegmentLog', 'RecencyList']

const holdfastClasses = new Set(
  classesIn(fileURLToPath(new URL('../../packages/holdfast/dist/', import.meta.url))).filter(
    (name) => !ofTopics.includes(name),
  ),
)
/** Of these there is one for each session, link, connection or operation. */
const ofSessions = ['Session', 'SessionLedger', 'SessionOperations', 'SessionRequests', 'Entry']
const ofLinks = [
  'Link',
  'LinkSubscriptions',
  'LinkWriter',
  'HttpLink',
  'SseSocket',
  'PollSocket',
  'NodeExchange',
]
const ofClients = ['ClientHandle', 'ClientCore', 'Connection', 'Operations', 'PendingOperation', 'TopicFeed']

type Objects = ServerAnswers['objects']

test(
  'no object of a session, a link or a client survives it, whatever became of it',
  { timeout: 90_000 },
  async () => {
    const { server, load, ports } = await startProcesses()
    owned.push(() => server.stop())
    owned.push(() => load.stop())
    const url = `http://127.0.0.1:${ports.steady}/holdfast`
    // What is made once, for the first of each kind, is there from now on.
    await load.ask('each', 1)
    const before = await atRest(server, load)

    const clients = [websocket(), sse(), longPoll()].map((transport) =>
      connect(url, { transports: [transport] }),
    )
    owned.push(() => Promise.all(clients.map((client) => client.close())))
    await Promise.all(clients.map(beInTheMiddle))
    const living = load.ask('each', 2)
    const [busyClients, busyServer] = await Promise.all([load.ask('objects'), server.ask('objects')])
    expect([...ofSessions, ...ofLinks].filter((name) => !busyServer[name])).toEqual([])
    expect(ofClients.filter((name) => !busyClients[name])).toEqual([])

    await Promise.all(clients.map((client) => client.close()))
    // Some that the snapshot held up, or a busy machine, have lost the hub's patience; but most had a session.
    const { kinds } = await living
    expect((await server.ask('tally')).opened).toBeGreaterThan(Object.keys(kinds).length)
    const after = await atRest(server, load)
    expect([...ofSessions, ...ofLinks].filter((name) => after.server[name])).toEqual([])
    expect(ofClients.filter((name) => after.clients[name])).toEqual([])
    expect(ofHoldfast(after.server)).toEqual(ofHoldfast(before.server))
    expect(ofHoldfast(after.clients)).toEqual(ofHoldfast(before.clients))
    for (const name of ofTopics) expect(after.server[name]).toBeLessThanOrEqual(mostTopics)
  },
)

async function atRest(
  server: MeasuredProcess<ServerAnswers>,
  load: MeasuredProcess<LoadAnswers>,
): Promise<{ server: Objects; clients: Objects }> {
  await server.ask('rest')
  await load.ask('rest')
  return { server: await server.ask('objects'), clients: await load.ask('objects') }
}

/** It subscribes, and the hub works for it until it goes. */
async function beInTheMiddle(client: Client): Promise<void> {
  client.request('wait', null).catch(() => {})
  await client.subscribe('lobby', {}, { message() {}, gap() {} }).ready
}

function ofHoldfast(objects: Objects): Objects {
  return Object.fromEntries(Object.entries(objects).filter(([name]) => holdfastClasses.has(name)))
}

/** The names of all classes in the modules of a folder. */
function classesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => [...readFileSync(join(folder, path), 'utf8').matchAll(/^(?:export )?class (\w+)/gm)])
    .map(([, name = '']) => name)
}

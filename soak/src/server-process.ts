// The measured process: a hub on two ports, which says at any time what it holds.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import type { HubStats } from 'holdfast/server'
import { makeApplication, type Tally } from './application.ts'
import { gaugesAfterCollection, gaugesNow } from './gauges.ts'
import { countObjects } from './heap-objects.ts'
import { plantLeaks } from './leaks.ts'
import { answerQuestions, type ServerAnswers } from './processes.ts'

/** Whoever does not come to rest within this time is measured as it is. */
const restWithinMs = 15_000
/** On the unsteady port so many of ten connections are reset, after a random time of at most `resetWithinMs`. */
const resetOfTen = 4
const resetWithinMs = 60

const tally: Tally = { opened: 0, resumed: 0, ended: 0, requests: 0, answers: 0 }
let accepted = 0
const hub = makeApplication(tally)
plantLeaks(hub, process.argv[2] ?? '')

// What a half request may hold, and for how long, is Node's affair and shorter here than by default.
const patience = {
  connectionsCheckingInterval: 200,
  headersTimeout: 500,
  requestTimeout: 1_000,
  keepAliveTimeout: 500,
}
const steady = createServer(patience)
const unsteady = createServer(patience)
for (const server of [steady, unsteady]) {
  hub.attach(server)
  server.on('connection', () => accepted++)
}
unsteady.on('connection', (socket: Socket) => {
  if (Math.random() * 10 >= resetOfTen) return
  const timer = setTimeout(() => socket.resetAndDestroy(), Math.random() * resetWithinMs)
  socket.once('close', () => clearTimeout(timer))
})

const emitters = [process, steady, unsteady]

answerQuestions<ServerAnswers>({
  busy: () => ({ gauges: gaugesNow(emitters), hub: hub.stats() }),
  async rest() {
    const giveUpAt = performance.now() + restWithinMs
    while (!(await isAtRest()) && performance.now() < giveUpAt) await pause(50)
    const gauges = await gaugesAfterCollection(emitters)
    return { gauges, hub: hub.stats(), connections: await connectionCount() }
  },
  tally: () => ({ ...tally, accepted }),
  objects: countObjects,
})

/** What nobody who has gone may hold. What the hub remembers of topics is bounded, and measured like the rest. */
async function isAtRest(): Promise<boolean> {
  const { topics, listeners: _, ...rest } = hub.stats()
  const nothing: Omit<HubStats, 'topics' | 'listeners'> = {
    links: 0,
    sessions: { live: 0, resting: 0 },
    subscriptions: 0,
    operations: { running: 0, requested: 0 },
    asks: { pending: 0, ended: 0, waiting: 0 },
    deadlines: 0,
    writing: 0,
    orphans: 0,
  }
  const held = topics.open + topics.messages + topics.bytes + (await connectionCount())
  return held === 0 && isDeepStrictEqual(rest, nothing)
}

async function connectionCount(): Promise<number> {
  const count = (server: Server): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections ?? 0)))
  return (await count(steady)) + (await count(unsteady))
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

process.send?.({ steady: await portOf(steady), unsteady: await portOf(unsteady) })

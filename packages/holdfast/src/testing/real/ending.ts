import { setTimeout as pause } from 'node:timers/promises'
import type { AskSummary } from '../../server/asks/ask.ts'
import type { HubStats } from '../../server/hub-stats.ts'
import type { Ask } from '../../client/ask.ts'
import { publishFromHub, subscribeTo } from './actions.ts'
import type { RealClient } from './real-client.ts'
import type { RealWorld } from './real-world.ts'
import { calm } from './faults.ts'

/** By then everything has to be in order again: the longest backoff, silences that are judged, a slow machine. */
const patienceMs = 180_000
const askAgainAfterMs = 100

/** The faults stop: everybody is live again, all buffers are empty, everything acknowledged is visible, and nothing is left. */
export async function end(world: RealWorld): Promise<void> {
  if (!world.hub) await world.startHub()
  world.hub?.resume()
  calm(world)
  world.log.note(null, 'has no faults from now on')
  await settle(world)
  await answerAll(world)
  await tellAll(world)
  await leave(world)
}

async function settle({ oracle, clients, open }: RealWorld): Promise<void> {
  const report = oracle.reportOf('ending')
  for (const { index, closing, endedBy } of clients)
    if (!closing && endedBy) report(index, `ended by itself with ${endedBy}`)
  const inOrder = (): boolean => !oracle.operations.pending && open.every((client) => client.inOrder)
  if (await reaches(inOrder)) return
  oracle.operations.reportPending()
  for (const { index, client, inOrder } of open)
    if (!inOrder) report(index, `is ${client.state} with ${client.pending} pending`)
}

/** Each device is told of what it is asked, and answers; what nobody is there for is withdrawn. */
async function answerAll(world: RealWorld): Promise<void> {
  const { oracle, hub, open } = world
  if (!hub) return
  const asksNow = (): Promise<AskSummary[]> => hub.give<AskSummary[]>({ do: 'asks' }).result
  const untold = async (): Promise<string[]> => untoldOf(open, await asksNow())
  if (!(await reaches(async () => (await untold()).length === 0)))
    for (const what of await untold()) oracle.reportOf('asks')(null, what)
  const settled = (): boolean => !oracle.asks.pending
  const answered = (): boolean => {
    // A validator may refuse the first answer.
    for (const client of open)
      for (const ask of client.answerable) world.answer(client, ask, world.nextToken())
    return settled()
  }
  if (await reaches(answered, patienceMs / 6)) return
  oracle.asks.withdraw()
  if (!(await reaches(settled))) oracle.asks.reportPending()
}

const isOver = ({ status }: Ask): boolean => !['pending', 'sending', 'refused'].includes(status)

function untoldOf(open: readonly RealClient[], asks: readonly AskSummary[]): string[] {
  return asks.flatMap(({ id, users, payload }) =>
    open
      .filter(({ user }) => users.includes(user))
      .filter(({ client }) => !client.asks.some((ask) => ask.id === id && !isOver(ask)))
      .map(({ index }) => `client ${index} was never told of ${String(payload)}`),
  )
}

/** A last message in each topic comes to everybody, and to somebody who reads all that is kept. */
async function tellAll(world: RealWorld): Promise<void> {
  const { oracle, topics, clients, open, truth } = world
  const reader = open[0]
  if (reader) for (const topic of topics) subscribeTo(world, reader, topic, 'start')
  // What begins from now on must have begun before there is something to miss.
  await reaches(() => oracle.subscriptions.allReady(clients))
  const lastOf = (topic: string): string => `last of ${topic}`
  for (const topic of topics) publishFromHub(world, topic, lastOf(topic))
  if (!(await reaches(() => oracle.subscriptions.hasLast(clients, lastOf))))
    oracle.subscriptions.reportSilent(clients, lastOf)
  for (const { audited } of open)
    for (const { watched, audit } of audited) if (watched.active) audit.endedAt(truth.headOf(audit.topic))
}

/** Everybody is closed, and nothing is left anywhere. */
async function leave(world: RealWorld): Promise<void> {
  const { oracle, hub, open } = world
  const report = oracle.reportOf('ending')
  const statsNow = async (): Promise<HubStats | undefined> =>
    await hub?.give<HubStats>({ do: 'stats' }).result
  // What was polled counts as being written until the next poll names it.
  if (!(await reaches(async () => leftIn(await statsNow()).length === 0)))
    for (const what of leftIn(await statsNow())) report(null, `${what} at the end`)
  await Promise.all(open.map((client) => world.close(client)))
  oracle.checkEvent()
  const allLeft = async (): Promise<boolean> => (await statsNow())?.links === 0
  if (!(await reaches(allLeft)))
    report(null, `${(await statsNow())?.links} links when all clients are closed`)
  const code = await world.closeHub()
  if (code !== 0) report(null, `the process of the hub ended with ${String(code)}`)
}

function leftIn(stats: HubStats | undefined): string[] {
  const { operations, asks, writing = 0, orphans = 0 } = stats ?? {}
  const counts = {
    ...operations,
    'pending asks': asks?.pending ?? 0,
    'waiting asks': asks?.waiting ?? 0,
    writing,
    orphans,
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
}

/** Whether a condition comes to hold in time. */
async function reaches(holds: () => boolean | Promise<boolean>, withinMs = patienceMs): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > giveUpAt) return false
    await pause(askAgainAfterMs)
  }
  return true
}

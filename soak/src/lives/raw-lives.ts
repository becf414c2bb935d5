import {
  helloOf,
  newCaller,
  openLink,
  transportNames,
  type Caller,
  type Frame,
  type RawLink,
  type TransportName,
} from '../raw-link.ts'
import { kind, type KindsOfLife, type World } from './life.ts'

type RawLife = (world: World, over: TransportName) => Promise<void>

/** Lives of links that were welcomed. The client in them is a few lines that know what the hub will say. */
const welcomedLives: Readonly<Record<string, { share: number; links: number; live: RawLife }>> = {
  'clean close': { share: 8, links: 1, live: closeInOrder },
  'reset in mid-life': { share: 8, links: 1, live: breakOff },
  'abandoned session': { share: 6, links: 1, live: abandon },
  'silent link': { share: 1, links: 1, live: fallSilent },
  'resumed session': { share: 4, links: 2, live: resume },
  'superseded link': { share: 2, links: 2, live: supersede },
  'topics come and go': { share: 4, links: 1, live: changeTopics },
  'asked and answered': { share: 2, links: 1, live: answerAsk },
  'asked and gone': { share: 2, links: 1, live: leaveAskOpen },
  'called and gone': { share: 2, links: 1, live: leaveCallOpen },
  'refused in the end': { share: 2, links: 1, live: misbehave },
}

/** Over HTTP a life costs several times as much as over WebSocket. */
const weights: Readonly<Record<TransportName, number>> = { websocket: 4, sse: 1, poll: 1 }

export const rawLives: KindsOfLife = Object.fromEntries(
  Object.entries(welcomedLives).flatMap(([name, { share, links, live }]) =>
    transportNames.map((over) => [
      `${name} (${over})`,
      kind(share * weights[over], links, (world: World) => live(world, over)),
    ]),
  ),
)

async function closeInOrder(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  await link.send(subscribe(topicOf(world)), publish(1, topicOf(world)), request(2, 'echo', { so: 'what' }))
  await link.has('"type":"message"')
  await link.has('"type":"result","number":2')
  await leave(link, [[1, 2]])
}

async function breakOff(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  const topic = topicOf(world)
  // What is on its way when it breaks off differs from life to life.
  const sent = link.send(
    subscribe(topic),
    request(1, 'wait'),
    publish(2, topic),
    request(3, 'announce', topic),
  )
  sent.catch(() => {})
  if (world.number % 2 === 0) await link.has('"number":2')
  link.reset()
}

async function abandon(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over, newCaller(`user-${world.number}`))
  await link.send(
    { type: 'asks', known: [] },
    subscribe(topicOf(world)),
    request(1, 'announce', topicOf(world)),
  )
  await link.has('"number":1')
  link.end()
}

/** Its hub pings in vain, says goodbye in vain, and ends it. */
async function fallSilent(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  await link.send(subscribe(topicOf(world)), request(1, 'wait'))
  await link.closed
  if (over === 'poll') link.end()
}

async function resume(world: World, over: TransportName): Promise<void> {
  const caller = newCaller()
  const { link, session } = await welcomed(world, over, caller)
  await link.send(request(1, 'wait'))
  if (world.number % 2 === 0) link.reset()
  else link.end()
  const producer = { id: caller.producer, highest: 1, open: [[1, 1]] }
  const next = await greeted(world, over, helloOf(caller, { attempt: 2, session, producer }))
  await next.has('"resumed":true')
  await next.send({ type: 'cancel', number: 1 })
  await next.has('"type":"result","number":1')
  await leave(next, [[1, 1]])
}

async function supersede(world: World, over: TransportName): Promise<void> {
  const caller = newCaller()
  const { link, session } = await welcomed(world, over, caller)
  await link.send(subscribe(topicOf(world)))
  const next = await greeted(world, over, helloOf(caller, { attempt: 2, session }))
  await next.has('"resumed":true')
  await link.has('"superseded"')
  await link.finish()
  next.reset()
}

async function changeTopics(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  const topics = Array.from({ length: 8 }, (_, index) => `${topicOf(world)}/${index}`)
  await link.send(...topics.map((topic, index) => subscribe(topic, index + 1)))
  await link.send(...topics.map((topic, index) => publish(index + 1, topic)), subscribe('secret', 9))
  await link.has('"number":8')
  const halfOfThem = topics.slice(0, 4)
  await link.send(...halfOfThem.map((topic, index) => ({ type: 'unsubscribe', topic, intent: index + 1 })))
  if (world.number % 2 === 0) await leave(link, [[1, 8]])
  else link.reset()
}

async function answerAsk(world: World, over: TransportName): Promise<void> {
  const link = await asked(world, over)
  const [, id] = /"type":"ask","id":"([^"]+)"/.exec(await link.has('"method"')) ?? []
  await link.send({ type: 'answer', number: 2, id, data: { allow: world.number } })
  await link.has('"type":"result","number":1')
  await leave(link, [[1, 2]])
}

async function leaveAskOpen(world: World, over: TransportName): Promise<void> {
  const link = await asked(world, over)
  await link.has('"method"')
  if (world.number % 2 === 0) link.reset()
  else link.end()
}

async function leaveCallOpen(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  await link.send(request(1, 'call me'))
  await link.has('"type":"request"')
  if (world.number % 2 === 0) await leave(link, [])
  else link.reset()
}

/** The number that it leaves out ends the link. */
async function misbehave(world: World, over: TransportName): Promise<void> {
  const { link } = await welcomed(world, over)
  await link.send({ type: 'subscribe', topic: '', intent: 1 }, publish(7, topicOf(world)))
  await link.has('"number_skipped"')
  await link.finish()
}

async function asked(world: World, over: TransportName): Promise<RawLink> {
  const { link } = await welcomed(world, over, newCaller(`user-${world.number}`))
  const key = world.number % 2 === 0 ? `key-${world.number}` : null
  await link.send({ type: 'asks', known: [] }, request(1, 'ask me', key))
  await link.has('"type":"ask"')
  return link
}

async function welcomed(
  world: World,
  over: TransportName,
  caller: Caller = newCaller(),
): Promise<{ link: RawLink; session: unknown }> {
  const link = await greeted(world, over, helloOf(caller))
  const [, session = 'null'] = /"session":(\{.+?\})/.exec(await link.has('"resumed":false')) ?? []
  return { link, session: JSON.parse(session) }
}

async function greeted(world: World, over: TransportName, hello: Frame): Promise<RawLink> {
  const link = await openLink(over, world.ports.steady)
  await link.send(hello)
  return link
}

async function leave(link: RawLink, numbers: readonly (readonly number[])[]): Promise<void> {
  await link.send({ type: 'ack', numbers }, { type: 'leave' })
  await link.has('"type":"goodbye"')
  await link.finish()
}

/** Some topics are seldom used, some by many at once. */
function topicOf({ number }: World): string {
  return number % 3 === 0 ? 'lobby' : `room ${number}`
}

function subscribe(topic: string, intent = 1): Frame {
  return { type: 'subscribe', topic, intent, from: 'now' }
}

function publish(number: number, topic: string): Frame {
  return { type: 'publish', number, topic, data: { said: 'something of a usual length', number } }
}

function request(number: number, method: string, data: unknown = null): Frame {
  return { type: 'request', number, method, data }
}

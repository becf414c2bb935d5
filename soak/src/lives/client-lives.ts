import { connect, longPoll, sse, websocket, type Client, type Transport } from 'holdfast/client'
import { kind, type KindsOfLife, type World } from './life.ts'

type ClientLife = (world: World, transports: readonly Transport[]) => Promise<void>

/** Every way to be connected, and the whole list as applications have it. */
const ways: Readonly<Record<string, () => readonly Transport[]>> = {
  websocket: () => [websocket()],
  sse: () => [sse()],
  'long-poll': () => [longPoll()],
  all: () => [websocket(), sse(), longPoll()],
}

const usualLives: Readonly<Record<string, { share: number; links: number; live: ClientLife }>> = {
  'client that works and closes': { share: 3, links: 1, live: work },
  'client that is cut off': { share: 2, links: 2, live: survive },
  'client that is thrown out': { share: 1, links: 2, live: comeBack },
  'client that closes at once': { share: 2, links: 1, live: giveUp },
  'client that closes in the middle': { share: 2, links: 1, live: closeInTheMiddle },
  'client that is asked': { share: 1, links: 1, live: answerAll },
  'client that is refused': { share: 1, links: 2, live: beRefused },
}

const idempotent = { idempotent: true }

/** Lives of the client library as built. */
export const clientLives: KindsOfLife = Object.fromEntries(
  Object.entries(usualLives).flatMap(([name, { share, links, live }]) =>
    Object.entries(ways).map(([way, transports]) => [
      `${name} (${way})`,
      kind(share, links, (world: World) => live(world, transports())),
    ]),
  ),
)

async function work({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  await using client = connect(urlOf(ports.steady), { transports })
  await heard(client, `room ${number}`)
  await client.request('echo', { number })
  const loop = client.subscribe('lobby')
  await loop.ready
  loop.unsubscribe()
}

/** Its connections break off again and again; what it is asked to do is done all the same. */
async function survive({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  await using client = connect(urlOf(ports.unsteady), { transports })
  comeBackAtOnce(client)
  client.subscribe(`room ${number}`, {}, { message() {}, gap() {} })
  await client.publish(`room ${number}`, 'hello', idempotent)
  await client.request('echo', number, idempotent)
  await client.request('announce', `room ${number}`, idempotent)
}

async function comeBack({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  await using client = connect(urlOf(ports.steady), { transports })
  await client.request('echo', number)
  const gone = new Promise<void>((resolve) => client.on('state', ({ to }) => to === 'waiting' && resolve()))
  comeBackAtOnce(client)
  // Once at least, whatever gets lost; but who came back does not ask for it again.
  const thrownOut = new AbortController()
  client.request('throw me out', null, { idempotent: true, signal: thrownOut.signal }).catch(() => {})
  await gone
  thrownOut.abort()
  await client.request('echo', number, idempotent)
}

async function giveUp({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  const client = connect(urlOf(ports.steady), { transports })
  const never = client.publish('lobby', number)
  if (number % 2 === 0) await new Promise((resolve) => setTimeout(resolve, number % 5))
  await Promise.all([client.close(), never.catch(() => {})])
}

async function closeInTheMiddle({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  const client = connect(urlOf(ports.steady), { transports, token: `user-${number}` })
  await heard(client, 'lobby')
  const stopped = new AbortController()
  const open = [
    client.request('wait', null),
    client.request('wait', null, { signal: stopped.signal }),
    client.request('ask me', `key-${number}`),
    client.request('call me', null),
    client.publish('undecided', 'whatever'),
  ]
  client.subscribe('undecided')
  const settled = Promise.allSettled(open)
  if (number % 2 === 0) await client.request('echo', number)
  stopped.abort()
  await client.close()
  await settled
}

async function answerAll({ ports, number }: World, transports: readonly Transport[]): Promise<void> {
  await using client = connect(urlOf(ports.steady), { transports, token: `user-${number}` })
  client.onAsk('approve', (ask) => void ask.answer({ allow: number }).catch(() => {}))
  client.onRequest('locate', () => ({ latitude: 0, longitude: 0 }))
  await client.request('ask me', null)
  await client.request('call me', null)
}

async function beRefused({ ports }: World, transports: readonly Transport[]): Promise<void> {
  await using client = connect(urlOf(ports.steady), { transports, token: 'refused' })
  await new Promise<void>((resolve) => client.on('state', ({ to }) => to === 'closed' && resolve()))
}

/** Resolves when a message of its own has come back to the client, or it was told that it will not. */
async function heard(client: Client, topic: string): Promise<void> {
  const message = new Promise<unknown>((resolve) => {
    client.subscribe(topic, {}, { message: resolve, gap: resolve })
  })
  await client.publish(topic, { said: 'something' })
  await message
}

/** Instead of a second later. */
function comeBackAtOnce(client: Client): void {
  client.on('state', ({ to }) => {
    if (to === 'waiting') client.reconnectNow()
  })
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/holdfast`

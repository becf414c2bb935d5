import { setTimeout as pause } from 'node:timers/promises'
import type { Operation, OperationOptions } from '../../client/operation.ts'
import type { From } from '../../core/wire/frames.ts'
import type { Answer } from '../../server/asks/ask.ts'
import type { AttemptDescription } from '../world/oracle/attempt.ts'
import type { Handling, OperationChoices, StepOf } from '../world/schedule.ts'
import type { RequestPayload } from '../world/world.ts'
import type { RealClient } from './real-client.ts'
import type { RealWorld } from './real-world.ts'

/** Something that applications do, and how often among the others. */
interface Action {
  readonly weight: number
  do(world: RealWorld, client: RealClient): void
}

/** What applications do; the choices are drawn from the world's seed. */
const actions: Readonly<Record<string, Action>> = {
  publish: { weight: 24, do: (world, client) => publish(world, client, world.random.pick(world.topics)) },
  burst: { weight: 1, do: burst },
  hubPublish: { weight: 6, do: hubPublish },
  request: { weight: 10, do: request },
  hubRequest: { weight: 8, do: hubRequest },
  subscribe: { weight: 3, do: subscribe },
  unsubscribe: { weight: 1, do: (_world, client) => oldestOf(client)?.unsubscribe() },
  ask: { weight: 4, do: ask },
  escalate: { weight: 1, do: escalate },
  answer: { weight: 12, do: answer },
  reconnectNow: { weight: 1, do: (_world, { client }) => client.reconnectNow() },
  prefer: { weight: 1, do: prefer },
  disconnect: { weight: 1, do: disconnect },
  reload: { weight: 1, do: reload },
}

const names = Object.entries(actions).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))

/** One application does one thing. */
export function act(world: RealWorld): void {
  const client = anybody(world)
  const name = world.random.pick(names)
  actions[name]?.do(world, client)
}

export function subscribeTo(world: RealWorld, client: RealClient, topic: string, from: From): void {
  const { random, oracle } = world
  const iterates = random.chance(0.3)
  const watched = oracle.subscriptions.watch(client, topic, from, iterates)
  world.log.note(client.index, `subscribes to ${topic} from ${JSON.stringify(from)}`)
  if (!iterates) {
    const handlers = client.auditHandlers(watched, oracle.subscriptions.handlersOf(client, watched))
    watched.begun(client.client.subscribe(topic, { from }, handlers))
    return
  }
  const subscription = client.client.subscribe(topic, { from, buffer: random.integer(1, 20) })
  watched.begun(subscription)
  const pauseMs = random.pick([0, 0, 10, 200])
  const events = client.auditEvents(watched, subscription)
  void oracle.subscriptions.iterate(client, watched, events, () => pause(pauseMs))
}

/** Longer than any run: what settles by it has hung. */
const neverMs = 86_400_000
const mostSubscriptions = 4

const anybody = (world: RealWorld): RealClient => world.random.pick(world.open)

function choices({ random, nextToken }: RealWorld, token = nextToken()): OperationChoices {
  return {
    token,
    timeoutMs: random.chance(0.15) ? random.integer(1, 5_000) : neverMs,
    ...(random.chance(0.08) ? { abortAfterMs: random.integer(0, 500) } : {}),
  }
}

const handling = ({ random }: RealWorld): Handling => ({
  takesMs: random.chance(0.5) ? random.integer(1, random.pick([50, 2_000, 8_000])) : 0,
  ends: random.pick(['returned', 'returned', 'returned', 'rejected', 'thrown'] as const),
})

function publish(world: RealWorld, device: RealClient, topic: string): void {
  const idempotent = world.random.chance(0.15)
  const described = { ...choices(world), kind: 'publish', device, topic, idempotent, handling: null } as const
  operate(world, device, described, (options) => device.client.publish(topic, described.token, options))
}

function burst(world: RealWorld, client: RealClient): void {
  const topic = world.random.pick(world.topics)
  for (let left = world.random.integer(2, 20); left > 0; left--) publish(world, client, topic)
}

function request(world: RealWorld, device: RealClient): void {
  const how = handling(world)
  const idempotent = world.random.chance(0.15)
  const described = {
    ...choices(world),
    kind: 'request',
    device,
    topic: '',
    idempotent,
    handling: how,
  } as const
  const payload: RequestPayload = { token: described.token, ...how }
  operate(world, device, described, (options) => device.client.request('request', payload, options))
}

function operate(
  world: RealWorld,
  { index }: RealClient,
  described: AttemptDescription,
  start: (options: OperationOptions) => Operation<unknown>,
): void {
  const attempt = world.begin(described)
  const { timeoutMs, idempotent, abortAfterMs, token, kind } = described
  const stop = new AbortController()
  if (abortAfterMs !== undefined) {
    void pause(abortAfterMs).then(() => {
      attempt.aborted = true
      stop.abort()
    })
  }
  const onStatus: OperationOptions['onStatus'] = (status) => {
    world.oracle.operations.moved(attempt, status)
    world.log.note(index, `${kind} ${token} is ${status}`)
  }
  world.watch(attempt, start({ timeoutMs, signal: stop.signal, idempotent, onStatus }))
}

function hubPublish(world: RealWorld): void {
  const topic = world.random.pick(world.topics)
  for (let left = world.random.pick([1, 1, 3, 20]); left > 0; left--) publishFromHub(world, topic)
}

/** @param token what the message carries; default: a new one */
export function publishFromHub(world: RealWorld, topic: string, token: string = world.nextToken()): void {
  if (!world.hub) return
  const attempt = world.begin({
    kind: 'hubPublish',
    device: null,
    topic,
    token,
    timeoutMs: Infinity,
    idempotent: false,
    handling: null,
  })
  world.watch(attempt, world.hub.give({ do: 'publish', topic, token }).result)
}

function hubRequest(world: RealWorld, device: RealClient): void {
  const { session } = device.client
  if (!world.hub || !session || !world.truth.knowsSession(session)) return
  const how = handling(world)
  const { token, timeoutMs, abortAfterMs } = choices(world)
  const attempt = world.begin({
    kind: 'hubRequest',
    device,
    session,
    topic: '',
    token,
    timeoutMs,
    idempotent: false,
    handling: how,
  })
  const { hub } = world
  const payload: RequestPayload = { token, ...how }
  const { number, result } = hub.give({ do: 'request', session, payload, timeoutMs })
  world.watch(attempt, result)
  if (abortAfterMs === undefined) return
  void pause(abortAfterMs).then(() => {
    attempt.aborted = true
    hub.tell({ do: 'abort', command: number })
  })
}

function subscribe(world: RealWorld, client: RealClient): void {
  const { random, topics } = world
  const active = client.subscriptions.filter((watched) => watched.active)
  if (active.length >= mostSubscriptions) oldestOf(client)?.unsubscribe()
  const from = random.pick(['now', 'start', { last: random.integer(0, 5) }] as const)
  subscribeTo(world, client, random.pick(topics), from)
}

const oldestOf = ({ subscriptions }: RealClient) => subscriptions.find(({ active }) => active)

function ask(world: RealWorld): void {
  const { random, users, hub } = world
  if (!hub) return
  const asked = random.chance(0.2) ? [random.pick(users), random.pick(users)] : [random.pick(users)]
  const token = random.chance(0.1) ? `again-${random.integer(1, 3)}` : world.nextToken()
  const step: StepOf<'ask'> = {
    at: world.now(),
    do: 'ask',
    token,
    users: [...new Set(asked)],
    keyed: true,
    ...(random.chance(0.5) ? { deadlineMs: random.integer(1, 30_000) } : {}),
    ...(random.chance(0.1) ? { abortAfterMs: random.integer(0, 5_000) } : {}),
    judgedMs: random.chance(0.3) ? random.integer(1, random.pick([50, 3_000])) : 0,
    rejections: random.chance(0.2) ? 1 : 0,
  }
  const { number, result } = hub.give<Answer<string>>({ ...step, do: 'ask' })
  const stop = new AbortController()
  stop.signal.addEventListener('abort', () => hub.tell({ do: 'abort', command: number }))
  world.oracle.asks.asked(step, { result, id: () => world.truth.askOf(number) ?? '' }, stop)
  world.count('ask', result)
  const { abortAfterMs } = step
  if (abortAfterMs !== undefined) void pause(abortAfterMs).then(() => stop.abort())
}

function escalate({ random, users, hub }: RealWorld): void {
  hub?.tell({ do: 'escalate', token: `again-${random.integer(1, 3)}`, user: random.pick(users) })
}

/** Somebody who is asked answers. */
function answer(world: RealWorld): void {
  const asked = world.open.filter(({ answerable }) => answerable.length > 0)
  if (asked.length === 0) return
  const client = world.random.pick(asked)
  world.answer(client, world.random.pick(client.answerable), world.nextToken())
}

function prefer(world: RealWorld, { client, ways }: RealClient): void {
  client.preferTransport(world.random.pick([null, ...ways]))
}

function disconnect({ hub, log }: RealWorld, { client, index }: RealClient): void {
  if (!hub || !client.session) return
  log.note(index, 'is disconnected by the hub')
  hub.tell({ do: 'disconnect', session: client.session, retry: true })
}

/** It is closed, and another one comes in its place. */
function reload(world: RealWorld, client: RealClient): void {
  void world.close(client)
  const next = world.connect(client.proxy, client.user)
  subscribeTo(world, next, world.random.pick(world.topics), 'start')
}

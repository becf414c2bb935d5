import { expect } from 'vitest'
import type { ConnectOptions } from '../../client/options.ts'
import { backoffMs } from '../../core/time/backoff.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair, PairClient } from '../pair.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

/** How long the client waited each time, in milliseconds. */
async function waits(pair: Pair, { client, states }: PairClient, count: number): Promise<number[]> {
  const durations: number[] = []
  while (durations.length < count) {
    await pair.clock.until(() => client.state === 'waiting')
    const began = pair.clock.now
    await pair.clock.until(() => client.state !== 'waiting')
    durations.push(pair.clock.now - began)
  }
  expect(states.length).toBeGreaterThan(0)
  return durations
}

test('S14 whatever comes at once while a reconnect is due: one timer and one connecting socket', async () => {
  const pair = makePair()
  const { client, link, loop, page } = await pair.connected({ openTimeoutMs: 10_000 })
  link.cut()
  await pair.clock.until(() => client.state === 'waiting')
  const before = pair.network.attempts
  pair.network.reach = 'silence'
  for (let time = 0; time < 5; time++) {
    client.reconnectNow()
    page?.woke()
    page?.wentOffline()
    link.tellClosed('client')
  }
  await pair.clock.advance(4_000)
  expect(client.state).toBe('connecting')
  expect(pair.network.attempts).toBe(before + 1)
  expect(pair.network.openCount).toBe(1)
  expect(loop.timerCount).toBe(1)
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
  expect(pair.network.openCount).toBe(1)
  expect(loop.timerCount).toBe(1)
})

test('S14 a client never has more than one timer and one socket, whatever happens to its links', async () => {
  const pair = makePair({ seed: 14 })
  const { client, loop, links, page } = await pair.connected()
  for (let round = 0; round < 300; round++) {
    const link = links.at(-1)
    const happenings = [
      () => link?.cut(),
      () => link?.cut('client'),
      () => client.reconnectNow(),
      () => page?.woke(),
      () => page?.wentOffline(),
      () => link?.vanish(),
      () => link?.tellClosed('client'),
    ]
    pair.random.pick(happenings)()
    pair.random.pick(happenings)()
    await pair.clock.advance(pair.random.integer(0, 3_000))
    expect(loop.timerCount).toBe(1)
    expect(links.filter((each) => !each.goneAt('client')).length).toBeLessThanOrEqual(1)
  }
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(60_000)
  expect(pair.hub.stats()).toMatchObject({ links: 1, sessions: { live: 1, resting: 0 } })
})

/** Closes a client after so many events, and tells whether it was live by then. */
async function closeAfter(
  events: number,
  prepare: (pair: Pair) => ConnectOptions,
  meanwhile: (pairClient: PairClient, event: number) => void,
): Promise<boolean> {
  const pair = makePair({ hub: { authenticate: async () => ({ user: 'ada' }) } })
  const pairClient = pair.connect(prepare(pair))
  const { client, loop } = pairClient
  const topic = recordTopic(client, 'room')
  const publish = watchSettlement(client.publish('room', 1))
  const request = watchSettlement(client.request('nothing', 1))
  const flush = watchSettlement(client.flush())
  for (let event = 0; event < events; event++) {
    meanwhile(pairClient, event)
    await pair.clock.step(pair.clock.now + 3_000)
  }
  const wasLive = client.state === 'live' && client.pending === 0
  const attempts = pair.network.attempts
  const close = watchSettlement(client.close())
  await pair.clock.advance(1_500)
  expect(close.state).toBe('resolved')
  expect(client.state).toBe('closed')
  expect(loop.timerCount).toBe(0)
  expect(publish.state).not.toBe('pending')
  expect(request.state).not.toBe('pending')
  expect(flush.state).not.toBe('pending')
  for (const { state, code, outcome } of [publish, request]) {
    if (state === 'rejected' && code === 'closed') expect(['not_sent', 'unknown']).toContain(outcome)
  }
  expect(topic.errors.map(({ code }) => code)).toEqual(['closed'])
  await expect(
    topic.subscription.ready.then(
      () => 'ready',
      () => 'rejected',
    ),
  ).resolves.toMatch(/ready|rejected/)
  await pair.clock.advance(60_000)
  expect(pair.network.attempts - attempts).toBe(0)
  expect(await pair.leftovers()).toEqual([])
  return wasLive
}

test.each<[string, (pair: Pair) => ConnectOptions, (client: PairClient, event: number) => void]>([
  ['of a first attempt', () => ({}), () => {}],
  [
    'of an attempt with a token',
    (pair) => ({
      token: () =>
        new Promise(
          (resolve) =>
            void pair.clock.schedule(pair.clock.now + 50, 'io', pair.hubLoop, () => resolve('token')),
        ),
    }),
    () => {},
  ],
  [
    'of an attempt while the hub is away',
    (pair) => {
      pair.network.reach = 'refused'
      return {}
    },
    () => {},
  ],
  [
    'of an attempt that meets silence',
    (pair) => {
      pair.network.reach = 'silence'
      return {}
    },
    () => {},
  ],
  [
    'of a reconnect',
    () => ({}),
    ({ links }, event) => {
      if (event === 25) links.at(-1)?.cut()
    },
  ],
])('S15 close() at every point %s leaves nothing', async (_point, prepare, meanwhile) => {
  for (let events = 0; events < 60; events++) {
    await closeAfter(events, prepare, meanwhile)
  }
})

test('S15 close() twice, and within a listener of the state', async () => {
  const pair = makePair()
  const { client } = pair.connect()
  const closes: Promise<void>[] = []
  client.on('state', () => closes.push(client.close()))
  await pair.clock.advance(3_000)
  await pair.clock.settled(Promise.all(closes))
  expect(client.state).toBe('closed')
  await expect(client.close()).resolves.toBeUndefined()
})

test('S15 after close() nothing can be begun', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  await pair.clock.settled(client.close())
  expect(() => client.subscribe('room')).toThrow(expect.objectContaining({ code: 'closed' }))
  await expect(client.publish('room', 1)).rejects.toMatchObject({ code: 'closed', outcome: 'not_sent' })
  await expect(client.request('any', 1)).rejects.toMatchObject({ code: 'closed', outcome: 'not_sent' })
  client.reconnectNow()
  await pair.clock.advance(60_000)
  expect(client.state).toBe('closed')
  expect(pair.network.attempts).toBe(1)
})

test('S17 credentials that are refused twice end the client with the code', async () => {
  const pair = makePair({ hub: { authenticate: () => null } })
  const asked: boolean[] = []
  const { client, states } = pair.connect({
    token: ({ rejected }) => {
      asked.push(rejected)
      return 'bad'
    },
  })
  await pair.clock.advance(600_000)
  expect(client.state).toBe('closed')
  expect(states.at(-1)).toMatchObject({ to: 'closed', reason: { code: 'unauthenticated' } })
  expect(asked).toEqual([false, true])
  expect(pair.network.attempts).toBe(2)
})

test('S17 a static token that is refused is not tried again', async () => {
  const pair = makePair({ hub: { authenticate: () => null } })
  const { client, states, errors } = pair.connect({ token: 'bad' })
  const publish = watchSettlement(client.publish('room', 1))
  await pair.clock.advance(600_000)
  expect(states.at(-1)).toMatchObject({ to: 'closed', reason: { code: 'unauthenticated' } })
  expect(errors).toMatchObject([{ code: 'unauthenticated', retry: false }])
  expect(publish).toMatchObject({ code: 'unauthenticated', outcome: 'not_sent' })
  expect(pair.network.attempts).toBe(1)
})

test('S17 a foreign origin ends the client with the code', async () => {
  const pair = makePair()
  const headers = { origin: 'https://evil.test', host: 'example.test' }
  const { client, states } = pair.connect({ headers })
  await pair.clock.advance(60_000)
  expect(client.state).toBe('closed')
  expect(states.at(-1)).toMatchObject({ reason: { code: 'origin_forbidden' } })
  expect(pair.network.attempts).toBe(1)
})

test('S17 a session that the application ended stays away, unless it may come back', async () => {
  const pair = makePair()
  const banned = await pair.connected()
  const kicked = await pair.connected()
  pair.hub.disconnect(banned.client.session ?? '', { reason: 'banned' })
  pair.hub.disconnect(kicked.client.session ?? '', { reason: 'kicked', retry: true })
  await pair.clock.advance(60_000)
  expect(banned.states.at(-1)).toMatchObject({
    to: 'closed',
    reason: { code: 'disconnected', message: 'banned' },
  })
  expect(banned.links).toHaveLength(1)
  expect(kicked.client.state).toBe('live')
  expect(kicked.links).toHaveLength(2)
})

test('S17 temporary refusals are retried', async () => {
  let failures = 3
  const pair = makePair({
    hub: {
      authenticate: () => {
        if (failures-- > 0) throw new Error('the database is away')
        return { user: 'ada' }
      },
    },
  })
  const { client, errors } = pair.connect()
  await pair.clock.until(() => client.state === 'live')
  expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => 'authenticate_failed'))
})

test('S18 the backoff is 1, 2, 4, 8, 16, 30, 30 s, each plus at most 30 %', async () => {
  const pair = makePair()
  pair.network.reach = 'refused'
  const durations = await waits(pair, pair.connect(), 8)
  for (const [index, expected] of [1, 2, 4, 8, 16, 30, 30, 30].entries()) {
    expect(durations[index]).toBeGreaterThanOrEqual(expected * 1_000)
    expect(durations[index]).toBeLessThanOrEqual(expected * 1_300)
  }
})

test('S18 links that open and die before they are proved do not reset the backoff', async () => {
  const pair = makePair()
  const pairClient = pair.connect()
  const { client } = pairClient
  client.on('state', ({ to }) => {
    if (to === 'live') pairClient.link.cut()
  })
  const durations = await waits(pair, pairClient, 6)
  for (const [index, expected] of [1, 2, 4, 8, 16, 30].entries()) {
    expect(durations[index]).toBeGreaterThanOrEqual(expected * 1_000)
    expect(durations[index]).toBeLessThanOrEqual(expected * 1_300)
  }
})

test('S18 a proved link resets the backoff, and the first retry after it is spread over a second', async () => {
  const pair = makePair()
  pair.network.reach = 'refused'
  const pairClient = pair.connect()
  await waits(pair, pairClient, 4)
  pair.network.reach = 'hub'
  await pair.clock.until(() => pairClient.client.state === 'live')
  await pair.clock.advance(100)
  pair.network.reach = 'refused'
  pairClient.link.cut()
  const durations = await waits(pair, pairClient, 3)
  expect(durations[0]).toBeLessThanOrEqual(1_001)
  expect(durations[1]).toBeGreaterThanOrEqual(1_000)
  expect(durations[1]).toBeLessThanOrEqual(1_300)
  expect(durations[2]).toBeGreaterThanOrEqual(2_000)
})

test('S18 maxAttempts ends in a state with a reason', async () => {
  const pair = makePair()
  pair.network.reach = 'refused'
  const { client, states } = pair.connect({ maxAttempts: 3 })
  const publish = watchSettlement(client.publish('room', 1))
  await pair.clock.advance(600_000)
  expect(client.state).toBe('closed')
  expect(states.at(-1)).toMatchObject({ to: 'closed', reason: { code: 'attempts_exhausted' } })
  expect(pair.network.attempts).toBe(3)
  expect(publish).toMatchObject({ state: 'rejected', code: 'attempts_exhausted', outcome: 'not_sent' })
})

test('S18 retryAt shows when the next attempt is due, and reconnectNow() does not wait for it', async () => {
  const pair = makePair()
  pair.network.reach = 'refused'
  const { client, states } = pair.connect()
  await pair.clock.until(() => client.state === 'waiting')
  const wall = Date.UTC(2025, 0, 1) + pair.clock.now
  expect(client.retryAt).toBeGreaterThanOrEqual(wall + 1_000)
  expect(client.retryAt).toBeLessThanOrEqual(wall + 1_300)
  expect(states.at(-1)).toMatchObject({
    to: 'waiting',
    retryAt: client.retryAt,
    reason: { code: 'connect_failed' },
  })
  pair.network.reach = 'hub'
  client.reconnectNow()
  expect(client.state).toBe('connecting')
  expect(client.retryAt).toBeNull()
  await pair.clock.advance(100)
  expect(client.state).toBe('live')
})

test('S18 the time that the hub names wins over the backoff', async () => {
  const pair = makePair({ hub: { limits: { maxSessions: 1 } } })
  await pair.connected()
  const refused = pair.connect()
  const durations = await waits(pair, refused, 5)
  expect(refused.errors).toHaveLength(5)
  for (const [index, duration] of durations.entries()) {
    expect(Math.abs(duration - (refused.errors[index]?.retryAfterMs ?? 0))).toBeLessThanOrEqual(1)
    expect(duration).toBeLessThan(backoffMs(3, 0))
  }
})

test('S18 an attempt that meets silence ends after its time, and the next follows', async () => {
  const pair = makePair()
  pair.network.reach = 'silence'
  const { client, errors } = pair.connect({ openTimeoutMs: 3_000 })
  await pair.clock.advance(3_000)
  expect(client.state).toBe('waiting')
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
  expect(errors.map(({ code }) => code)).toEqual(['connect_timeout'])
})

test('S31 a token() that never answers does not keep later attempts from asking', async () => {
  const pair = makePair()
  let calls = 0
  const { client, errors } = pair.connect({
    token: () => (++calls === 1 ? new Promise<string>(() => {}) : 'token'),
  })
  await pair.clock.until(() => client.state === 'live')
  expect(calls).toBe(2)
  expect(errors).toHaveLength(1)
})

test('S31 token() is called once for each attempt and never twice at once', async () => {
  const pair = makePair()
  let asking = 0
  let mostAtOnce = 0
  const { client } = pair.connect({
    token: () => {
      mostAtOnce = Math.max(mostAtOnce, ++asking)
      return new Promise((resolve) => {
        pair.clock.schedule(pair.clock.now + 500, 'io', pair.hubLoop, () => {
          asking--
          resolve('token')
        })
      })
    },
  })
  for (let time = 0; time < 10; time++) {
    client.reconnectNow()
    await pair.clock.advance(97)
  }
  await pair.clock.until(() => client.state === 'live')
  expect(mostAtOnce).toBe(1)
})

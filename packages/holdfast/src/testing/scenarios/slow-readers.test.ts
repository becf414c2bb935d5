import { expect } from 'vitest'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair } from '../pair.ts'
import { recordTopic, type RecordedTopic } from '../recorded-topic.ts'

const { test, makePair } = overEachTransport()

const text = 'x'.repeat(1_000)

/** Publishes messages of about 1 KB, a hundred each 100 ms. */
async function publishKilobytes(pair: Pair, count: number): Promise<void> {
  for (let batch = 0; batch < count / 100; batch++) {
    await pair.clock.settled(Promise.all(Array.from({ length: 100 }, () => pair.hub.publish('room', text))))
    await pair.clock.advance(100)
  }
}

/** Every offset once and ascending by one, but where a gap says otherwise. */
function expectContinuous({ events }: RecordedTopic, from: number, to: number): void {
  let next = from
  for (const event of events) {
    if (event.type === 'gap') {
      expect(event.after?.offset).toBe(next - 1)
      expect(event.lost).toBe(event.next.offset - next)
      next = event.next.offset
    } else {
      expect(event.offset).toBe(next)
      next++
    }
  }
  expect(next - 1).toBe(to)
}

test('S9 a reader that stalls holds up nobody, and goes on without loss when it reads again', async () => {
  const pair = makePair()
  const stalled = await pair.connected()
  const healthy = await pair.connected()
  const topics = [stalled, healthy].map(({ client }) => recordTopic(client, 'room'))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  stalled.link.down.hold()
  await publishKilobytes(pair, 3_000)
  expect(topics[1]?.offsets).toHaveLength(3_000)
  expect(pair.hub.stats()).toMatchObject({ writing: 1, links: 2 })
  // At most the kernel's buffer and one write are on their way; the rest is in the topic, once for all.
  expect(stalled.link.down.waitingBytes).toBeLessThanOrEqual(65_536 + 1_100)
  stalled.link.down.release()
  await pair.clock.advance(1_000)
  for (const topic of topics) expectContinuous(topic, 1, 3_000)
  expect(topics[0]?.gaps).toEqual([])
  expect(stalled.links).toHaveLength(1)
})

test('S9 a reader that stalls beyond what is kept goes on with a gap that counts', async () => {
  const pair = makePair({ hub: { retention: { messages: 500 } } })
  const stalled = await pair.connected()
  const healthy = await pair.connected()
  const topics = [stalled, healthy].map(({ client }) => recordTopic(client, 'room'))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  stalled.link.down.hold()
  await publishKilobytes(pair, 3_000)
  expect(pair.hub.stats().topics.bytes).toBeLessThan(1_000_000)
  stalled.link.down.release()
  await pair.clock.advance(1_000)
  for (const topic of topics) expectContinuous(topic, 1, 3_000)
  expect(topics[0]?.gaps).toMatchObject([{ reason: 'slow' }])
  expect(topics[1]?.gaps).toEqual([])
})

test('S9 what stalled readers pin is bounded: they are ended, and resume', async () => {
  const pair = makePair({ hub: { retention: { messages: 100 }, limits: { maxPinnedBytes: 131_072 } } })
  const stalled = [await pair.connected(), await pair.connected(), await pair.connected()]
  const topics = stalled.map(({ client }) => recordTopic(client, 'room'))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  for (const [index, { link }] of stalled.entries()) {
    link.down.hold()
    await publishKilobytes(pair, 700 + index)
  }
  await publishKilobytes(pair, 1_000)
  await pair.clock.advance(2_000)
  expect(pair.hub.stats().links).toBeLessThan(3)
  for (const { links } of stalled) for (const link of links) link.down.release()
  const head = pair.hub.stats().topics.messages
  expect(head).toBe(100)
  await pair.clock.advance(10_000)
  const last = Math.max(...topics.map(({ offsets }) => offsets.at(-1) ?? 0))
  for (const topic of topics) expectContinuous(topic, 1, last)
  for (const { client } of stalled) expect(client.state).toBe('live')
})

test('S9 a reader that never reads again is ended by the heartbeat, and nothing is left of it', async () => {
  const pair = makePair()
  const { client, link, loop } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  loop.stall(10_000_000)
  link.down.hold()
  await publishKilobytes(pair, 1_000)
  await pair.clock.advance(45_000)
  expect(pair.hub.stats()).toMatchObject({ links: 0, subscriptions: 0, writing: 0, orphans: 0 })
  await pair.clock.advance(120_000)
  expect(pair.hub.stats().sessions).toEqual({ live: 0, resting: 0 })
  loop.goOn()
  link.down.release()
})

test('S9 requests of the hub that pile up for a stalled reader wait within bounds and are all answered', async () => {
  const limits = { maxOpenOperations: 100, maxSubscriptions: 1, maxAsksOfUser: 1 }
  const pair = makePair({
    hub: { limits: { maxControlBytes: 1_396_800, maxResultLength: 80_000, ...limits } },
  })
  const { client, links } = await pair.connected()
  client.onRequest('take', () => 'taken')
  const to = { session: client.session ?? '' }
  links[0]?.down.hold()
  const replies = Array.from({ length: 1_000 }, () => pair.hub.request(to, 'take', text))
  await pair.clock.advance(2_000)
  links[0]?.cut()
  await pair.clock.until(() => client.state === 'live' && links.length === 2)
  const values = await pair.clock.settled(Promise.all(replies))
  expect(new Set(values)).toEqual(new Set(['taken']))
  expect(links).toHaveLength(2)
})

test('S9 with the least budget for control frames there is, all that a resume sends at once fits', async () => {
  const most = 100
  const limits = {
    maxOpenOperations: most,
    maxSubscriptions: most,
    maxAsksOfUser: most,
    maxResultLength: 30_000,
    maxControlBytes: 1_632_000,
  }
  const makeHub = (maxControlBytes: number): Pair =>
    makePair({
      hub: {
        authenticate: () => ({ user: 'ana' }),
        limits: { ...limits, maxControlBytes },
        retention: { messages: 1 },
      },
      started: (hub) => void hub.onRequest('echo', (data) => data),
    })
  expect(() => makeHub(limits.maxControlBytes - 1)).toThrow(/at least 1632000/)
  const pair = makeHub(limits.maxControlBytes)
  const { client, links } = await pair.connected({ token: 'ana' })
  const pending = (): readonly unknown[] => client.asks.filter(({ status }) => status === 'pending')
  const longName = '"'.repeat(250)
  client.onRequest(longName, (data) => data)
  const all = <Value>(make: (number: number) => Value): Value[] =>
    Array.from({ length: most }, (_, number) => make(number))
  const former = all((number) => pair.hub.ask({ user: 'ana' }, longName, null, { key: `former ${number}` }))
  for (const ask of former) ask.catch(() => {})
  await pair.clock.until(() => client.asks.length === most)
  const topics = all((number) => recordTopic(client, `${longName}${number}`))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  links[0]?.down.hold()
  const to = { session: client.session ?? '' }
  const requests = all(() => pair.hub.request(to, longName, '€'.repeat(100)))
  const answered = all(() => client.request('echo', '€'.repeat(250)))
  for (const { id } of former) pair.hub.withdraw(id)
  await pair.clock.settle()
  const asks = all((number) =>
    pair.hub.ask({ user: 'ana' }, longName, '€'.repeat(400), { key: String(number) }),
  )
  for (const ask of asks) ask.catch(() => {})
  await pair.clock.settled(
    Promise.all(
      topics.flatMap(({ subscription: { topic } }) => [1, 2, 3].map((data) => pair.hub.publish(topic, data))),
    ),
  )
  await pair.clock.advance(1_000)
  links[0]?.cut()
  await pair.clock.settled(Promise.all([...requests, ...answered]))
  await pair.clock.until(() => pending().length === most && topics.every(({ offsets }) => offsets.length > 0))
  expect(links).toHaveLength(2)
  for (const { id } of asks) pair.hub.withdraw(id)
})

test('S9 whoever wants more topics than it may have is told so, and is not taken for slow', async () => {
  const limits = { maxOpenOperations: 1, maxSubscriptions: 1, maxAsksOfUser: 1 }
  const pair = makePair({ hub: { limits: { ...limits, maxResultLength: 1, maxControlBytes: 806_885 } } })
  const pairClient = pair.connect({})
  const { client, links } = pairClient
  const topics = Array.from({ length: 1_500 }, (_, number) => recordTopic(client, String(number)))
  await pair.clock.until(() => topics.every(({ errors }, place) => place === 0 || errors.length === 1))
  expect(topics[1]?.errors).toMatchObject([{ code: 'subscription_limit' }])
  expect(client.state).toBe('live')
  expect(links).toHaveLength(1)
})

test('S32 a client on a slow line that still receives a large backlog is not dropped', async () => {
  const pair = makePair({ hub: { retention: { bytes: 64_000_000 } } })
  await publishKilobytes(pair, 6_000)
  // 4 MB in the kernel at 100 bytes a millisecond: a pong behind them is 40 s away.
  pair.network.change({ kernelBytes: 4_000_000, bytesPerMs: 100 })
  const slow = await pair.connected()
  const topic = recordTopic(slow.client, 'room', { from: 'start' })
  await pair.clock.until(() => topic.offsets.length === 6_000)
  await pair.clock.advance(60_000)
  expectContinuous(topic, 1, 6_000)
  expect(slow.links).toHaveLength(1)
  expect(slow.client.state).toBe('live')
})

test('S32 a client whose pongs are 31 s away still receives, and stays', async () => {
  const pair = makePair({ hub: { retention: { bytes: 64_000_000 } } })
  await publishKilobytes(pair, 3_200)
  pair.network.change({ kernelBytes: 8_000_000, bytesPerMs: 110 })
  const slow = await pair.connected()
  const topic = recordTopic(slow.client, 'room', { from: 'start' })
  await pair.clock.until(() => topic.offsets.length === 3_200)
  expect(slow.links).toHaveLength(1)
  // On an idle line behind the backlog the next silence is judged as ever.
  await pair.clock.advance(120_000)
  expect(slow.links).toHaveLength(1)
})

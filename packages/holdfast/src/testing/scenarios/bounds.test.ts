import { expect } from 'vitest'
import { overEachTransport } from '../over-each-transport.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

test('S8 a subscription beyond the limit ends with a typed error, the others go on', async () => {
  const pair = makePair({ hub: { limits: { maxSubscriptions: 3 } } })
  const { client, links } = await pair.connected()
  const topics = Array.from({ length: 5 }, (_, index) => recordTopic(client, `room:${index}`))
  await pair.clock.advance(100)
  expect(topics.map(({ errors }) => errors.map(({ code }) => code))).toEqual([
    [],
    [],
    [],
    ['subscription_limit'],
    ['subscription_limit'],
  ])
  await pair.clock.settled(pair.hub.publish('room:0', 1))
  await pair.clock.advance(50)
  expect(topics[0]?.data).toEqual([1])
  topics[0]?.subscription.unsubscribe()
  const again = recordTopic(client, 'room:4')
  await pair.clock.settled(again.subscription.ready)
  expect(links).toHaveLength(1)
})

test.each([
  ['ASCII', 'x'.repeat(200)],
  ['three bytes a character', '漢'.repeat(80)],
])(
  '[R15] thousands of subscriptions with long names in %s fit into hello and what follows',
  async (_title, name) => {
    const pair = makePair({ hub: { limits: { maxSubscriptions: 5_000 } } })
    const pairClient = pair.connect({ token: 'x'.repeat(8_000) })
    const { client, links } = pairClient
    const topics = Array.from({ length: 1_500 }, (_, index) => recordTopic(client, `${name}${index}`))
    await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
    expect(pair.hub.stats().subscriptions).toBe(1_500)
    pairClient.link.cut()
    await pair.clock.settle()
    await pair.clock.settled(pair.hub.publish(`${name}1499`, 'missed'))
    await pair.clock.until(() => client.state === 'live')
    await pair.clock.advance(200)
    expect(pair.hub.stats().subscriptions).toBe(1_500)
    expect(topics.at(-1)?.data).toEqual(['missed'])
    expect(links).toHaveLength(2)
  },
)

test('messages of every size arrive whole, in both directions', async () => {
  const pair = makePair({
    network: { bytesPerMs: 5_000, kernelBytes: 10_000, segmentBytes: 1_000 },
    started: (hub) => void hub.onRequest('echo', (payload) => payload),
  })
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  const sizes = [0, 1, 100, 125, 126, 127, 65_400, 65_535, 65_536, 70_000, 200_000]
  const texts = sizes.flatMap((size) => ['x'.repeat(size), 'ß'.repeat(size / 2), '𝄞'.repeat(size / 4)])
  const echoes = await pair.clock.settled(Promise.all(texts.map((text) => client.request('echo', text))))
  expect(echoes).toEqual(texts)
  await pair.clock.settled(Promise.all(texts.map((text) => client.publish('room', text))))
  await pair.clock.until(() => topic.data.length === texts.length)
  expect(topic.data).toEqual(texts)
})

test('an operation that waits for a congested uplink is sent when that is free, though another runs for long', async () => {
  const pair = makePair({
    network: { bytesPerMs: 200, kernelBytes: 8_000 },
    started: (hub) => void hub.onRequest('long', () => new Promise(() => {})),
  })
  const { client, link } = await pair.connected()
  client.onRequest('large', () => 'x'.repeat(200_000))
  const to = { session: client.session ?? '' }
  const long = watchSettlement(client.request('long', null, { timeoutMs: 600_000 }))
  await pair.clock.advance(100)
  const replies = [pair.hub.request(to, 'large', 1), pair.hub.request(to, 'large', 2)]
  await pair.clock.until(() => link.bufferedBytes > 262_144)
  const publish = client.publish('room', 'small')
  await pair.clock.settled(Promise.all(replies))
  expect(await pair.clock.settled(publish, 5_000)).toMatchObject({ offset: 1 })
  expect(long.state).toBe('pending')
})

test('more requests of the hub than may wait are refused at once', async () => {
  const pair = makePair({ hub: { limits: { maxWaitingRequests: 5 } } })
  const pairClient = await pair.connected()
  const { client } = pairClient
  client.onRequest('echo', (payload) => payload)
  const to = { session: client.session ?? '' }
  await pair.cutOff(pairClient)
  const asked = Array.from({ length: 8 }, (_, index) => watchSettlement(pair.hub.request(to, 'echo', index)))
  await pair.clock.settle()
  expect(asked.map(({ code }) => code)).toEqual([
    ...Array.from({ length: 5 }, () => undefined),
    'outbox_full',
    'outbox_full',
    'outbox_full',
  ])
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(200)
  expect(asked.map(({ value }) => value).slice(0, 5)).toEqual([0, 1, 2, 3, 4])
})

test('S15 an iterator that waits ends with the client, and what waits for the page is gone', async () => {
  const pair = makePair()
  const pairClient = await pair.connected()
  const subscription = pairClient.client.subscribe('room')
  await pair.clock.settled(subscription.ready)
  const waiting = watchSettlement(subscription[Symbol.asyncIterator]().next())
  await pair.clock.settled(pairClient.client.close())
  await pair.clock.settle()
  expect(waiting).toMatchObject({ state: 'rejected', code: 'closed' })
  expect(pairClient.page).toBeNull()
})

test('what the application does to a session while it is being opened harms nobody', async () => {
  let first = true
  const pair = makePair({
    started: (hub) =>
      void hub.on('session', ({ type, session }) => {
        if (type === 'opened' && first) {
          first = false
          hub.disconnect(session.id, { retry: true })
        } else if (type === 'opened') {
          hub.request({ session: session.id }, 'welcome', 'asked at once').catch(() => {})
        }
      }),
  })
  const { client, links } = pair.connect()
  const asked: unknown[] = []
  client.onRequest('welcome', (payload) => void asked.push(payload))
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  await pair.clock.advance(3_000)
  expect(asked).toEqual(['asked at once'])
  expect(links).toHaveLength(2)
  expect(pair.hub.stats()).toMatchObject({
    links: 1,
    sessions: { live: 1, resting: 0 },
    subscriptions: 1,
    orphans: 0,
  })
})

test('a listener of the client that closes, subscribes and publishes in the middle of things harms nothing', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  const seen: unknown[] = []
  const inner = client.subscribe(
    'room',
    { from: 'start' },
    {
      message: ({ data }) => {
        seen.push(data)
        if (data === 1) {
          inner.unsubscribe()
          client.subscribe(
            'room',
            { from: 'start' },
            { message: (message) => seen.push(['again', message.data]), gap: () => {} },
          )
          client.publish('room', 3).catch(() => {})
        }
      },
      gap: () => {},
    },
  )
  await pair.clock.settled(Promise.all([pair.hub.publish('room', 1), pair.hub.publish('room', 2)]))
  await pair.clock.advance(500)
  expect(seen).toEqual([1, ['again', 1], ['again', 2], ['again', 3]])
})

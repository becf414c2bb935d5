import { expect } from 'vitest'
import type { Hub } from '../../server/hub.ts'
import type { HttpFaults } from '../http/http-faults.ts'
import { publishNumbers, upTo } from '../numbered-messages.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { PairClient } from '../pair.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const overHttp = overEachTransport(['sse', 'long-poll'])
const overSse = overEachTransport(['sse'])
const overLongPoll = overEachTransport(['long-poll'])

/** A hub whose method `count` counts its executions. */
function counting(): { started: (hub: Hub) => void; executed: unknown[] } {
  const executed: unknown[] = []
  const started = (hub: Hub): void =>
    void hub.onRequest('count', (payload) => {
      executed.push(payload)
      return executed.length
    })
  return { started, executed }
}

function faultsOf({ link }: PairClient): HttpFaults {
  if (!link.http) throw new Error('the link is not over HTTP')
  return link.http
}

overLongPoll.test(
  'S45 the response of a poll is lost: its messages come again with the next one',
  async () => {
    const pair = overLongPoll.makePair()
    const reader = await pair.connected()
    const topic = recordTopic(reader.client, 'room')
    await pair.clock.settled(topic.subscription.ready)
    for (let time = 0; time < 5; time++) {
      faultsOf(reader).loseResponse('poll')
      await publishNumbers(pair, 'room', upTo(10 * time + 10, 10 * time + 1))
      await pair.clock.advance(200)
    }
    expect(topic.data).toEqual(upTo(50))
    expect(topic.offsets).toEqual(upTo(50))
    expect(topic.gaps).toEqual([])
    expect(reader.links).toHaveLength(1)
  },
)

overLongPoll.test('S45 the same at every moment of operations', async () => {
  for (let events = 0; events < 40; events++) {
    const { started, executed } = counting()
    const pair = overLongPoll.makePair({ started })
    const pairClient = await pair.connected()
    const { client, links } = pairClient
    const topic = recordTopic(client, 'room', { from: 'start' })
    const operations = [client.publish('room', 1), client.request('count', 1), client.publish('room', 2)]
    for (let event = 0; event < events; event++) await pair.clock.step(pair.clock.now + 100)
    faultsOf(pairClient).loseResponse('poll')
    const results = await pair.clock.settled(Promise.all(operations))
    await pair.clock.settled(client.publish('room', 3))
    await pair.clock.advance(100)
    expect(results).toMatchObject([{ offset: 1 }, 1, { offset: 2 }])
    expect(executed).toEqual([1])
    expect(topic.data).toEqual([1, 2, 3])
    expect(links).toHaveLength(1)
  }
})

overLongPoll.test(
  'S45 a link on which every response is lost is given up, and the next one loses nothing',
  async () => {
    const pair = overLongPoll.makePair()
    const reader = await pair.connected()
    const topic = recordTopic(reader.client, 'room')
    await pair.clock.settled(topic.subscription.ready)
    faultsOf(reader).loseResponse('poll', 1_000)
    await publishNumbers(pair, 'room', upTo(10))
    await pair.clock.until(() => topic.data.length === 10)
    expect(topic.offsets).toEqual(upTo(10))
    expect(reader.links).toHaveLength(2)
  },
)

overHttp.test('S22 a stuck send that arrives after its retry was answered executes nothing', async () => {
  const { started, executed } = counting()
  const pair = overHttp.makePair({ started })
  const pairClient = await pair.connected()
  const { client, links } = pairClient
  faultsOf(pairClient).delaySend(5_000)
  const results = [client.request('count', 'once'), client.publish('room', 'once')]
  expect(await pair.clock.settled(Promise.all(results), 1_000)).toMatchObject([1, { offset: 1 }])
  expect(await pair.clock.settled(client.request('count', 'later'))).toBe(2)
  expect(faultsOf(pairClient).lateAnswers).toEqual([])
  await pair.clock.advance(6_000)
  expect(faultsOf(pairClient).lateAnswers).toEqual([204])
  expect(executed).toEqual(['once', 'later'])
  expect(pair.hub.stats().topics.messages).toBe(1)
  expect(links).toHaveLength(1)
})

overHttp.test('S22 the same however long it was stuck, while its retry arrives', async () => {
  for (let delayMs = 0; delayMs < 120; delayMs += 3) {
    const { started, executed } = counting()
    const pair = overHttp.makePair({ started, network: { bytesPerMs: 10, segmentBytes: 20 } })
    const pairClient = await pair.connected()
    const { client, links } = pairClient
    faultsOf(pairClient).delaySend(delayMs)
    const results = [1, 2, 3].map((number) => client.request('count', number))
    expect(await pair.clock.settled(Promise.all(results))).toEqual([1, 2, 3])
    await pair.clock.advance(1_000)
    expect(faultsOf(pairClient).lateAnswers.length).toBeLessThanOrEqual(1)
    expect(executed).toEqual([1, 2, 3])
    // Nor is anything of it answered again.
    expect(pairClient.link.count('down', 'result')).toBe(3)
    expect(links).toHaveLength(1)
  }
})

overHttp.test('S22 a stuck hello that arrives after its retry says nothing again', async () => {
  const pair = overHttp.makePair()
  const pairClient = pair.connect()
  const { client, links, errors } = pairClient
  await pair.clock.until(() => links.length === 1)
  faultsOf(pairClient).delaySend(5_000)
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(6_000)
  expect(faultsOf(pairClient).lateAnswers).toEqual([204])
  expect(errors).toEqual([])
  expect(links).toHaveLength(1)
})

overHttp.test('S22 a stuck send that reaches a restarted hub is refused whole', async () => {
  const { started, executed } = counting()
  const pair = overHttp.makePair({ started })
  const pairClient = await pair.connected()
  const { client } = pairClient
  faultsOf(pairClient).delaySend(5_000)
  const [stuck] = pairClient.links
  const before = client.request('count', 'before')
  expect(await pair.clock.settled(before)).toBe(1)
  pair.killHub()
  pair.startHub()
  await pair.clock.advance(6_000)
  expect(stuck?.http?.lateAnswers).toEqual([410])
  expect(client.state).toBe('live')
  expect(executed).toEqual(['before'])
})

overHttp.test('S22 a stuck send of a superseded link is refused whole', async () => {
  const { started, executed } = counting()
  const pair = overHttp.makePair({ started })
  const pairClient = await pair.connected()
  const { client, links } = pairClient
  faultsOf(pairClient).delaySend(5_000)
  const once = client.request('count', 'once')
  await pair.clock.settle()
  links[0]?.cut('client')
  expect(await pair.clock.settled(once)).toBe(1)
  expect(links).toHaveLength(2)
  await pair.clock.advance(6_000)
  expect(links[0]?.http?.lateAnswers).toEqual([410])
  expect(executed).toEqual(['once'])
})

overHttp.test('S21 the answer to a send is lost: it is sent again and executes nothing twice', async () => {
  const { started, executed } = counting()
  const pair = overHttp.makePair({ started })
  const pairClient = await pair.connected()
  const { client, links } = pairClient
  const { requests } = faultsOf(pairClient)
  const before = requests.length
  faultsOf(pairClient).loseResponse('send', 2)
  const results = [client.request('count', 1), client.publish('room', 1)]
  expect(await pair.clock.settled(Promise.all(results))).toMatchObject([1, { offset: 1 }])
  await pair.clock.advance(100)
  const sends = requests.slice(before).filter(({ path }) => path === '/send')
  expect(sends.length).toBeGreaterThanOrEqual(3)
  expect(new Set(sends.slice(0, 3).map(({ bytes }) => bytes)).size).toBe(1)
  expect(executed).toEqual([1])
  expect(pair.hub.stats().topics.messages).toBe(1)
  expect(links).toHaveLength(1)
})

overHttp.test(
  'S28 an uplink that is dead while the downlink lives: noticed within the interval and 15 seconds',
  async () => {
    const { started, executed } = counting()
    const pair = overHttp.makePair({ started })
    const pairClient = await pair.connected()
    const { client, links } = pairClient
    const topic = recordTopic(client, 'room')
    await pair.clock.settled(topic.subscription.ready)
    faultsOf(pairClient).loseSend()
    const lostAt = pair.clock.now
    const stuck = watchSettlement(client.request('count', 'stuck', { timeoutMs: 600_000 }))
    while (links.length === 1 && pair.clock.now < lostAt + 200_000) {
      // Messages that arrive prove the downlink only.
      await publishNumbers(pair, 'room', [1])
      await pair.clock.advance(1_000)
    }
    expect(pair.clock.now - lostAt).toBeLessThanOrEqual(42_000)
    await pair.clock.until(() => stuck.state !== 'pending', 2_000)
    expect(executed).toEqual(['stuck'])
    expect(topic.gaps).toEqual([])
  },
)

overSse.test('S27 behind a proxy that buffers a link never opens, and nothing is said on it', async () => {
  const pair = overSse.makePair()
  pair.network.buffering = true
  const { client, links, states, errors } = pair.connect()
  const publish = watchSettlement(client.publish('room', 'at last'))
  await pair.clock.advance(120_000)
  expect(states.map(({ to }) => to)).not.toContain('joining')
  expect(links.length).toBeGreaterThan(3)
  expect(links.flatMap(({ frames }) => frames)).toEqual([])
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['connect_timeout']))
  expect(pair.hub.stats().links).toBeLessThanOrEqual(1)
  expect(publish.state).toBe('pending')
  pair.network.buffering = false
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(100)
  expect(publish.value).toMatchObject({ offset: 1 })
})

overSse.test('S27 the client ends on long-poll, which passes such a proxy', async () => {
  const pair = overSse.makePair()
  pair.network.buffering = true
  const { client } = await pair.connected({ over: ['sse', 'long-poll'] })
  expect(client.transport).toBe('long-poll')
  expect(pair.clock.now).toBeLessThan(6_000)
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  await publishNumbers(pair, 'room', upTo(20))
  await pair.clock.advance(60_000)
  expect(topic.data).toEqual(upTo(20))
})

overHttp.test(
  'S9 over one connection, as over HTTP/2, a reader that stalls loses nothing either',
  async () => {
    const pair = overHttp.makePair({ network: { bytesPerMs: 50, kernelBytes: 8_192, segmentBytes: 700 } })
    pair.network.multiplexed = true
    const { client, link, links } = await pair.connected()
    const topic = recordTopic(client, 'room')
    await pair.clock.settled(topic.subscription.ready)
    link.down.hold()
    await publishNumbers(pair, 'room', upTo(1_000))
    // Its answer is behind the messages, and what follows waits for that answer.
    const publishes = upTo(3).map((number) => client.publish('room', `mine ${number}`))
    await pair.clock.advance(5_000)
    link.down.release()
    await pair.clock.settled(Promise.all(publishes))
    await pair.clock.until(() => topic.data.length === 1_003)
    expect(topic.offsets).toEqual(upTo(1_003))
    expect(links).toHaveLength(1)
  },
)

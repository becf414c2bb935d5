import { expect } from 'vitest'
import type { From } from '../../core/wire/frames.ts'
import { publishNumbers, upTo } from '../numbered-messages.ts'
import { overEachTransport } from '../over-each-transport.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

test('several subscriptions of one client share a cursor, wherever each begins', async () => {
  const pair = makePair({ network: { bytesPerMs: 50, kernelBytes: 4_096, segmentBytes: 700 } })
  const { client } = await pair.connected()
  const { epoch } = await pair.clock.settled(client.publish('room', 1))
  await publishNumbers(pair, 'room', upTo(100, 2))
  const froms: From[] = ['start', { last: 5 }, 'now', { epoch, offset: 40 }, 'start', 'now']
  const topics = froms.map((from) => recordTopic(client, 'room', { from }))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  await publishNumbers(pair, 'room', upTo(110, 101))
  await pair.clock.advance(5_000)
  expect(topics.map(({ offsets }) => offsets[0])).toEqual([1, 96, 101, 41, 1, 101])
  for (const { offsets, gaps } of topics) {
    expect(offsets).toEqual(upTo(110, offsets[0]))
    expect(gaps).toEqual([])
  }
  topics[0]?.subscription.unsubscribe()
  topics[2]?.subscription.unsubscribe()
  await publishNumbers(pair, 'room', [111])
  await pair.clock.advance(1_000)
  expect(topics.map(({ offsets }) => offsets.at(-1))).toEqual([110, 111, 110, 111, 111, 111])
  expect(pair.hub.stats().subscriptions).toBe(1)
})

test('a subscription from now that joins one which replays gets nothing published before it', async () => {
  const pair = makePair({ network: { bytesPerMs: 20, kernelBytes: 4_096, segmentBytes: 700 } })
  await publishNumbers(pair, 'room', upTo(500))
  const { client } = await pair.connected()
  const replaying = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.until(() => replaying.offsets.length > 50)
  const joined = recordTopic(client, 'room')
  const position = await pair.clock.settled(joined.subscription.ready)
  expect(position.offset).toBe(500)
  await publishNumbers(pair, 'room', [501])
  await pair.clock.until(() => replaying.offsets.at(-1) === 501)
  expect(replaying.offsets).toEqual(upTo(501))
  expect(joined.data).toEqual([501])
})

test('the one of several subscriptions that replays is unsubscribed: the others go on', async () => {
  const pair = makePair({ network: { bytesPerMs: 20, kernelBytes: 4_096, segmentBytes: 700 } })
  await publishNumbers(pair, 'room', upTo(500))
  const { client } = await pair.connected()
  const live = recordTopic(client, 'room')
  await pair.clock.settled(live.subscription.ready)
  const replaying = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.until(() => replaying.offsets.length > 50)
  await publishNumbers(pair, 'room', [501, 502])
  replaying.subscription.unsubscribe()
  await pair.clock.until(() => live.data.length === 2)
  await publishNumbers(pair, 'room', [503])
  await pair.clock.advance(1_000)
  expect(live.data).toEqual([501, 502, 503])
})

test('subscriptions of several epochs on one topic all arrive in the present one', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  const topics = [recordTopic(client, 'room', { from: 'start' }), recordTopic(client, 'room')]
  await pair.clock.advance(100)
  await publishNumbers(pair, 'room', upTo(5))
  await pair.clock.advance(100)
  pair.killHub()
  pair.startHub()
  await publishNumbers(pair, 'room', upTo(3))
  await pair.clock.advance(3_000)
  topics.push(recordTopic(client, 'room', { from: { epoch: 'ancient', offset: 7 } }))
  await pair.clock.advance(200)
  await publishNumbers(pair, 'room', [4])
  await pair.clock.advance(200)
  expect(topics.map(({ offsets }) => offsets)).toEqual([
    [1, 2, 3, 4, 5, 1, 2, 3, 4],
    [1, 2, 3, 4, 5, 1, 2, 3, 4],
    [1, 2, 3, 4],
  ])
  expect(topics.map(({ gaps }) => gaps.map(({ reason }) => reason))).toEqual([
    ['epoch'],
    ['epoch'],
    ['epoch'],
  ])
})

test.each<[string, (old: From, present: From) => From[]]>([
  ['an old position, then the newest', (old) => [old, { last: 1 }]],
  ['the newest, then an old position', (old) => [{ last: 1 }, old]],
  ['an old position, then a present one', (old, present) => [old, present]],
  ['a present position, then an old one', (old, present) => [present, old]],
  ['two old positions and a present one', (old, present) => [{ epoch: 'ancient', offset: 7 }, present, old]],
])('subscriptions from %s: on a quiet topic each gets its gap and what is kept', async (_title, fromsOf) => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const { epoch } = await pair.clock.settled(client.publish('room', 1))
  pair.killHub()
  pair.startHub()
  const present = await pair.clock.settled(pair.hub.publish('room', 1))
  await publishNumbers(pair, 'room', [2, 3])
  const froms = fromsOf({ epoch, offset: 1 }, { epoch: present.epoch, offset: 2 })
  const topics = froms.map((from) => recordTopic(client, 'room', { from }))
  await pair.clock.advance(5_000)
  for (const [index, { offsets, gaps }] of topics.entries()) {
    const from = froms[index]
    const past = typeof from === 'object' && 'epoch' in from && from.epoch !== present.epoch
    expect(gaps.map(({ reason }) => reason)).toEqual(past ? ['epoch'] : [])
    expect(offsets).toEqual(past ? [1, 2, 3] : [3])
  }
  expect(links).toHaveLength(2)
})

test('a bounded iterator stops reading when it is full and goes on from its position', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  const subscription = client.subscribe('room', { from: 'start', buffer: 10 })
  const other = recordTopic(client, 'other', { from: 'start' })
  await pair.clock.settled(subscription.ready)
  await publishNumbers(pair, 'room', upTo(100))
  await pair.clock.advance(100)
  expect(pair.hub.stats().subscriptions).toBe(1)
  await publishNumbers(pair, 'other', [1])
  await pair.clock.advance(100)
  expect(other.data).toEqual([1])

  const seen: unknown[] = []
  const iterator = subscription[Symbol.asyncIterator]()
  for (let next = 1; next <= 100; next++) {
    const result = await pair.clock.settled(iterator.next())
    seen.push(result.done ? 'done' : result.value)
  }
  expect(seen).toMatchObject(upTo(100).map((offset) => ({ type: 'message', offset, data: offset })))
  const waiting = watchSettlement(iterator.next())
  await publishNumbers(pair, 'room', [101])
  await pair.clock.advance(100)
  expect(waiting.value).toMatchObject({ value: { data: 101 } })
  await iterator.return?.()
  await pair.clock.advance(100)
  expect(pair.hub.stats().subscriptions).toBe(1)
})

test('a bounded iterator that stays full beyond what is kept yields a gap', async () => {
  const pair = makePair({ hub: { retention: { messages: 20 } } })
  const { client } = await pair.connected()
  const subscription = client.subscribe('room', { from: 'start', buffer: 5 })
  await pair.clock.settled(subscription.ready)
  for (let first = 1; first <= 100; first += 10) {
    await publishNumbers(pair, 'room', upTo(first + 9, first))
    await pair.clock.advance(50)
  }
  const seen: unknown[] = []
  const iterator = subscription[Symbol.asyncIterator]()
  while (seen.length < 26) {
    const result = await pair.clock.settled(iterator.next())
    seen.push(result.done ? 'done' : result.value.type === 'gap' ? result.value : result.value.offset)
  }
  expect(seen.slice(0, 5)).toEqual([1, 2, 3, 4, 5])
  expect(seen[5]).toMatchObject({
    type: 'gap',
    after: { offset: 5 },
    next: { offset: 81 },
    lost: 75,
    reason: 'pruned',
  })
  expect(seen.slice(6)).toEqual(upTo(100, 81))
  subscription.unsubscribe()
})

test('a full iterator does not hold up another subscription of the same topic', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  const full = client.subscribe('room', { from: 'start', buffer: 3 })
  const other = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.advance(100)
  await publishNumbers(pair, 'room', upTo(20))
  await pair.clock.advance(100)
  expect(other.offsets).toEqual(upTo(20))
  link.cut()
  await pair.clock.settle()
  await publishNumbers(pair, 'room', upTo(25, 21))
  await pair.clock.until(() => other.offsets.length === 25)
  const iterator = full[Symbol.asyncIterator]()
  const seen: number[] = []
  while (seen.length < 25) {
    const result = await pair.clock.settled(iterator.next())
    if (!result.done && result.value.type === 'message') seen.push(result.value.offset)
  }
  expect(seen).toEqual(upTo(25))
  expect(other.offsets).toEqual(upTo(25))
})

test('[R33] who stands in the new epoch is told what was pruned of it, whatever one of the old epoch lost', async () => {
  const pair = makePair({ hub: { retention: { messages: 5 } } })
  const { client } = await pair.connected()
  const old = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.settled(old.subscription.ready)
  pair.killHub()
  pair.startHub()
  await pair.clock.until(() => client.state !== 'live')
  const young = recordTopic(client, 'room')
  const published = upTo(10).map((number) => client.publish('room', number))
  await pair.clock.settled(Promise.all(published))
  await pair.clock.advance(1_000)
  expect(old.gaps).toMatchObject([{ reason: 'epoch', lost: null, next: { offset: 6 } }])
  expect(young.gaps).toMatchObject([{ reason: 'pruned', lost: 5, next: { offset: 6 } }])
  expect([old.offsets, young.offsets]).toEqual([upTo(10, 6), upTo(10, 6)])
})

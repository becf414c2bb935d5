import { expect } from 'vitest'
import type { From } from '../../core/wire/frames.ts'
import { publishNumbers, upTo } from '../numbered-messages.ts'
import { overEachTransport } from '../over-each-transport.ts'
import { RawClient } from '../raw-client.ts'
import { recordTopic } from '../recorded-topic.ts'

const { test, makePair } = overEachTransport()

test('S34 a topic that never had a message can be resumed any number of times, and the first message arrives', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const topic = recordTopic(client, 'empty')
  const position = await pair.clock.settled(topic.subscription.ready)
  expect(position.offset).toBe(0)
  for (let time = 0; time < 10; time++) {
    links.at(-1)?.cut()
    await pair.clock.until(() => client.state !== 'live')
    await pair.clock.until(() => client.state === 'live')
    await pair.clock.advance(50)
  }
  links.at(-1)?.cut()
  await pair.clock.settle()
  await publishNumbers(pair, 'empty', [1])
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(100)
  expect(topic.offsets).toEqual([1])
  expect(topic.gaps).toEqual([])
})

test('S34 a topic that never had a message survives a restart of the hub', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'empty')
  await pair.clock.settled(topic.subscription.ready)
  pair.killHub()
  pair.startHub()
  await publishNumbers(pair, 'empty', [1, 2])
  await pair.clock.advance(5_000)
  expect(client.state).toBe('live')
  // The new life of the topic is named: nobody can know whether messages of the old one are missing.
  expect(topic.gaps).toMatchObject([{ reason: 'epoch', lost: null, next: { offset: 1 } }])
  expect(topic.offsets).toEqual([1, 2])
})

test('S35 messages published while a client replays join without hole or repeat', async () => {
  const pair = makePair({ network: { bytesPerMs: 20, kernelBytes: 4_096, segmentBytes: 700 } })
  await publishNumbers(pair, 'room', upTo(500))
  const { client, links } = await pair.connected()
  const topic = recordTopic(client, 'room', { from: 'start' })
  for (let next = 501; next <= 600; next++) {
    await publishNumbers(pair, 'room', [next])
    await pair.clock.advance(15)
    if (next === 550) links.at(-1)?.cut()
  }
  await pair.clock.until(() => topic.offsets.length === 600)
  expect(topic.data).toEqual(upTo(600))
  expect(topic.offsets).toEqual(upTo(600))
  expect(topic.gaps).toEqual([])
})

test('S36 unsubscribe during replay and subscribe again: the last intent wins, no stale message', async () => {
  const pair = makePair({ network: { bytesPerMs: 20, kernelBytes: 4_096, segmentBytes: 700 } })
  await publishNumbers(pair, 'room', upTo(500))
  const { client } = await pair.connected()
  const first = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.until(() => first.offsets.length > 100)
  first.subscription.unsubscribe()
  const seen = first.offsets.length
  const second = recordTopic(client, 'room', { from: { last: 10 } })
  await pair.clock.settled(second.subscription.ready)
  await pair.clock.advance(1_000)
  expect(first.offsets).toHaveLength(seen)
  expect(second.data).toEqual(upTo(500, 491))
  expect(pair.hub.stats()).toMatchObject({ subscriptions: 1, topics: { open: 1 } })
})

test('S36 many changes of mind in one turn leave one subscription, the last', async () => {
  const pair = makePair()
  await publishNumbers(pair, 'room', upTo(20))
  const { client } = await pair.connected()
  const starts: From[] = ['start', 'now', { last: 3 }, 'start', { last: 5 }]
  const topics = starts.map((from) => {
    const topic = recordTopic(client, 'room', { from })
    if (from !== starts.at(-1)) topic.subscription.unsubscribe()
    return topic
  })
  await pair.clock.advance(200)
  expect(topics.map(({ data }) => data)).toEqual([[], [], [], [], [16, 17, 18, 19, 20]])
  expect(pair.hub.stats().subscriptions).toBe(1)
})

test('S37 subscribing from now after unsubscribing gets nothing that was on its way; ready names the place', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  const old = recordTopic(client, 'room')
  await pair.clock.settled(old.subscription.ready)
  await publishNumbers(pair, 'room', upTo(5))
  link.down.hold()
  await publishNumbers(pair, 'room', upTo(8, 6))
  await pair.clock.advance(50)
  old.subscription.unsubscribe()
  const seen = old.data.length
  const fresh = recordTopic(client, 'room')
  await pair.clock.advance(50)
  await publishNumbers(pair, 'room', [9])
  link.down.release()
  const position = await pair.clock.settled(fresh.subscription.ready)
  await pair.clock.advance(100)
  expect(position.offset).toBe(8)
  expect(fresh.data).toEqual([9])
  expect(old.data).toHaveLength(seen)
})

test('[R30] subscribed comes before the first message or gap of its intent', async () => {
  const pair = makePair({ hub: { retention: { messages: 10 } } })
  await publishNumbers(pair, 'room', upTo(30))
  const raw = await RawClient.greeting(pair, {
    subscriptions: [{ topic: 'room', intent: 1, from: 'start' }],
  })
  raw.send({ type: 'subscribe', topic: 'room', intent: 2, from: { last: 2 } })
  await pair.clock.advance(15)
  await publishNumbers(pair, 'room', [31])
  await pair.clock.advance(100)
  const types = raw.frames
    .filter(({ topic }) => topic === 'room')
    .map(({ type, intent, offset }) => `${type} ${JSON.stringify(intent ?? offset) ?? ''}`.trim())
  expect(types).toEqual([
    'subscribed 1',
    ...upTo(30, 21).map((offset) => `message ${offset}`),
    'subscribed 2',
    'message 29',
    'message 30',
    'message 31',
  ])
  const [first] = raw.frames.filter(({ type }) => type === 'subscribed')
  expect(first).toMatchObject({
    position: { offset: 20 },
    gap: { after: null, next: { offset: 21 }, lost: 20 },
  })
  raw.close()
})

test('S38 resuming beyond what is kept is told by a gap that counts', async () => {
  const pair = makePair({ hub: { retention: { messages: 10 } } })
  const { client, link } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  await publishNumbers(pair, 'room', upTo(5))
  await pair.clock.advance(50)
  link.cut()
  await pair.clock.settle()
  await publishNumbers(pair, 'room', upTo(30, 6))
  await pair.clock.until(() => topic.offsets.at(-1) === 30)
  expect(topic.gaps).toMatchObject([
    { after: { offset: 5 }, next: { offset: 21 }, lost: 15, reason: 'pruned' },
  ])
  expect(topic.offsets).toEqual([...upTo(5), ...upTo(30, 21)])
})

test('S38 from the start of a topic whose start is no longer kept', async () => {
  const pair = makePair({ hub: { retention: { messages: 10 } } })
  await publishNumbers(pair, 'room', upTo(30))
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.advance(100)
  expect(topic.gaps).toMatchObject([{ after: null, next: { offset: 21 }, lost: 20, reason: 'pruned' }])
  expect(topic.offsets).toEqual(upTo(30, 21))
})

test.each<[string, (epoch: string) => From]>([
  ['of another epoch', () => ({ epoch: 'another', offset: 3 })],
  ['ahead of the head', (epoch) => ({ epoch, offset: 100 })],
])('S38 a position %s is answered with a gap, and all that is kept follows', async (_title, from) => {
  const pair = makePair()
  const { client } = await pair.connected()
  const { epoch } = await pair.clock.settled(client.publish('room', 1))
  await publishNumbers(pair, 'room', [2, 3])
  const topic = recordTopic(client, 'room', { from: from(epoch) })
  await pair.clock.advance(100)
  await publishNumbers(pair, 'room', [4])
  await pair.clock.advance(100)
  expect(topic.gaps).toMatchObject([{ next: { epoch, offset: 1 }, lost: null, reason: 'epoch' }])
  expect(topic.offsets).toEqual([1, 2, 3, 4])
})

test.each<[string, unknown]>([
  ['a negative offset', { epoch: 'e', offset: -1 }],
  ['an offset that is no integer', { epoch: 'e', offset: 1.5 }],
  ['an offset that is no number', { epoch: 'e', offset: Number.NaN }],
  ['an epoch with foreign characters', { epoch: 'ä ö', offset: 1 }],
  ['an epoch that is empty', { epoch: '', offset: 1 }],
  ['a word that is none', 'yesterday'],
  ['a negative number of messages', { last: -1 }],
  ['a list', [1]],
])('S38 nonsense to begin from is refused in the caller’s hands: %s', async (_title, from) => {
  const pair = makePair()
  const { client } = pair.connect()
  expect(() => client.subscribe('room', { from: from as From })).toThrow(TypeError)
  await pair.clock.advance(1_000)
  expect(client.state).toBe('live')
  expect(client.stats().topics).toBe(0)
})

test('S38 nonsense on the wire is answered, and the link survives', async () => {
  const pair = makePair()
  const raw = await RawClient.greeting(pair)
  raw.send({ type: 'subscribe', topic: 'room', intent: 1, from: { epoch: 'e', offset: -1 } })
  raw.send({ type: 'subscribe', topic: 'a\u0000b', intent: 2, from: 'now' })
  raw.send({ type: 'subscribe', topic: 'room', intent: 0, from: 'now' })
  raw.sendText('{"type":')
  raw.send({ type: 'subscribe', topic: 'room', intent: 3, from: 'now' })
  await pair.clock.advance(100)
  expect(raw.all('unsubscribed')).toMatchObject([
    { topic: 'room', intent: 1, error: { code: 'frame_invalid' } },
  ])
  expect(raw.all('error').map(({ code }) => code)).toEqual([
    'topic_invalid',
    'frame_invalid',
    'frame_invalid',
  ])
  expect(raw.only('subscribed')).toMatchObject({ intent: 3 })
  raw.close()
})

import { expect } from 'vitest'
import { overEachTransport } from '../over-each-transport.ts'
import { RawClient } from '../raw-client.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

test('[R26] what was published before a reply is seen before it', async () => {
  const pair = makePair({
    started: (hub) =>
      void hub.onRequest('publish', async (count) => {
        for (let number = 1; number <= Number(count); number++) {
          await hub.publish(`room:${number % 7}`, number)
        }
        return 'published'
      }),
  })
  const raw = await RawClient.greeting(pair, {
    subscriptions: Array.from({ length: 7 }, (_, index) => ({
      topic: `room:${index}`,
      intent: index + 1,
      from: 'now',
    })),
  })
  await pair.clock.advance(50)
  for (let number = 1; number <= 20; number++) {
    raw.send({ type: 'request', number, method: 'publish', data: 300 })
    await pair.clock.advance(50)
  }
  let messages = 0
  for (const { type, number } of raw.frames) {
    if (type === 'message') messages++
    if (type === 'result') expect(messages).toBe(300 * Number(number))
  }
  expect(raw.all('result')).toHaveLength(20)
  raw.close()
})

test('[R26] the same behind a backlog, on a line that is slow', async () => {
  const pair = makePair({ network: { bytesPerMs: 200, kernelBytes: 8_192, segmentBytes: 1_000 } })
  await pair.clock.settled(
    Promise.all(Array.from({ length: 3_000 }, (_, index) => pair.hub.publish('room', index))),
  )
  const raw = await RawClient.greeting(pair, { subscriptions: [{ topic: 'room', intent: 1, from: 'start' }] })
  raw.send({ type: 'publish', number: 1, topic: 'room', data: 'mine' })
  await pair.clock.until(() => raw.all('result').length === 1)
  expect(raw.all('message')).toHaveLength(3_001)
  expect(raw.frames.findIndex(({ type }) => type === 'result')).toBeGreaterThan(
    raw.frames.findIndex(({ data }) => data === 'mine'),
  )
  raw.close()
})

test('[R26] a publisher that subscribes sees its own message before the result', async () => {
  const pair = makePair()
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  const seen: unknown[] = []
  const publishes = Array.from({ length: 20 }, (_, index) =>
    client.publish('room', index).then(() => seen.push([...topic.data])),
  )
  await pair.clock.settled(Promise.all(publishes))
  for (const [index, data] of seen.entries()) expect((data as unknown[]).length).toBeGreaterThan(index)
})

test('[R43] a hub that closes with operations in flight: nothing is unknown that was never started', async () => {
  const executed: unknown[] = []
  const pair = makePair({
    started: (hub) =>
      void hub.onRequest('count', (payload) => {
        executed.push(payload)
        return payload
      }),
  })
  const { client, link } = await pair.connected()
  const done = watchSettlement(client.request('count', 'done'))
  await pair.clock.advance(50)
  link.up.hold()
  const inFlight = Array.from({ length: 10 }, (_, index) => watchSettlement(client.request('count', index)))
  await pair.clock.advance(50)
  const closing = pair.hub.close({ drainMs: 1_000 })
  await pair.clock.advance(50)
  link.up.release()
  await pair.clock.settled(closing)
  await pair.clock.advance(50)
  expect(executed).toEqual(['done'])
  expect(client.pending).toBe(10)
  pair.startHub()
  await pair.clock.until(() => client.pending === 0)
  expect(done.value).toBe('done')
  expect(inFlight.map(({ state, value }) => [state, value])).toEqual(
    inFlight.map((_, index) => ['resolved', index]),
  )
  expect(executed).toEqual(['done', ...inFlight.keys()])
})

test('[R43] a session that is ended while its client hands over: what was started may be unknown, the rest is sent', async () => {
  const executed: unknown[] = []
  const pair = makePair({
    started: (hub) =>
      void hub.onRequest('count', (payload) => {
        executed.push(payload)
        return payload
      }),
  })
  const { client, link } = await pair.connected()
  link.down.hold()
  const started = [0, 1, 2].map((number) => watchSettlement(client.request('count', number)))
  await pair.clock.advance(50)
  link.up.hold()
  const never = [3, 4, 5].map((number) => watchSettlement(client.request('count', number)))
  pair.hub.disconnect(client.session ?? '', { retry: true })
  await pair.clock.advance(50)
  link.down.release()
  await pair.clock.until(() => client.pending === 0)
  // Their results were on the line before the goodbye.
  expect(started.map(({ value }) => value)).toEqual([0, 1, 2])
  expect(never.map(({ value }) => value)).toEqual([3, 4, 5])
  expect(executed).toEqual([0, 1, 2, 3, 4, 5])
})

test('hub.close() lets running handlers finish, tells everybody when to come back and leaves nothing', async () => {
  const pair = makePair({
    hub: { authenticate: async ({ token }) => (token === 'slow' ? new Promise(() => {}) : { user: null }) },
    started: (hub) =>
      void hub.onRequest('slow', async () => {
        await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, 2_000))
        return 'finished'
      }),
  })
  const clients = [await pair.connected(), await pair.connected()]
  const greeting = pair.connect({ token: () => 'slow' })
  await pair.clock.advance(100)
  const [first] = clients
  const reply = watchSettlement(first?.client.request('slow', null) ?? Promise.resolve())
  await pair.clock.advance(50)
  const loop = pair.hubLoop
  const closing = pair.hub.close({ drainMs: 10_000 })
  const late = pair.connect()
  await pair.clock.settled(closing, 4_000)
  await pair.clock.advance(pair.network.conditions.latencyMs)
  expect(reply.value).toBe('finished')
  for (const { errors, client } of [...clients, greeting, late]) {
    expect(errors.at(-1)).toMatchObject({ code: 'hub_closing', retry: true })
    expect(errors.at(-1)?.retryAfterMs).toBeGreaterThanOrEqual(0)
    expect(client.state).not.toBe('live')
  }
  expect(loop.timerCount).toBe(0)
  expect(pair.hub.stats()).toMatchObject({ links: 0, sessions: { live: 0, resting: 0 }, deadlines: 0 })
})

test('hub.close() ends at its deadline although a handler never does', async () => {
  const pair = makePair({ started: (hub) => void hub.onRequest('never', () => new Promise(() => {})) })
  const { client, link } = await pair.connected()
  const reply = watchSettlement(client.request('never', null))
  await pair.clock.advance(50)
  const began = pair.clock.now
  const loop = pair.hubLoop
  await pair.clock.settled(pair.hub.close({ drainMs: 3_000 }))
  expect(pair.clock.now - began).toBeLessThanOrEqual(4_100)
  expect(link.goneAt('hub')).toBe(true)
  expect(loop.timerCount).toBe(0)
  pair.startHub()
  await pair.clock.until(() => reply.state !== 'pending')
  expect(reply).toMatchObject({ code: 'ledger_lost', outcome: 'unknown' })
})

test('hub.close() while a client is being authenticated, and is admitted during the drain, leaves nothing', async () => {
  let admit: () => void = () => {}
  const pair = makePair({
    hub: {
      authenticate: ({ token }) =>
        token === 'held'
          ? new Promise((resolve) => (admit = () => resolve({ user: 'late' })))
          : { user: null },
      authorize: () => new Promise(() => {}),
    },
    started: (hub) => void hub.onRequest('never', () => new Promise(() => {})),
  })
  const { client } = await pair.connected()
  client.request('never', null).catch(() => {})
  const held = pair.connect({ token: () => 'held' })
  held.client.subscribe('room', {}, { message: () => {}, gap: () => {} })
  await pair.clock.advance(100)
  const loop = pair.hubLoop
  const closing = pair.hub.close({ drainMs: 3_000 })
  await pair.clock.advance(100)
  admit()
  await pair.clock.settled(closing)
  expect(pair.hub.stats()).toMatchObject({ links: 0, sessions: { live: 0, resting: 0 }, deadlines: 0 })
  expect(loop.timerCount).toBe(0)
})

test('hub.request to a session that ends: unknown if it was handed over, not_sent if not', async () => {
  const pair = makePair()
  const pairClient = await pair.connected()
  const { client } = pairClient
  client.onRequest('never', () => new Promise(() => {}))
  const to = { session: client.session ?? '' }
  const handed = watchSettlement(pair.hub.request(to, 'never', null, { timeoutMs: 600_000 }))
  await pair.clock.advance(50)
  await pair.cutOff(pairClient)
  const waiting = watchSettlement(pair.hub.request(to, 'never', null))
  pair.hub.disconnect(to.session)
  await pair.clock.settle()
  expect(handed).toMatchObject({ code: 'session_ended', outcome: 'unknown' })
  expect(waiting).toMatchObject({ code: 'session_ended', outcome: 'not_sent' })
  const unknown = watchSettlement(pair.hub.request(to, 'never', null))
  await pair.clock.settle()
  expect(unknown).toMatchObject({ code: 'session_unknown', outcome: 'not_sent' })
})

test('[R27] results that are not acknowledged are bounded: the oldest becomes result_dropped', async () => {
  let runs = 0
  const pair = makePair({
    hub: { limits: { maxResultLength: 10_000 } },
    started: (hub) =>
      void hub.onRequest('large', () => {
        runs++
        return 'x'.repeat(1_000)
      }),
  })
  const { client, link } = await pair.connected()
  link.down.hold()
  const requests = Array.from({ length: 20 }, () => watchSettlement(client.request('large', null)))
  await pair.clock.advance(100)
  link.cut()
  await pair.clock.until(() => client.pending === 0)
  const dropped = requests.filter(({ code }) => code === 'result_dropped')
  expect(dropped.length).toBeGreaterThanOrEqual(10)
  expect(dropped.every(({ outcome }) => outcome === 'replied')).toBe(true)
  expect(requests.at(-1)?.state).toBe('resolved')
  expect(runs).toBe(20)
})

test.each([Number.NaN, Infinity, 0, -1, 1.5])(
  'a deadline of %s is refused in the caller’s hands',
  async (timeoutMs) => {
    const pair = makePair({ started: (hub) => void hub.onRequest('echo', (payload) => payload) })
    const { client, links } = await pair.connected()
    client.onRequest('echo', (payload) => payload)
    const to = { session: client.session ?? '' }
    expect(() => client.request('echo', 1, { timeoutMs })).toThrow(TypeError)
    expect(() => client.publish('room', 1, { timeoutMs })).toThrow(TypeError)
    await expect(pair.hub.request(to, 'echo', 1, { timeoutMs })).rejects.toThrow(TypeError)
    expect(await pair.clock.settled(client.request('echo', 2))).toBe(2)
    expect(await pair.clock.settled(pair.hub.request(to, 'echo', 3))).toBe(3)
    expect(links).toHaveLength(1)
  },
)

test('S8 a client’s reply that is larger than the hub takes fails that request, not the link', async () => {
  const pair = makePair({ hub: { limits: { maxFrameBytes: 65_536 } } })
  const { client, links, errors } = await pair.connected()
  client.onRequest('large', () => 'x'.repeat(100_000))
  const reply = watchSettlement(pair.hub.request({ session: client.session ?? '' }, 'large', null))
  await pair.clock.until(() => reply.state !== 'pending')
  expect(reply).toMatchObject({ code: 'message_too_large', outcome: 'replied' })
  expect(links).toHaveLength(1)
  expect(errors).toHaveLength(1)
})

test('S8 an operation that is too large is refused in the caller’s hands, also if it was queued before the bound was known', async () => {
  const pair = makePair({ hub: { limits: { maxFrameBytes: 65_536 } } })
  const { client, links } = pair.connect()
  const queued = watchSettlement(client.publish('room', 'x'.repeat(100_000)))
  const next = client.publish('room', 'next')
  expect(await pair.clock.settled(next)).toMatchObject({ offset: 1 })
  const known = watchSettlement(client.publish('room', 'x'.repeat(100_000)))
  await pair.clock.settle()
  expect(queued).toMatchObject({ code: 'message_too_large', outcome: 'not_sent' })
  expect(known).toMatchObject({ code: 'message_too_large', outcome: 'not_sent' })
  expect(links).toHaveLength(1)
})

test('a session that may not rest with what it keeps is detached first, and then ended', async () => {
  const events: string[] = []
  const pair = makePair({
    hub: { limits: { maxRestingResultLength: 10 } },
    started: (hub) => {
      hub.on('session', ({ type }) => events.push(type))
      hub.onRequest('long', () => 'r'.repeat(100))
    },
  })
  const connected = await pair.connected()
  const { client, link } = connected
  link.down.hold()
  client.request('long', null).catch(() => {})
  await pair.clock.advance(100)
  await pair.cutOff(connected)
  expect(events).toEqual(['opened', 'detached', 'ended'])
})

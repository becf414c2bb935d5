import { expect } from 'vitest'
import { rejection } from '../../core/wire/errors.ts'
import type { Hub } from '../../server/hub.ts'
import { deferred } from '../deferred.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair, PairClient } from '../pair.ts'
import { RawClient } from '../raw-client.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

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

async function cutAndBack(pair: Pair, { client, links }: PairClient): Promise<void> {
  const before = links.length
  links.at(-1)?.cut()
  await pair.clock.until(() => links.length > before && client.state === 'live')
  await pair.clock.advance(100)
}

test('S13 a handler that throws fails its caller only', async () => {
  const pair = makePair({
    started(hub) {
      hub.onRequest('throws', () => {
        throw new Error('secret')
      })
      hub.onRequest('rejects', async () => {
        await Promise.resolve()
        throw new Error('secret')
      })
      hub.onRequest('refuses', () => {
        throw rejection('taken', 'The name is taken.', { by: 'ada' })
      })
      hub.onRequest('lossy', () => new Map())
      hub.onRequest('nothing', () => {})
      hub.on('session', () => {
        throw new Error('a listener')
      })
    },
  })
  const { client } = await pair.connected()
  const other = await pair.connected()
  const request = (method: string) => pair.clock.settled(client.request(method, null))
  const failed = { code: 'handler_failed', outcome: 'replied', message: 'handler_failed' }
  await expect(request('throws')).rejects.toMatchObject(failed)
  await expect(request('rejects')).rejects.toMatchObject(failed)
  await expect(request('lossy')).rejects.toMatchObject(failed)
  await expect(request('unknown')).rejects.toMatchObject({ code: 'method_unknown', outcome: 'replied' })
  await expect(request('refuses')).rejects.toMatchObject({
    code: 'rejected',
    outcome: 'replied',
    message: 'The name is taken.',
    reason: 'taken',
    data: { by: 'ada' },
  })
  await expect(request('nothing')).resolves.toBeNull()
  expect(other.client.state).toBe('live')
  expect(pair.logged.filter(({ message }) => message === 'a request handler failed')).toHaveLength(3)
})

test('S13 a callback of the client that throws is reported, and the others go on', async () => {
  const pair = makePair()
  const { client, errors } = await pair.connected()
  client.on('state', () => {
    throw new Error('a state listener')
  })
  client.subscribe(
    'room',
    {},
    {
      message: () => {
        throw new Error('a message handler')
      },
      gap: () => {},
    },
  )
  const topic = recordTopic(client, 'room')
  client.onRequest('throws', () => {
    throw new Error('a request handler')
  })
  await pair.clock.settled(topic.subscription.ready)
  const onStatus = (): void => {
    throw new Error('a status callback')
  }
  await pair.clock.settled(client.publish('room', 1, { onStatus }))
  await pair.clock.advance(50)
  expect(topic.data).toEqual([1])
  const asked = pair.hub.request({ session: client.session ?? '' }, 'throws', null)
  await expect(pair.clock.settled(asked)).rejects.toMatchObject({
    code: 'handler_failed',
    outcome: 'replied',
  })
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['handler_threw']))
  expect(client.state).toBe('live')
})

test('S20 what is sent while reconnecting is queued, visibly, and arrives once and in order', async () => {
  const pair = makePair()
  const publisher = await pair.connected()
  const reader = await pair.connected()
  const topic = recordTopic(reader.client, 'room', { from: 'start' })
  const { client, link } = publisher
  const statuses: string[] = []
  const before = client.publish('room', 1)
  link.cut()
  await pair.clock.until(() => client.state === 'waiting')
  const operation = client.publish('room', 2, { onStatus: (status) => statuses.push(status) })
  expect(operation.status).toBe('queued')
  expect(client.pending).toBe(2)
  const after = [3, 4, 5].map((number) => client.publish('room', number))
  await pair.clock.settled(client.flush())
  await pair.clock.settled(Promise.all([before, operation, ...after]))
  await pair.clock.advance(100)
  expect(statuses).toEqual(['queued', 'sent', 'done'])
  expect(topic.data).toEqual([1, 2, 3, 4, 5])
  expect(client.pending).toBe(0)
})

test('what waits for the outbox to be empty goes on when the last operation in it is aborted', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  link.cut()
  await pair.clock.settle()
  const stop = new AbortController()
  const publish = watchSettlement(client.publish('room', 1, { signal: stop.signal }))
  const flush = watchSettlement(client.flush())
  stop.abort()
  await pair.clock.settle()
  expect(publish).toMatchObject({ code: 'aborted' })
  expect(flush.state).toBe('resolved')
})

test('S21 the link drops after a publish was accepted and before its result came: one offset', async () => {
  const pair = makePair()
  const publisher = await pair.connected()
  const { client, link } = publisher
  link.down.hold()
  const publish = client.publish('room', 'once')
  await pair.clock.advance(100)
  expect(pair.hub.stats().topics.messages).toBe(1)
  await cutAndBack(pair, publisher)
  expect(await pair.clock.settled(publish)).toMatchObject({ offset: 1, duplicate: false })
  await pair.clock.advance(1_000)
  expect(pair.hub.stats().topics.messages).toBe(1)
})

test('S21 the same over many cuts at every moment', async () => {
  for (let events = 0; events < 40; events++) {
    const { started, executed } = counting()
    const pair = makePair({ started })
    const { client, links } = await pair.connected()
    const operations = [client.publish('room', 1), client.request('count', 1), client.publish('room', 2)]
    for (let event = 0; event < events; event++) await pair.clock.step(pair.clock.now + 100)
    links.at(-1)?.cut()
    const results = await pair.clock.settled(Promise.all(operations))
    expect(results).toMatchObject([{ offset: 1 }, 1, { offset: 2 }])
    expect(executed).toEqual([1])
    expect(pair.hub.stats().topics.messages).toBe(2)
  }
})

test('S22 a restarted hub: what was handed over is unknown and not done again, the rest is sent', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started, hub: { limits: { maxOpenOperations: 40 } } })
  const { client, link } = await pair.connected()
  link.down.hold()
  const handed = Array.from({ length: 40 }, (_, index) => watchSettlement(client.request('count', index)))
  const waiting = Array.from({ length: 10 }, (_, index) =>
    watchSettlement(client.request('count', 100 + index)),
  )
  const idempotent = watchSettlement(client.request('count', 'again', { idempotent: true }))
  await pair.clock.advance(100)
  expect(executed).toHaveLength(40)
  link.cut()
  pair.killHub()
  pair.startHub()
  await pair.clock.until(() => client.pending === 0)
  expect(handed.map(({ code, outcome }) => `${code} ${outcome}`)).toEqual(
    Array.from({ length: 40 }, () => 'ledger_lost unknown'),
  )
  expect(waiting.every(({ state }) => state === 'resolved')).toBe(true)
  expect(idempotent.state).toBe('resolved')
  expect(executed).toHaveLength(51)
})

test('S22 an idempotent operation that was handed over is done again after a restart', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const { client, link } = await pair.connected()
  link.down.hold()
  const again = client.request('count', 'again', { idempotent: true })
  const once = watchSettlement(client.request('count', 'once'))
  await pair.clock.advance(100)
  link.cut()
  pair.killHub()
  pair.startHub()
  expect(await pair.clock.settled(again)).toBe(3)
  expect(once).toMatchObject({ code: 'ledger_lost', outcome: 'unknown' })
  expect(executed).toEqual(['again', 'once', 'again'])
})

test('S22 the same when the session expired', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const { client, link } = await pair.connected()
  const { session } = client
  link.down.hold()
  const handed = watchSettlement(client.request('count', 'handed', { timeoutMs: 600_000 }))
  await pair.clock.advance(100)
  pair.network.reach = 'refused'
  link.cut()
  await pair.clock.until(() => pair.hub.sessions().length === 0, 170_000)
  const waiting = watchSettlement(client.request('count', 'waiting', { timeoutMs: 600_000 }))
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.pending === 0)
  expect(client.session).not.toBe(session)
  expect(handed).toMatchObject({ code: 'ledger_lost', outcome: 'unknown' })
  expect(waiting.state).toBe('resolved')
  expect(executed).toEqual(['handed', 'waiting'])
})

test('S22 a copy that arrives after its result was acknowledged executes nothing', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const raw = await RawClient.greeting(pair)
  const copy = { type: 'request', number: 1, method: 'count', data: 1 } as const
  raw.send(copy)
  await pair.clock.advance(50)
  raw.send({ type: 'ack', numbers: [[1, 1]] })
  raw.send(copy)
  raw.send({ ...copy, data: 'other' })
  await pair.clock.advance(50)
  expect(executed).toEqual([1])
  expect(raw.all('result')).toHaveLength(1)
  raw.close()
})

test('S22 a number that comes again with other content is refused, the first one unaffected', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const raw = await RawClient.greeting(pair)
  raw.send({ type: 'request', number: 1, method: 'count', data: 1 })
  await pair.clock.advance(50)
  raw.send({ type: 'request', number: 1, method: 'count', data: 2 })
  raw.send({ type: 'request', number: 1, method: 'count', data: 1 })
  await pair.clock.advance(50)
  expect(executed).toEqual([1])
  expect(raw.only('error')).toMatchObject({ code: 'number_reused' })
  expect(raw.all('result')).toMatchObject([{ value: 1 }, { value: 1 }])
  raw.close()
})

test('S22 a cancelled operation leaves no hole that blocks the next', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const pairClient = await pair.connected()
  const { client, link } = pairClient
  link.up.vanish()
  const controller = new AbortController()
  const cancelled = watchSettlement(client.request('count', 'cancelled', { signal: controller.signal }))
  const next = client.request('count', 'next')
  await pair.clock.advance(10)
  controller.abort()
  await pair.clock.settle()
  expect(cancelled).toMatchObject({ code: 'aborted', outcome: 'unknown' })
  await cutAndBack(pair, pairClient)
  expect(await pair.clock.settled(next)).toBe(1)
  expect(executed).toEqual(['next'])
})

test('S22 an operation that is cancelled before it is handed over was not sent', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const { client } = pair.connect()
  const controller = new AbortController()
  const cancelled = watchSettlement(client.request('count', 1, { signal: controller.signal }))
  const late = watchSettlement(client.request('count', 2, { timeoutMs: 5 }))
  const next = client.request('count', 3)
  controller.abort()
  await pair.clock.settled(next)
  expect(cancelled).toMatchObject({ code: 'aborted', outcome: 'not_sent' })
  expect(late).toMatchObject({ code: 'timeout', outcome: 'not_sent' })
  expect(executed).toEqual([3])
})

test('S23 a request that runs for ten minutes holds up neither the others nor their memory', async () => {
  const finish = deferred<string>()
  const { started, executed } = counting()
  const pair = makePair({
    started(hub) {
      started(hub)
      hub.onRequest('long', () => finish.promise)
    },
  })
  const { client, links } = await pair.connected()
  const long = client.request('long', null, { timeoutMs: 1_000_000 })
  for (let batch = 0; batch < 20; batch++) {
    const others = Array.from({ length: 500 }, (_, index) => client.request('count', index))
    await pair.clock.settled(Promise.all(others))
    await pair.clock.advance(30_000)
  }
  expect(executed).toHaveLength(10_000)
  expect(links).toHaveLength(1)
  expect(pair.hub.stats().operations.running).toBe(1)
  finish.resolve('at last')
  expect(await pair.clock.settled(long)).toBe('at last')
})

test('S23 a long request leaves the others room, however few may be open', async () => {
  const finish = deferred<string>()
  const { started, executed } = counting()
  const pair = makePair({
    hub: { limits: { maxOpenOperations: 4 } },
    started(hub) {
      started(hub)
      hub.onRequest('long', () => finish.promise)
    },
  })
  const { client, links } = await pair.connected()
  const long = client.request('long', null, { timeoutMs: 100_000 })
  const others = Array.from({ length: 50 }, (_, index) => client.request('count', index))
  await pair.clock.settled(Promise.all(others), 30_000)
  expect(executed).toHaveLength(50)
  expect(links).toHaveLength(1)
  finish.resolve('at last')
  expect(await pair.clock.settled(long)).toBe('at last')
})

test('S24 a full outbox refuses at once and drops nothing', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  pair.network.reach = 'refused'
  const { client } = pair.connect({ outbox: { maxOperations: 5 } })
  const kept = Array.from({ length: 5 }, (_, index) => watchSettlement(client.request('count', index)))
  const refused = watchSettlement(client.request('count', 'too many'))
  await pair.clock.settle()
  expect(refused).toMatchObject({ code: 'outbox_full', outcome: 'not_sent', error: { retry: true } })
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.pending === 0)
  expect(kept.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5])
  expect(executed).toEqual([0, 1, 2, 3, 4])
})

test('S24 the same by size', async () => {
  const pair = makePair()
  pair.network.reach = 'refused'
  const { client } = pair.connect({ outbox: { maxLength: 1_000 } })
  const kept = watchSettlement(client.publish('room', 'x'.repeat(500)))
  const refused = watchSettlement(client.publish('room', 'x'.repeat(500)))
  await pair.clock.settle()
  expect(refused).toMatchObject({ code: 'outbox_full', outcome: 'not_sent' })
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.pending === 0)
  expect(kept.value).toMatchObject({ offset: 1 })
})

test('[R43] an operation that is given up while others go back to the queue stays failed', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  const stop = new AbortController()
  const told: string[] = []
  link.up.hold()
  let sent = false
  const first = client.publish('room', 1, {
    onStatus: (status) => {
      if (status === 'queued' && sent) stop.abort()
      sent ||= status === 'sent'
    },
  })
  const second = client.publish('room', 2, { signal: stop.signal, onStatus: (status) => told.push(status) })
  const given = watchSettlement(second)
  await pair.clock.advance(10)
  if (client.session) pair.hub.disconnect(client.session, { retry: true })
  await pair.clock.settled(first)
  expect(given.error).toMatchObject({ code: 'aborted' })
  expect([second.status, told.at(-1)]).toEqual(['failed', 'failed'])
})

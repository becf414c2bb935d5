import { expect } from 'vitest'
import type { Hub } from '../../server/hub.ts'
import { deferred } from '../deferred.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair, PairClient } from '../pair.ts'
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

test('S25 a request outlives a reconnect, from client to hub', async () => {
  const finish = deferred<string>()
  let runs = 0
  const pair = makePair({
    started: (hub) =>
      void hub.onRequest('slow', () => {
        runs++
        return finish.promise
      }),
  })
  const pairClient = await pair.connected()
  const reply = watchSettlement(pairClient.client.request('slow', null))
  await pair.clock.advance(50)
  await cutAndBack(pair, pairClient)
  expect(reply.state).toBe('pending')
  pairClient.link.cut()
  await pair.clock.settle()
  finish.resolve('answered while the client was away')
  await pair.clock.until(() => reply.state !== 'pending')
  expect(reply.value).toBe('answered while the client was away')
  expect(runs).toBe(1)
})

test('S25 a request outlives a reconnect, from hub to client; an answer given offline comes later', async () => {
  const finish = deferred<string>()
  const pair = makePair()
  const pairClient = await pair.connected()
  const { client } = pairClient
  let runs = 0
  client.onRequest('slow', () => {
    runs++
    return finish.promise
  })
  const reply = watchSettlement(pair.hub.request({ session: client.session ?? '' }, 'slow', null))
  await pair.clock.advance(50)
  await cutAndBack(pair, pairClient)
  expect(runs).toBe(1)
  pairClient.link.cut()
  await pair.clock.until(() => client.state === 'waiting')
  finish.resolve('answered offline')
  await pair.clock.until(() => reply.state !== 'pending')
  expect(reply.value).toBe('answered offline')
  expect(runs).toBe(1)
})

test('S25 a request of the hub to a client that is away is asked when it is back', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  client.onRequest('locate', (payload) => ({ found: payload }))
  link.cut()
  await pair.clock.settle()
  const reply = pair.hub.request({ session: client.session ?? '' }, 'locate', 'ada')
  expect(await pair.clock.settled(reply)).toEqual({ found: 'ada' })
})

test('S25 a deadline that passes during the outage says whether the request was ever sent', async () => {
  const { started, executed } = counting()
  const pair = makePair({ started })
  const { client, link } = await pair.connected()
  link.down.hold()
  const sent = watchSettlement(client.request('count', 'sent', { timeoutMs: 5_000 }))
  await pair.clock.advance(50)
  pair.network.reach = 'refused'
  link.cut()
  await pair.clock.settle()
  const queued = watchSettlement(client.request('count', 'queued', { timeoutMs: 5_000 }))
  await pair.clock.advance(6_000)
  expect(sent).toMatchObject({ code: 'timeout', outcome: 'unknown' })
  expect(queued).toMatchObject({ code: 'timeout', outcome: 'not_sent' })
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(1_000)
  expect(executed).toEqual(['sent'])
  expect(client.pending).toBe(0)
})

test('S25 a deadline of the hub’s request that passes during the outage', async () => {
  const pair = makePair()
  const pairClient = await pair.connected()
  const { client } = pairClient
  const aborted: boolean[] = []
  client.onRequest('slow', (_payload, { signal }) => {
    const { promise, resolve } = deferred<void>()
    signal.addEventListener('abort', () => {
      aborted.push(true)
      resolve()
    })
    return promise
  })
  const to = { session: client.session ?? '' }
  const sent = watchSettlement(pair.hub.request(to, 'slow', null, { timeoutMs: 2_000 }))
  await pair.clock.advance(50)
  await pair.cutOff(pairClient)
  const queued = watchSettlement(pair.hub.request(to, 'slow', null, { timeoutMs: 2_000 }))
  await pair.clock.advance(3_000)
  expect(sent).toMatchObject({ code: 'timeout', outcome: 'unknown' })
  expect(queued).toMatchObject({ code: 'timeout', outcome: 'not_sent' })
  expect(aborted).toEqual([true])
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(1_000)
  expect(pair.hub.stats().operations.requested).toBe(0)
})

test('a handler hears of the caller’s abort, in both directions', async () => {
  const aborted: string[] = []
  const waitFor =
    (side: string) =>
    (_payload: unknown, { signal }: { signal: AbortSignal }) => {
      const { promise, resolve } = deferred<void>()
      signal.addEventListener('abort', () => {
        aborted.push(side)
        resolve()
      })
      return promise
    }
  const pair = makePair({ started: (hub) => void hub.onRequest('wait', waitFor('hub')) })
  const { client } = await pair.connected()
  client.onRequest('wait', waitFor('client'))
  const controller = new AbortController()
  const { signal } = controller
  const asked = [
    watchSettlement(client.request('wait', null, { signal })),
    watchSettlement(pair.hub.request({ session: client.session ?? '' }, 'wait', null, { signal })),
  ]
  await pair.clock.advance(50)
  controller.abort()
  await pair.clock.advance(50)
  expect(asked).toMatchObject([
    { code: 'aborted', outcome: 'unknown' },
    { code: 'aborted', outcome: 'unknown' },
  ])
  expect(aborted.sort()).toEqual(['client', 'hub'])
  expect(client.pending).toBe(0)
  expect(pair.hub.stats().operations).toEqual({ running: 0, requested: 0 })
})

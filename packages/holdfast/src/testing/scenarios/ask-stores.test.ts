import { expect, test } from 'vitest'
import type { Ask } from '../../client/ask.ts'
import { MemoryAsks } from '../../engines/memory/memory-asks.ts'
import { byToken, engineWith, give, onlyAsk, statuses, storeBehind } from '../asked-world.ts'
import { deferred } from '../deferred.ts'
import { makingPairs } from '../pair-fixture.ts'
import type { Pair, PairOptions } from '../pair.ts'
import { watchSettlement } from '../settlement.ts'

const make = makingPairs()

const makePair = (options: PairOptions): Pair => make({ ...options, hub: { authenticate: byToken } })

const ana = { user: 'ana' }

test('a store that outlives the hub: nobody is asked again what was answered, and answers wait for the asker', async () => {
  const asks = new MemoryAsks()
  const pair = makePair({ engine: () => engineWith(asks) })
  const { client } = await pair.connected({ token: 'ana' })
  const shown: Ask[] = []
  client.onAsk('approve', (ask) => void shown.push(ask))
  const validate = (answer: unknown): boolean => answer === 'yes'
  const first = pair.hub.ask(ana, 'approve', 1, { key: '1', validate })
  void pair.hub.ask(ana, 'approve', 2, { key: '2', validate })
  const expiring = pair.hub.ask(ana, 'approve', 3, { key: '3', deadlineMs: 1_000 })
  await pair.clock.until(() => shown.length === 3)
  give(shown[0], 'yes')
  const answer = await pair.clock.settled(first)
  pair.killHub()
  void expiring.catch(() => {})
  const second = give(shown[1], 'yes')
  await pair.clock.advance(2_000)
  pair.startHub()
  await pair.clock.until(() => client.state === 'live' && statuses(client).includes('expired'))
  await pair.clock.advance(60_000)
  expect([second.state, pair.hub.asks().map(({ key }) => key)]).toEqual(['pending', ['2']])
  const again = pair.hub.ask(ana, 'approve', 1, { key: '1', validate })
  expect(await pair.clock.settled(again)).toEqual(answer)
  const waiting = pair.hub.ask(ana, 'approve', 2, { key: '2', validate })
  expect(await pair.clock.settled(waiting)).toMatchObject({ value: 'yes', user: 'ana' })
  await pair.clock.until(() => second.state === 'resolved')
  expect(shown).toHaveLength(3)
})

test('an engine that fails: nothing is asked, nothing is answered, and all of it can be tried again', async () => {
  const asks = new MemoryAsks()
  let broken = true
  const failing = (): Promise<void> =>
    broken ? Promise.reject(new Error('the disk is full')) : Promise.resolve()
  const store = storeBehind(asks, failing)
  const pair = makePair({ engine: () => engineWith(store) })
  const { client } = await pair.connected({ token: 'ana' })
  await expect(pair.clock.settled(pair.hub.ask(ana, 'approve', 1))).rejects.toMatchObject({
    code: 'engine_failed',
  })
  expect([client.asks, pair.hub.asks()]).toEqual([[], []])
  broken = false
  const asked = pair.hub.ask(ana, 'approve', 1)
  const expiring = watchSettlement(pair.hub.ask(ana, 'approve', 2, { deadlineMs: 5_000 }))
  await pair.clock.until(() => client.asks.length === 2)
  broken = true
  const answer = () => pair.clock.settled(client.asks[0]?.answer('yes') ?? Promise.resolve())
  await expect(answer()).rejects.toMatchObject({ code: 'engine_failed', outcome: 'replied' })
  await expect(pair.hub.escalate(asked.id, { user: 'ben' })).rejects.toMatchObject({
    code: 'engine_failed',
  })
  await pair.clock.advance(6_000)
  expect(expiring.state).toBe('pending')
  broken = false
  await pair.clock.until(() => expiring.state === 'rejected')
  expect(expiring.code).toBe('ask_expired')
  await answer()
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
})

test('asked again while it is withdrawn: it goes on, or begins anew', async () => {
  const gate = { open: Promise.resolve(), addUsers: Promise.resolve(), conclude: Promise.resolve() }
  const store = storeBehind(new MemoryAsks(), (call) => gate[call])
  const pair = makePair({ engine: () => engineWith(store) })
  const { client } = await pair.connected({ token: 'ana' })
  const asking = () => {
    const stop = new AbortController()
    const asked = watchSettlement(pair.hub.ask(ana, 'approve', null, { key: 'k', signal: stop.signal }))
    return { stop, asked }
  }
  const opening = deferred<void>()
  gate.open = opening.promise
  const first = asking()
  await pair.clock.settle()
  first.stop.abort()
  const second = asking()
  await pair.clock.settle()
  opening.resolve()
  await pair.clock.until(() => client.asks.length === 1)
  await pair.clock.advance(1_000)
  expect([first.asked.code, second.asked.state, ...statuses(client)]).toEqual([
    'aborted',
    'pending',
    'pending',
  ])

  const concluding = deferred<void>()
  gate.conclude = concluding.promise
  second.stop.abort()
  const [third, fourth] = [asking(), asking()]
  await pair.clock.advance(1_000)
  concluding.resolve()
  await pair.clock.until(() => onlyAsk(client).status === 'pending' && pair.hub.asks().length === 1)
  give(onlyAsk(client), 'yes')
  await pair.clock.until(() => fourth.asked.state !== 'pending')
  expect([second.asked.code, third.asked.value, fourth.asked.value]).toMatchObject([
    'aborted',
    { value: 'yes' },
    { value: 'yes' },
  ])
})

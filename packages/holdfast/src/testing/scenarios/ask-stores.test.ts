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

test('[R69] a store that outlives the hub: nobody is asked again what was answered, and answers wait for the asker', async () => {
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
  await pair.clock.advance(3_000)
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

/** An answer that comes again over another session while the engine decides on it; the validator refuses all but the first. */
async function answeredTwice() {
  const deciding = deferred<'works' | 'fails'>()
  let concluding = 0
  const store = storeBehind(new MemoryAsks(), async (call) => {
    const isFirst = call === 'conclude' && ++concluding === 1
    if (isFirst && (await deciding.promise) === 'fails') throw new Error('the disk is full')
  })
  const pair = makePair({ engine: () => engineWith(store) })
  const { client } = await pair.connected({ token: 'ana' })
  let judged = 0
  const asked = watchSettlement(pair.hub.ask(ana, 'approve', null, { validate: () => ++judged === 1 }))
  await pair.clock.until(() => client.asks.length === 1)
  const ask = onlyAsk(client)
  const answered = give(ask, 'yes')
  await pair.clock.advance(200)
  pair.hub.disconnect(client.session ?? '', { retry: true })
  // Longer than the hub takes to judge an answer.
  await pair.clock.advance(15_000)
  expect([judged, answered.state, ask.status]).toEqual([2, 'pending', 'sending'])
  return { pair, deciding, asked, ask, answered }
}

test('[R66] an answer that comes again while the engine decides is taken, over whichever session and however late', async () => {
  const { pair, deciding, asked, ask, answered } = await answeredTwice()
  deciding.resolve('works')
  await pair.clock.until(() => asked.state !== 'pending' && answered.state !== 'pending')
  expect([asked.state, answered.state, ask.status]).toEqual(['resolved', 'resolved', 'accepted'])
})

test('[R66] an answer that comes again while the engine decides fails with it', async () => {
  const { pair, deciding, asked, ask, answered } = await answeredTwice()
  deciding.resolve('fails')
  await pair.clock.until(() => answered.state !== 'pending')
  expect([asked.state, answered.code, ask.status]).toEqual(['pending', 'engine_failed', 'refused'])
  await pair.clock.advance(100)
  expect(pair.hub.stats().operations.running).toBe(0)
  pair.hub.withdraw(ask.id)
  await pair.clock.until(() => asked.state !== 'pending')
  expect(asked.code).toBe('ask_cancelled')
})

test('asked by several while the engine opens it: users are added then, and all are told if it fails', async () => {
  let opening = deferred<void>()
  const asks = new MemoryAsks()
  const store = storeBehind(asks, (call) => (call === 'open' ? opening.promise : Promise.resolve()))
  const pair = makePair({
    engine: () =>
      engineWith({
        ...store,
        open: (ask) => (ask.key === 'fails' ? Promise.reject(new Error('full')) : store.open(ask)),
      }),
  })
  const stop = new AbortController()
  const ask = (user: string, key: string) =>
    watchSettlement(pair.hub.ask({ user }, 'approve', 1, { key, deadlineMs: 60_000, signal: stop.signal }))
  const failing = [ask('ana', 'fails'), ask('ana', 'fails')]
  const opened = [ask('ana', 'k'), ask('ben', 'k')]
  await pair.clock.advance(100)
  expect(failing.map(({ code }) => code)).toEqual(['engine_failed', 'engine_failed'])
  opening.resolve()
  opening = deferred<void>()
  await pair.clock.until(() => pair.hub.asks()[0]?.users.length === 2)
  expect((await asks.load()).map(({ users }) => users)).toEqual([['ana', 'ben']])
  expect(opened.map(({ state }) => state)).toEqual(['pending', 'pending'])
  stop.abort()
  await pair.clock.advance(100)
  expect(pair.hub.stats().asks).toMatchObject({ pending: 0, waiting: 0 })
})

test('users who are added at the same time count against their bounds', async () => {
  const pair = make({ hub: { authenticate: byToken, limits: { maxAsksOfUser: 2 } } })
  const stop = new AbortController()
  const asked = ['a', 'b', 'c', 'd', 'e'].map((user) =>
    pair.hub.ask({ user }, 'approve', 1, { signal: stop.signal }),
  )
  const settled = asked.map(watchSettlement)
  const added = await Promise.allSettled(asked.map(({ id }) => pair.hub.escalate(id, ana)))
  expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  expect(pair.hub.asks().filter(({ users }) => users.includes('ana'))).toHaveLength(2)
  stop.abort()
  await pair.clock.until(() => settled.every(({ state }) => state === 'rejected'))
})

test('an engine that cannot load is asked again, and one that is slow leaves nothing in a hub that was closed', async () => {
  const asks = new MemoryAsks()
  await asks.open({
    id: 'x',
    tenant: null,
    key: 'k',
    method: 'approve',
    data: '1',
    users: ['ana'],
    expiresAt: null,
    conclusion: null,
  })
  const unhindered = storeBehind(asks, () => Promise.resolve())
  let loads = 0
  const load = (): ReturnType<MemoryAsks['load']> =>
    ++loads > 2 ? asks.load() : Promise.reject(new Error('away'))
  const pair = makePair({ engine: () => engineWith({ ...unhindered, load }) })
  const { client } = await pair.connected({ token: 'ana' })
  await expect(pair.hub.ask(ana, 'approve', 2)).rejects.toMatchObject({ code: 'engine_failed' })
  await pair.clock.until(() => client.asks.length === 1)
  expect(pair.hub.withdraw('x')).toBe(true)
  await pair.clock.until(() => statuses(client)[0] === 'cancelled')
  await pair.closeClients()
  await pair.clock.settled(pair.hub.close())

  const loading = deferred<void>()
  const slow = makePair({
    engine: () => engineWith({ ...unhindered, load: () => loading.promise.then(() => asks.load()) }),
  })
  await slow.clock.settled(slow.hub.close())
  loading.resolve()
  await slow.clock.advance(100)
  expect(slow.hub.stats()).toMatchObject({ asks: { pending: 0, ended: 0 }, deadlines: 0 })
})

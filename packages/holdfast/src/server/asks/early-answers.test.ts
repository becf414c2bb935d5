import { expect, test } from 'vitest'
import type { StoredAsk } from '../../engines/ask-store.ts'
import { MemoryAsks } from '../../engines/memory/memory-asks.ts'
import { byToken, engineWith, storeBehind } from '../../testing/asked-world.ts'
import { deferred } from '../../testing/deferred.ts'
import { makingPairs } from '../../testing/pair-fixture.ts'
import type { Pair } from '../../testing/pair.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { watchSettlement } from '../../testing/settlement.ts'
import { askId } from './ask-id.ts'

const makePair = makingPairs()

const ana = { user: 'ana' }
const id = askId(null, 'q', 'approve', 1)
const kept: StoredAsk = {
  id,
  tenant: null,
  key: 'q',
  method: 'approve',
  data: '1',
  users: ['ana'],
  expiresAt: null,
  conclusion: null,
}

/** A hub after a restart, whose store keeps an ask, and a device that holds it. */
async function restarted(load: () => Promise<void>) {
  const asks = new MemoryAsks()
  await asks.open(kept)
  const unhindered = storeBehind(asks, () => Promise.resolve())
  const store = { ...unhindered, load: () => load().then(() => asks.load()) }
  const pair = makePair({ engine: () => engineWith(store), hub: { authenticate: byToken } })
  return { pair, asks, raw: await device(pair, 'ana') }
}

async function device(pair: Pair, user: string): Promise<RawClient> {
  const producer = { id: `${user}-0123456789-0123456789`, highest: 0, open: [] }
  const raw = await RawClient.greeting(pair, { token: user, instance: user, producer })
  raw.send({ type: 'asks', known: [id] })
  return raw
}

/** Nothing of their sessions is left. */
async function leave(pair: Pair, ...raws: readonly RawClient[]): Promise<void> {
  for (const raw of raws) raw.send({ type: 'leave' })
  await pair.clock.advance(100)
}

const answer = (number: number, data: string, to = id) => ({ type: 'answer', number, id: to, data })

/** What the device was told of answers and ends, in order. */
const told = ({ frames }: RawClient) =>
  frames.filter(({ type }) => type === 'concluded' || type === 'result').map(({ by: _by, ...frame }) => frame)

const refused = (number: number, code: string) => ({ type: 'result', number, error: { code } })

test('[R69] an answer waits until the store could load, and then for the asker', async () => {
  let failures = 3
  const { pair, raw } = await restarted(async () => {
    if (failures-- > 0) throw new Error('away')
  })
  const ben = await device(pair, 'ben')
  raw.send(answer(1, 'yes'))
  raw.send(answer(2, 'yes', 'never-there'))
  ben.send(answer(1, 'no'))
  await pair.clock.advance(1_500)
  expect([told(raw), told(ben)]).toEqual([[], []])
  await pair.clock.advance(2_000)
  expect(told(raw)).toMatchObject([refused(2, 'ask_unknown')])
  expect(told(ben)).toMatchObject([{ id, status: 'unknown' }, refused(1, 'ask_unknown')])
  const asked = pair.hub.ask(ana, 'approve', 1, { key: 'q' })
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
  await pair.clock.advance(100)
  expect(told(raw).slice(1)).toMatchObject([
    { id, status: 'answered' },
    { type: 'result', number: 1, value: null },
  ])
  await leave(pair, raw, ben)
})

test('[R66, R67] of an ask that has ended the early answers learn how, after everybody was told', async () => {
  const loading = deferred<void>()
  const { pair, asks, raw } = await restarted(() => loading.promise)
  await asks.conclude(id, { status: 'cancelled', time: pair.wallNow(pair.hubLoop) })
  raw.send(answer(1, 'yes'))
  await pair.clock.advance(100)
  loading.resolve()
  await pair.clock.advance(100)
  expect(told(raw)).toMatchObject([{ id, status: 'cancelled' }, refused(1, 'ask_cancelled')])
  await leave(pair, raw)
})

test('[R65, R69] waiting for the store and for the asker takes no longer than `validateMs` in all', async () => {
  const loading = deferred<void>()
  const { pair, raw } = await restarted(() => loading.promise)
  raw.send(answer(1, 'early'))
  await pair.clock.advance(6_000)
  raw.send(answer(2, 'of another ask', 'other'))
  await pair.clock.advance(3_800)
  expect(told(raw)).toEqual([])
  await pair.clock.advance(400)
  expect(told(raw)).toMatchObject([refused(1, 'engine_failed')])
  raw.send(answer(3, 'again'))
  await pair.clock.advance(5_000)
  loading.resolve()
  await pair.clock.advance(4_800)
  expect(told(raw).slice(1)).toMatchObject([refused(2, 'ask_unknown')])
  await pair.clock.advance(400)
  expect(told(raw).slice(2)).toMatchObject([refused(3, 'timeout')])
  expect(pair.hub.withdraw(id)).toBe(true)
  await leave(pair, raw)
})

test('[R65] one early answer of a session waits for each ask; it can be taken back before and after the store was loaded', async () => {
  const loading = deferred<void>()
  const { pair, raw } = await restarted(() => loading.promise)
  raw.send(answer(1, 'no'))
  raw.send(answer(2, 'too many'))
  await pair.clock.advance(100)
  expect(told(raw)).toMatchObject([refused(2, 'overloaded')])
  raw.send({ type: 'cancel', number: 1 })
  raw.send(answer(3, 'perhaps'))
  await pair.clock.advance(100)
  expect(told(raw).slice(1)).toMatchObject([refused(1, 'cancelled')])
  loading.resolve()
  await pair.clock.advance(100)
  raw.send({ type: 'cancel', number: 3 })
  raw.send(answer(4, 'yes'))
  await pair.clock.advance(100)
  expect(told(raw).slice(2)).toMatchObject([refused(3, 'cancelled')])
  const asked = pair.hub.ask(ana, 'approve', 1, { key: 'q' })
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
  await leave(pair, raw)
})

test('a session that ends takes its early answers back, and the close of the hub leaves none', async () => {
  const loading = deferred<void>()
  const { pair, raw } = await restarted(() => loading.promise)
  const ben = await device(pair, 'ben')
  raw.send(answer(1, 'yes'))
  ben.send(answer(1, 'yes'))
  await pair.clock.advance(100)
  expect(pair.hub.stats().operations.running).toBe(2)
  await leave(pair, raw)
  expect(pair.hub.stats().operations.running).toBe(1)
  const closed = watchSettlement(pair.hub.close({ drainMs: 1_000 }))
  await pair.clock.until(() => closed.state === 'resolved')
  expect(pair.hub.stats()).toMatchObject({ operations: { running: 0 }, deadlines: 0 })
  loading.resolve()
  await pair.clock.advance(100)
  expect(pair.hub.stats()).toMatchObject({ asks: { pending: 0 }, deadlines: 0 })
})

test('[R62] nobody who is anonymous is made to wait', async () => {
  const { pair, raw } = await restarted(() => new Promise(() => {}))
  const anonymous = await RawClient.greeting(pair, { token: '' })
  anonymous.send(answer(1, 'mine'))
  await pair.clock.advance(100)
  expect(told(anonymous)).toMatchObject([refused(1, 'ask_unknown')])
  await leave(pair, raw, anonymous)
})

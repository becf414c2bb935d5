import { expect, test as vitest } from 'vitest'
import type { Ask } from '../../client/ask.ts'
import { byToken, give, onlyAsk } from '../asked-world.ts'
import { overEachTransport } from '../over-each-transport.ts'
import { makingPairs } from '../pair-fixture.ts'
import type { PairOptions } from '../pair.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair: make } = overEachTransport()
const makeAny = makingPairs()

const withUsers = (options: PairOptions): PairOptions => ({
  ...options,
  hub: { authenticate: byToken, ...options.hub },
})
const makePair = (options: Omit<PairOptions, 'transport'> = {}) => make(withUsers(options))

const ana = { user: 'ana' }

test('S44 the server is restarted and asks again with the same key: the user sees one prompt', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const shown: Ask[] = []
  client.onAsk('approve', (ask) => void shown.push(ask))
  void pair.hub.ask(ana, 'approve', { step: 1 }, { key: 'run:1' })
  await pair.clock.until(() => shown.length === 1)
  pair.killHub()
  await pair.clock.advance(5_000)
  const answered = give(onlyAsk(client), 'given while it was away')
  const again = pair.startHub().ask(ana, 'approve', { step: 1 }, { key: 'run:1' })
  expect(await pair.clock.settled(again)).toMatchObject({ value: 'given while it was away' })
  await pair.clock.until(() => answered.state !== 'pending')
  expect(answered.state).toBe('resolved')
  expect(shown).toHaveLength(1)
  expect(onlyAsk(client)).toBe(shown[0])
})

test('S44 a device that came back before the server asked again is asked again, once', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected({ token: 'ana' })
  const shown: Ask[] = []
  client.onAsk('approve', (ask) => void shown.push(ask))
  void pair.hub.ask(ana, 'approve', null, { key: 'run:1' })
  await pair.clock.until(() => shown.length === 1)
  pair.killHub()
  pair.startHub()
  await pair.clock.until(() => client.state === 'live' && links.length > 1 && shown[0]?.status === 'unknown')
  const again = pair.hub.ask(ana, 'approve', null, { key: 'run:1' })
  await pair.clock.until(() => shown.length === 2)
  expect(onlyAsk(client)).toBe(shown[1])
  give(shown[1], 'yes')
  expect(await pair.clock.settled(again)).toMatchObject({ value: 'yes' })
})

test('[R63] S44 a device whose answer came too late, and which does not know it yet, is asked again', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected({ token: 'ana' })
  pair.hub.ask(ana, 'approve', null, { key: 'run:1', deadlineMs: 1_000 }).catch(() => {})
  await pair.clock.until(() => client.asks.length === 1)
  const [before] = client.asks
  link.down.hold()
  await pair.clock.advance(1_500)
  const late = give(before, 'too late')
  await pair.clock.advance(500)
  const again = pair.hub.ask(ana, 'approve', null, { key: 'run:1' })
  link.cut()
  await pair.clock.until(() => client.asks.some(({ status }) => status === 'pending'))
  expect(late).toMatchObject({ code: 'ask_expired' })
  give(onlyAsk(client), 'in time')
  expect(await pair.clock.settled(again)).toMatchObject({ value: 'in time' })
})

test('the same key is the same ask and has the same answer, for a named time', async () => {
  const pair = makePair({ hub: { timeouts: { endedAskTtlMs: 60_000 } } })
  const { client } = await pair.connected({ token: 'ana' })
  let shown = 0
  client.onAsk('approve', (ask) => {
    shown++
    give(ask, `answer ${shown}`)
  })
  const ask = () => pair.hub.ask(ana, 'approve', { step: 1 }, { key: 'k' })
  const [one, other] = await pair.clock.settled(Promise.all([ask(), ask()]))
  await pair.clock.advance(50_000)
  const later = await pair.clock.settled(ask())
  expect([one?.value, other, later]).toEqual(['answer 1', one, one])
  expect(pair.hub.stats().asks).toEqual({ pending: 0, ended: 1, waiting: 0 })
  await pair.clock.advance(11_000)
  expect(pair.hub.stats().asks).toEqual({ pending: 0, ended: 0, waiting: 0 })
  expect(await pair.clock.settled(ask())).toMatchObject({ value: 'answer 2' })
})

test('a key that comes with another question is refused; one that was cancelled or has expired is free', async () => {
  const pair = makePair()
  const stop = new AbortController()
  const question = watchSettlement(pair.hub.ask(ana, 'approve', 1, { key: 'k', signal: stop.signal }))
  await expect(pair.hub.ask(ana, 'approve', 2, { key: 'k' })).rejects.toMatchObject({ code: 'key_reused' })
  await expect(pair.hub.ask(ana, 'other', 1, { key: 'k' })).rejects.toMatchObject({ code: 'key_reused' })
  const acme = pair.hub.ask({ ...ana, tenant: 'acme' }, 'approve', 2, { key: 'k', deadlineMs: 1_000 })
  stop.abort()
  await pair.clock.until(() => question.state === 'rejected')
  await expect(pair.clock.settled(acme)).rejects.toMatchObject({ code: 'ask_expired' })
  const { client } = await pair.connected({ token: 'ana' })
  const again = pair.hub.ask(ana, 'approve', 2, { key: 'k' })
  await pair.clock.until(() => client.asks.length === 1)
  give(onlyAsk(client), 'yes')
  expect(await pair.clock.settled(again)).toMatchObject({ value: 'yes' })
  await expect(pair.hub.ask(ana, 'approve', 3, { key: 'k' })).rejects.toMatchObject({ code: 'key_reused' })
})

vitest(
  'bounds: asks of a user and in all, their length, and what is kept of those that are over',
  async () => {
    const limits = { maxAsks: 3, maxAsksOfUser: 2, maxEndedAsks: 2, maxAskLength: 1_000 }
    const pair = makeAny(withUsers({ hub: { limits } }))
    const stop = new AbortController()
    const ask = (user: string, payload: unknown = null) =>
      watchSettlement(pair.hub.ask({ user }, 'approve', payload, { signal: stop.signal }))
    const asked = ['ana', 'ana', 'ana', 'ben', 'cleo'].map((user) => ask(user))
    await pair.clock.settle()
    const limited = { code: 'ask_limit', outcome: 'not_sent' }
    expect(asked.map(({ state }) => state)).toEqual(['pending', 'pending', 'rejected', 'pending', 'rejected'])
    expect([asked[2], asked[4]]).toMatchObject([limited, limited])
    const { id } = pair.hub.asks()[2] ?? { id: '' }
    await expect(pair.hub.escalate(id, ana)).rejects.toMatchObject({ code: 'ask_limit' })
    stop.abort()
    await pair.clock.settle()
    expect(pair.hub.stats().asks).toEqual({ pending: 0, ended: 2, waiting: 0 })
    await expect(pair.hub.ask(ana, 'approve', 'x'.repeat(2_100_000))).rejects.toMatchObject({
      code: 'message_too_large',
    })
    await expect(pair.hub.ask(ana, 'approve', 'x'.repeat(1_000))).rejects.toMatchObject(limited)
    await expect(pair.hub.ask(ana, 'approve', new Date())).rejects.toMatchObject({ code: 'data_invalid' })
    await expect(pair.hub.ask(ana, '', null)).rejects.toMatchObject({ code: 'method_invalid' })
    expect(() => pair.hub.ask({ users: [] }, 'approve', null)).toThrow(TypeError)
    expect(() => pair.hub.ask(ana, 'approve', null, { deadlineMs: 0 })).toThrow(TypeError)
  },
)

test('the hub closes: whoever waits is told, and nothing is left', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const asked = watchSettlement(
    pair.hub.ask(ana, 'approve', null, { deadlineMs: 600_000, validate: () => new Promise(() => {}) }),
  )
  await pair.clock.until(() => client.asks.length === 1)
  const answered = give(onlyAsk(client), 'yes')
  await pair.clock.advance(100)
  pair.network.reach = 'refused'
  await pair.clock.settled(pair.hub.close({ drainMs: 1_000 }))
  expect(asked).toMatchObject({ state: 'rejected', code: 'closed' })
  await expect(pair.hub.ask(ana, 'approve', null)).rejects.toMatchObject({
    code: 'closed',
    outcome: 'not_sent',
  })
  expect(answered.state).toBe('pending')
  await pair.closeClients()
  expect(answered).toMatchObject({ state: 'rejected', code: 'closed', outcome: 'unknown' })
})

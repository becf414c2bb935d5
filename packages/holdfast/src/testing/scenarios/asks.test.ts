import { expect } from 'vitest'
import type { Ask } from '../../client/ask.ts'
import { rejection } from '../../core/wire/errors.ts'
import { byToken, give, onlyAsk, statuses } from '../asked-world.ts'
import { deferred } from '../deferred.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { PairOptions } from '../pair.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair: make } = overEachTransport()

const makePair = (options: Omit<PairOptions, 'transport'> = {}) =>
  make({ ...options, hub: { authenticate: byToken, ...options.hub } })

const ana = { user: 'ana' }

test('S42 two devices answer at once: one wins, the other learns who', async () => {
  const pair = makePair()
  const one = await pair.connected({ token: 'ana' })
  const other = await pair.connected({ token: 'ana' })
  const asked = pair.hub.ask(ana, 'approve', { step: 1 })
  await pair.clock.until(() => one.client.asks.length + other.client.asks.length === 2)
  const [first, second] = [onlyAsk(one.client), onlyAsk(other.client)]
  expect(first).toMatchObject({ id: asked.id, method: 'approve', payload: { step: 1 }, status: 'pending' })
  const answers = [first.answer('yes'), second.answer('no')].map(watchSettlement)
  const answer = await pair.clock.settled(asked)
  await pair.clock.until(() => answers.every(({ state }) => state !== 'pending'))
  const winner = answer.value === 'yes' ? first : second
  const loser = answer.value === 'yes' ? second : first
  expect(answers.map(({ state }) => state).toSorted()).toEqual(['rejected', 'resolved'])
  expect(answers.find(({ state }) => state === 'rejected')).toMatchObject({
    code: 'already_answered',
    outcome: 'replied',
  })
  expect([winner.status, loser.status]).toEqual(['accepted', 'answered_elsewhere'])
  const session = (answer.value === 'yes' ? one : other).client.session
  expect(answer).toMatchObject({ user: 'ana', session })
  expect(loser.answeredBy).toEqual({ user: 'ana', session, time: answer.time })
  expect(loser.signal.aborted).toBe(true)
})

test('S42 a handler that throws declines for its device only', async () => {
  const pair = makePair()
  const throwing = await pair.connected({ token: 'ana' })
  throwing.client.onAsk('approve', () => {
    throw new Error('no dialog')
  })
  const answering = await pair.connected({ token: 'ana' })
  await pair.connected({ token: 'ana' })
  answering.client.onAsk('approve', async (ask) => {
    await new Promise<void>((resolve) => void answering.loop.setTimer(resolve, 30_000))
    await ask.answer('yes')
  })
  expect(await pair.clock.settled(pair.hub.ask(ana, 'approve', null))).toMatchObject({ value: 'yes' })
  expect(throwing.errors).toMatchObject([{ code: 'handler_threw' }])
  await pair.clock.until(() => statuses(throwing.client)[0] === 'answered_elsewhere')
})

test('S42 an answer after the deadline loses, even if its validation began before', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const verdict = deferred<boolean>()
  const asked = watchSettlement(
    pair.hub.ask(ana, 'approve', null, { deadlineMs: 8_000, validate: () => verdict.promise }),
  )
  await pair.clock.until(() => client.asks.length === 1)
  const answered = give(onlyAsk(client), 'yes')
  await pair.clock.advance(7_000)
  expect([asked.state, answered.state]).toEqual(['pending', 'pending'])
  await pair.clock.advance(3_000)
  verdict.resolve(true)
  await pair.clock.advance(1_000)
  expect(asked).toMatchObject({ state: 'rejected', code: 'ask_expired' })
  expect(answered).toMatchObject({ state: 'rejected', code: 'ask_expired', outcome: 'replied' })
  expect(statuses(client)).toEqual(['expired'])
})

test('S43 the page is reloaded while an ask is pending: it is shown again', async () => {
  const pair = makePair()
  const before = await pair.connected({ token: 'ana' })
  const asked = pair.hub.ask(ana, 'approve', { step: 1 }, { deadlineMs: 600_000 })
  await pair.clock.until(() => before.client.asks.length === 1)
  await pair.clock.settled(before.client.close())
  expect(before.client.asks).toEqual([])
  const after = await pair.connected({ token: 'ana' })
  await pair.clock.until(() => after.client.asks.length === 1)
  const ask = onlyAsk(after.client)
  expect(ask).toMatchObject({ id: asked.id, payload: { step: 1 }, status: 'pending' })
  const [summary] = pair.hub.asks()
  expect(Math.abs((ask.expiresAt ?? 0) - (summary?.expiresAt ?? 0))).toBeLessThan(1_000)
  give(ask, 'yes')
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
})

test('S43 the server asks while no device is connected: it is shown when one comes', async () => {
  const pair = makePair()
  const asked = pair.hub.ask(ana, 'approve', null)
  await pair.clock.advance(300_000)
  const { client } = await pair.connected({ token: 'ana' })
  const shown: Ask[] = []
  client.onAsk('approve', (ask) => void shown.push(ask))
  await pair.clock.until(() => shown.length === 1)
  give(shown[0], 'yes')
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
})

test('a device that was away learns how the asks it shows have ended, and is shown the new ones', async () => {
  const pair = makePair()
  const away = await pair.connected({ token: 'ana' })
  const there = await pair.connected({ token: 'ana' })
  const stop = new AbortController()
  const settled = [
    pair.hub.ask(ana, 'approve', 'answered'),
    pair.hub.ask(ana, 'approve', 'cancelled', { signal: stop.signal }),
    pair.hub.ask(ana, 'approve', 'expired', { deadlineMs: 60_000 }),
  ].map(watchSettlement)
  const pending = pair.hub.ask(ana, 'approve', 'pending')
  await pair.clock.until(() => away.client.asks.length === 4 && there.client.asks.length === 4)
  await pair.cutOff(away)
  give(
    there.client.asks.find(({ payload }) => payload === 'answered'),
    'yes',
  )
  stop.abort()
  const asked = pair.hub.ask(ana, 'approve', 'new')
  await pair.clock.advance(61_000)
  expect(statuses(away.client)).toEqual(['pending', 'pending', 'pending', 'pending'])
  pair.network.reach = 'hub'
  await pair.clock.until(() => away.client.asks.length === 5)
  expect(away.client.asks.map(({ payload, status }) => [payload, status])).toEqual([
    ['answered', 'answered_elsewhere'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
    ['pending', 'pending'],
    ['new', 'pending'],
  ])
  expect(settled.map(({ state, code }) => code ?? state)).toEqual(['resolved', 'aborted', 'ask_expired'])
  for (const ask of away.client.asks) if (ask.status === 'pending') give(ask, 'yes')
  await pair.clock.settled(Promise.all([pending, asked]))
})

test('an answer given offline is delivered after the reconnect, and its sender sees accepted or answered elsewhere', async () => {
  const pair = makePair()
  const away = await pair.connected({ token: 'ana' })
  const there = await pair.connected({ token: 'ana' })
  const mine = pair.hub.ask(ana, 'approve', 'mine')
  const theirs = pair.hub.ask(ana, 'approve', 'theirs')
  await pair.clock.until(() => away.client.asks.length === 2 && there.client.asks.length === 2)
  await pair.cutOff(away)
  const answers = away.client.asks.map((ask) =>
    watchSettlement(ask.answer(`${String(ask.payload)} from away`)),
  )
  expect(statuses(away.client)).toEqual(['sending', 'sending'])
  give(
    there.client.asks.find(({ payload }) => payload === 'theirs'),
    'from there',
  )
  expect(await pair.clock.settled(theirs)).toMatchObject({ value: 'from there' })
  expect(answers.map(({ state }) => state)).toEqual(['pending', 'pending'])
  pair.network.reach = 'hub'
  expect(await pair.clock.settled(mine)).toMatchObject({ value: 'mine from away' })
  await pair.clock.until(() => answers.every(({ state }) => state !== 'pending'))
  expect(answers.map(({ state, code }) => code ?? state)).toEqual(['resolved', 'already_answered'])
  expect(statuses(away.client)).toEqual(['accepted', 'answered_elsewhere'])
})

test('[R66] an answer whose session is lost on the way is taken once, and its sender sees accepted', async () => {
  const pair = makePair()
  const { client, link } = await pair.connected({ token: 'ana' })
  const asked = pair.hub.ask(ana, 'approve', null)
  await pair.clock.until(() => client.asks.length === 1)
  link.down.hold()
  const answered = give(onlyAsk(client), 'yes')
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
  expect(answered.state).toBe('pending')
  pair.hub.disconnect(client.session ?? '', { retry: true })
  link.cut()
  await pair.clock.until(() => answered.state !== 'pending')
  expect(answered).toMatchObject({ state: 'resolved' })
  expect(statuses(client)).toEqual(['accepted'])
})

test('a validator judges: false and a rejection refuse, what it throws stays here, and the ask goes on', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const asked = pair.hub.ask<string>(ana, 'approve', null, {
    async validate(answer, { session }) {
      expect(session).toMatchObject({ user: 'ana' })
      await Promise.resolve()
      if (answer === 'rejected') throw rejection('reason_missing', 'Say why.')
      if (answer === 'throws') throw new Error('secret')
      if (answer === 'hangs') await new Promise(() => {})
      return answer === 'yes'
    },
  })
  await pair.clock.until(() => client.asks.length === 1)
  const ask = onlyAsk(client)
  const answer = (value: string) => pair.clock.settled(ask.answer(value))
  await expect(answer('no')).rejects.toMatchObject({ code: 'rejected', reason: 'answer_refused' })
  expect(ask).toMatchObject({ status: 'refused', error: { code: 'rejected' } })
  await expect(answer('rejected')).rejects.toMatchObject({ code: 'rejected', reason: 'reason_missing' })
  const failed = { code: 'handler_failed', message: 'handler_failed' }
  await expect(answer('throws')).rejects.toMatchObject(failed)
  expect(pair.logged).toMatchObject([{ message: 'the validator of an ask failed' }])
  await expect(answer('hangs')).rejects.toMatchObject({ code: 'timeout', outcome: 'replied' })
  expect(ask.signal.aborted).toBe(false)
  await answer('yes')
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
})

test('escalation: several users are asked, others later, and each learns that another answered', async () => {
  const pair = makePair()
  const [ada, ben, cleo] = await Promise.all(['ada', 'ben', 'cleo'].map((token) => pair.connected({ token })))
  const asked = pair.hub.ask({ users: ['ada', 'ben'] }, 'approve', null)
  await pair.clock.until(() => ada?.client.asks.length === 1 && ben?.client.asks.length === 1)
  expect(cleo?.client.asks).toEqual([])
  await pair.clock.settled(pair.hub.escalate(asked.id, { users: ['cleo', 'ada'] }))
  await pair.clock.until(() => cleo?.client.asks.length === 1)
  expect(pair.hub.asks()).toMatchObject([{ users: ['ada', 'ben', 'cleo'] }])
  give(cleo?.client.asks[0], 'yes')
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes', user: 'cleo' })
  const told = [ada, ben].map((device) => device?.client)
  await pair.clock.until(() => told.every((client) => client?.asks[0]?.status === 'answered_elsewhere'))
  expect(ben?.client.asks[0]?.answeredBy).toMatchObject({ user: 'cleo' })
  await expect(pair.hub.escalate(asked.id, { user: 'dan' })).rejects.toMatchObject({ code: 'ask_unknown' })
})

test('only who is asked can see or answer: not other users, other tenants, or anonymous sessions', async () => {
  const pair = makePair()
  const others = await Promise.all(['ben', 'acme/ana', ''].map((token) => pair.connected({ token })))
  const { client } = await pair.connected({ token: 'ana' })
  const asked = pair.hub.ask(ana, 'approve', null)
  const elsewhere = watchSettlement(pair.hub.ask({ user: 'ana', tenant: 'acme' }, 'approve', 'acme'))
  await pair.clock.until(() => client.asks.length === 1)
  await pair.clock.advance(1_000)
  expect(others.map((other) => other.client.asks.map(({ payload }) => payload))).toEqual([[], ['acme'], []])
  give(others[1]?.client.asks[0], 'yes')
  await pair.clock.until(() => elsewhere.state === 'resolved')
  expect(pair.hub.asks()).toHaveLength(1)
  give(onlyAsk(client), 'yes')
  await pair.clock.settled(asked)
})

test('[R70] another user on the same client object sees nothing of the asks before', async () => {
  const pair = makePair()
  let token = 'ana'
  const { client, link } = await pair.connected({ token: () => token })
  const stop = new AbortController()
  const asked = watchSettlement(pair.hub.ask(ana, 'approve', null, { signal: stop.signal }))
  await pair.clock.until(() => client.asks.length === 1)
  const ask = onlyAsk(client)
  token = 'ben'
  link.cut()
  await pair.clock.until(() => client.subject?.user === 'ben')
  expect(client.asks).toEqual([])
  expect([ask.status, ask.signal.aborted]).toEqual(['unknown', true])
  await expect(ask.answer('yes')).rejects.toMatchObject({ code: 'ask_unknown', outcome: 'not_sent' })
  expect(asked.state).toBe('pending')
  stop.abort()
  await pair.clock.advance(100)
})

test('who asked gives up: the ask is cancelled on all devices, unless somebody else waits for it', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const stops = [new AbortController(), new AbortController()]
  const asked = stops.map(({ signal }) =>
    watchSettlement(pair.hub.ask(ana, 'approve', null, { key: 'k', signal })),
  )
  await pair.clock.until(() => client.asks.length === 1)
  stops[0]?.abort()
  await pair.clock.advance(100)
  expect(asked.map(({ code }) => code)).toEqual(['aborted', undefined])
  expect(statuses(client)).toEqual(['pending'])
  stops[1]?.abort()
  await pair.clock.until(() => statuses(client)[0] === 'cancelled')
  expect(asked[1]?.code).toBe('aborted')
  expect(pair.hub.asks()).toEqual([])
})

test('a validator may end the session that answers: the answer goes with it, and is given back once', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const signals: AbortSignal[] = []
  const asked = watchSettlement(
    pair.hub.ask(ana, 'approve', null, {
      deadlineMs: 20_000,
      validate(_answer, { session, signal }) {
        signals.push(signal)
        return pair.hub.disconnect(session.id)
      },
    }),
  )
  await pair.clock.until(() => client.asks.length === 1)
  const answered = give(onlyAsk(client), 'yes')
  await pair.clock.until(() => answered.state !== 'pending')
  expect(answered.code).toBe('disconnected')
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  await pair.clock.until(() => asked.state !== 'pending')
  expect(asked.code).toBe('ask_expired')
})

test('two devices give the same answer at once: it counts as one of them only', async () => {
  const pair = makePair()
  const devices = [await pair.connected({ token: 'ana' }), await pair.connected({ token: 'ana' })]
  const asked = pair.hub.ask(ana, 'approve', null)
  await pair.clock.until(() => devices.every(({ client }) => client.asks.length === 1))
  const answers = devices.map(({ client }) => give(onlyAsk(client), 'yes'))
  expect(await pair.clock.settled(asked)).toMatchObject({ value: 'yes' })
  await pair.clock.until(() => answers.every(({ state }) => state !== 'pending'))
  expect(answers.filter(({ state }) => state === 'resolved')).toHaveLength(1)
  expect(answers.filter(({ code }) => code === 'already_answered')).toHaveLength(1)
})

test('who still waits is not cancelled with another', async () => {
  const pair = makePair()
  const { client } = await pair.connected({ token: 'ana' })
  const stop = new AbortController()
  const first = watchSettlement(pair.hub.ask(ana, 'approve', 1, { key: 'k', signal: stop.signal }))
  await pair.clock.advance(100)
  const second = watchSettlement(pair.hub.ask(ana, 'approve', 1, { key: 'k' }))
  stop.abort()
  await pair.clock.advance(1_000)
  expect([first.code, second.state]).toEqual(['aborted', 'pending'])
  give(onlyAsk(client), 'yes')
  await pair.clock.until(() => second.state === 'resolved')
})

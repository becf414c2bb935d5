import { expect } from 'vitest'
import { byToken } from '../../testing/asked-world.ts'
import { overEachTransport } from '../../testing/over-each-transport.ts'
import type { Pair } from '../../testing/pair.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { watchSettlement } from '../../testing/settlement.ts'
import type { AskOptions } from './ask.ts'

const { test, makePair } = overEachTransport()

const ana = { user: 'ana' }

/** A client of a user that speaks by hand. */
const greeting = (pair: Pair, token: string): Promise<RawClient> =>
  RawClient.greeting(pair, { token, instance: token, producer: producerOf(token) })

const producerOf = (token: string) => ({ id: `${token}-0123456789-0123456789`, highest: 0, open: [] })

/** Nothing of the session is left. */
async function leave(pair: Pair, ...raws: readonly RawClient[]): Promise<void> {
  for (const raw of raws) raw.send({ type: 'leave' })
  await settled(pair)
}

async function settled(pair: Pair): Promise<void> {
  await pair.clock.advance(10 * pair.network.conditions.latencyMs)
}

/** A pending ask, and a device of its user that takes part. */
async function asking(options?: AskOptions) {
  const pair = makePair({ hub: { authenticate: byToken } })
  const raw = await greeting(pair, 'ana')
  raw.send({ type: 'asks', known: [] })
  const promise = pair.hub.ask(ana, 'approve', { step: 1 }, options)
  const asked = watchSettlement(promise)
  await settled(pair)
  return { pair, raw, asked, id: promise.id }
}

test('[R62] nobody is told of an ask before it says that it takes part', async () => {
  const { pair, raw, asked, id } = await asking({ deadlineMs: 20_000 })
  const silent = await greeting(pair, 'other/ana')
  const quiet = await RawClient.greeting(pair, { token: 'ana', producer: producerOf('second') })
  await settled(pair)
  expect([silent.all('ask'), quiet.all('ask')]).toEqual([[], []])
  quiet.send({ type: 'asks', known: [] })
  await settled(pair)
  expect(quiet.only('ask')).toMatchObject({ id, method: 'approve', data: { step: 1 } })
  await pair.clock.until(() => asked.state !== 'pending')
  await leave(pair, raw, silent, quiet)
})

test('[R63] the hub tells the difference to what a client holds, and of what is not its user’s no more than of nothing', async () => {
  const { pair, raw, asked, id } = await asking({ deadlineMs: 20_000 })
  const ben = await greeting(pair, 'ben')
  ben.send({ type: 'asks', known: [id, 'never-there'] })
  const knowing = await RawClient.greeting(pair, { token: 'ana', producer: producerOf('second') })
  knowing.send({ type: 'asks', known: [id] })
  knowing.send({ type: 'asks', known: [] })
  await settled(pair)
  expect(knowing.all('ask')).toEqual([])
  expect(knowing.only('error')).toMatchObject({ code: 'frame_invalid', message: 'asks came twice' })
  expect(ben.all('concluded')).toEqual([
    { type: 'concluded', id, status: 'unknown' },
    { type: 'concluded', id: 'never-there', status: 'unknown' },
  ])
  ben.send({ type: 'answer', number: 1, id, data: 'yes' })
  await settled(pair)
  expect(ben.only('result')).toMatchObject({ number: 1, error: { code: 'ask_unknown' } })
  await pair.clock.until(() => asked.state !== 'pending')
  const late = await RawClient.greeting(pair, { token: 'ana', producer: producerOf('third') })
  late.send({ type: 'asks', known: [id] })
  await settled(pair)
  const expired = { type: 'concluded', id, status: 'expired' }
  expect([raw, knowing, late].map((each) => each.all('concluded'))).toEqual([[expired], [expired], [expired]])
  await leave(pair, raw, ben, knowing, late)
})

test('[R65] while an answer is judged, the session gives no further one to the ask; one that is taken back frees it', async () => {
  const signals: AbortSignal[] = []
  const { pair, raw, asked, id } = await asking({
    validate(answer, { signal }) {
      signals.push(signal)
      return answer === 'yes' || new Promise(() => {})
    },
  })
  raw.send({ type: 'answer', number: 1, id, data: 'hangs' })
  raw.send({ type: 'answer', number: 2, id, data: 'yes' })
  await settled(pair)
  expect(raw.only('result')).toMatchObject({ number: 2, error: { code: 'overloaded' } })
  raw.send({ type: 'cancel', number: 1 })
  await settled(pair)
  expect(raw.all('result')[1]).toMatchObject({ number: 1, error: { code: 'cancelled' } })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  raw.send({ type: 'answer', number: 3, id, data: 'yes' })
  await settled(pair)
  expect(asked).toMatchObject({ state: 'resolved', value: { value: 'yes', user: 'ana' } })
  await leave(pair, raw)
})

test('[R66, R67] the conclusion comes before the result, and the same answer come again has the same result', async () => {
  const { pair, raw, asked, id } = await asking()
  raw.send({ type: 'answer', number: 1, id, data: { allow: true } })
  await settled(pair)
  expect(asked.state).toBe('resolved')
  const told = raw.frames.filter(({ type }) => type === 'concluded' || type === 'result')
  expect(told).toMatchObject([
    { type: 'concluded', id, status: 'answered', by: { user: 'ana' } },
    { type: 'result', number: 1, value: null },
  ])
  raw.send({ type: 'answer', number: 2, id, data: { allow: true } })
  raw.send({ type: 'answer', number: 3, id, data: { allow: false } })
  await settled(pair)
  expect(raw.all('result').slice(1)).toMatchObject([
    { number: 2, value: null },
    { number: 3, error: { code: 'already_answered' } },
  ])
  await leave(pair, raw)
})

test('a session that ends takes back what it answered', async () => {
  const signals: AbortSignal[] = []
  const { pair, raw, asked, id } = await asking({
    deadlineMs: 60_000,
    validate(_answer, { signal }) {
      signals.push(signal)
      return new Promise(() => {})
    },
  })
  raw.send({ type: 'answer', number: 1, id, data: 'yes' })
  await settled(pair)
  raw.send({ type: 'leave' })
  await settled(pair)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect(pair.hub.stats().operations.running).toBe(0)
  await pair.clock.until(() => asked.state !== 'pending')
  expect(asked.code).toBe('ask_expired')
})

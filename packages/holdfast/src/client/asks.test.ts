import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import type { Answerer, AskFrame, ConcludedFrame, ResultFrame } from '../core/wire/frames.ts'
import { ScriptedHub, type ScriptedLink } from '../testing/scripted-hub.ts'
import { watchSettlement } from '../testing/settlement.ts'
import type { Ask } from './ask.ts'
import type { ConnectOptions } from './options.ts'

const resumed = { resumed: true } as const
const elsewhere: Answerer = { user: 'ada', session: 's2', time: 1 }
const here: Answerer = { user: 'ada', session: 's1', time: 1 }

const askFrame = (id: string, fields: Partial<AskFrame> = {}): AskFrame => ({
  type: 'ask',
  id,
  method: 'approve',
  data: { step: id },
  ...fields,
})
const concluded = (id: string, status: ConcludedFrame['status'], by?: Answerer): ConcludedFrame =>
  by ? { type: 'concluded', id, status, by } : { type: 'concluded', id, status }
const taken = (number: number): ResultFrame => ({ type: 'result', number, value: null })
const failed = (number: number, code: ErrorCode): ResultFrame => ({
  type: 'result',
  number,
  error: { code, message: code },
})

const hubs: ScriptedHub[] = []
afterEach(async () => {
  for (const { clock, client } of hubs.splice(0)) {
    await clock.settled(client.close())
    expect(client.stats()).toMatchObject({ asks: 0, deadlines: 0, pending: 0, listeners: 0 })
  }
})

function newHub(options?: ConstructorParameters<typeof ScriptedHub>[0], transports?: string[]): ScriptedHub {
  const hub = new ScriptedHub(options, transports)
  hubs.push(hub)
  return hub
}

/** A client that was asked `q`, and the link over which. */
async function asked(options: Pick<ConnectOptions, 'asks'> = {}) {
  const hub = newHub(options)
  const link = await hub.welcomed()
  link.say(askFrame('q'))
  return { hub, client: hub.client, link, ask: only(hub.client.asks) }
}

function only(asks: readonly Ask[]): Ask {
  const [ask, ...more] = asks
  if (!ask || more.length > 0) throw new Error(`${asks.length} asks`)
  return ask
}

const states = (asks: readonly Ask[]): string[] => asks.map(({ id, status }) => `${id} ${status}`)
const known = (link: ScriptedLink): unknown[] => link.all('asks').map((frame) => frame['known'])

describe('[R63] on every link', () => {
  test('the client says what it holds that is not over, before everything else', async () => {
    const { hub, client, link, ask } = await asked()
    link.say(askFrame('over'), askFrame('refused'), askFrame('later'))
    link.say(concluded('over', 'cancelled'))
    const [, , refused] = client.asks
    const settlement = watchSettlement(refused?.answer(1) as Promise<void>)
    link.say(failed(1, 'rejected'))
    void ask.answer('yes')
    expect(states(client.asks)).toEqual(['q sending', 'over cancelled', 'refused refused', 'later pending'])
    link.lose()
    const next = await hub.welcomed({ ...resumed, received: 1 })
    expect(known(link)).toEqual([[]])
    expect(next.all('asks', 'answer')).toEqual([
      { type: 'asks', known: ['q', 'refused', 'later'], answering: ['q'] },
      { type: 'answer', number: 2, id: 'q', data: 'yes' },
    ])
    next.say(concluded('refused', 'unknown'), concluded('later', 'expired'), askFrame('new'), taken(2))
    expect(states(client.asks)).toEqual([
      'q accepted',
      'over cancelled',
      'refused unknown',
      'later expired',
      'new pending',
    ])
    expect(settlement).toMatchObject({ code: 'rejected' })
  })

  test('it says so over a better transport too, once that took over', async () => {
    const hub = newHub({}, ['first', 'second'])
    const link = await hub.welcomed()
    link.say(askFrame('q'))
    hub.client.preferTransport('second')
    const better = await hub.greeted()
    expect(better.all('asks')).toEqual([])
    link.say(askFrame('meanwhile'))
    better.welcome(resumed)
    expect(link.isHeld).toBe(false)
    expect(known(better)).toEqual([['q', 'meanwhile']])
    link.say(concluded('q', 'cancelled'))
    expect(states(hub.client.asks)).toEqual(['q pending', 'meanwhile pending'])
  })

  test('[R62] an anonymous client says nothing', async () => {
    const hub = newHub()
    const link = await hub.welcomed({ subject: { user: null, tenant: null } })
    expect(link.all('asks')).toEqual([])
  })

  test('at most a thousand are named', async () => {
    const hub = newHub()
    const link = await hub.welcomed()
    link.say(...Array.from({ length: 1_001 }, (_, number) => askFrame(`q${number}`)))
    link.lose()
    const next = await hub.welcomed(resumed)
    expect(known(next)).toEqual([Array.from({ length: 1_000 }, (_, number) => `q${number}`)])
  })

  test('what is not held is nobody’s conclusion', async () => {
    const { client, link, ask } = await asked()
    const before = client.asks
    link.say(concluded('other', 'cancelled'))
    expect(client.asks).toBe(before)
    expect(ask.status).toBe('pending')
  })
})

describe('an ask', () => {
  test('is one object, of which each part can be read', async () => {
    const { hub, client, link, ask } = await asked()
    await hub.clock.advance(500)
    link.say(askFrame('timed', { method: 'choose', data: [1], timeoutMs: 60_000 }))
    expect(client.asks[0]).toBe(ask)
    expect(client.asks[1]).toMatchObject({
      id: 'timed',
      method: 'choose',
      payload: [1],
      status: 'pending',
      expiresAt: hub.clock.now + 60_000,
      error: null,
      answeredBy: null,
    })
    expect(ask).toMatchObject({ payload: { step: 'q' }, expiresAt: null })
    link.say(concluded('q', 'answered', elsewhere))
    expect(client.asks[0]).toBe(ask)
    expect(ask).toMatchObject({ status: 'answered_elsewhere', answeredBy: elsewhere })
    expect(ask.signal.aborted).toBe(true)
  })

  test('[R64] that comes again while it can be answered changes nothing but its deadline', async () => {
    const { client, link, ask } = await asked()
    const handler = vi.fn<() => void>()
    client.onAsk('approve', handler)
    link.say(askFrame('q', { timeoutMs: 1_000 }))
    expect(only(client.asks)).toBe(ask)
    expect(ask.expiresAt).not.toBeNull()
    link.say(askFrame('q'))
    expect(ask).toMatchObject({ status: 'pending', expiresAt: null })
    const before = client.asks
    link.say(askFrame('q'))
    expect(client.asks).toBe(before)
    await Promise.resolve()
    expect(handler).toHaveBeenCalledOnce()
  })

  test('does not end by itself at its deadline: the hub decides', async () => {
    const { hub, link, client } = await asked()
    link.say(askFrame('timed', { timeoutMs: 1_000 }))
    await hub.clock.advance(20_000)
    expect(states(client.asks)).toEqual(['q pending', 'timed pending'])
  })

  test('[R64] that is asked again after it was over is a new one, at the end of the list', async () => {
    const { client, link, ask } = await asked()
    const handled: Ask[] = []
    client.onAsk('approve', (ask) => handled.push(ask))
    link.say(askFrame('other'), concluded('q', 'unknown'), askFrame('q'))
    await Promise.resolve()
    expect(states(client.asks)).toEqual(['other pending', 'q pending'])
    expect(client.asks[1]).not.toBe(ask)
    expect(handled).toEqual(client.asks)
    expect(ask).toMatchObject({ status: 'unknown', signal: { aborted: true } })
    ask.dismiss()
    expect(client.asks).toHaveLength(2)
  })
})

describe('[R65] an answer', () => {
  test('that is taken: the conclusion comes first, the result decides', async () => {
    const { client, link, ask } = await asked()
    const seen: string[] = []
    const onStatus = (status: string): void => void seen.push(`${status}: ${ask.status}`)
    const settlement = watchSettlement(ask.answer({ allow: 'once' }, { onStatus }))
    expect(link.all('answer')).toEqual([{ type: 'answer', number: 1, id: 'q', data: { allow: 'once' } }])
    expect(ask.status).toBe('sending')
    const before = client.asks
    link.say(concluded('q', 'answered', here))
    expect(client.asks, 'nothing can be seen of it').toBe(before)
    expect(ask).toMatchObject({ status: 'sending', answeredBy: null, signal: { aborted: false } })
    link.say(taken(1))
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: here, signal: { aborted: true } })
    expect(seen).toEqual(['queued: sending', 'sent: sending', 'done: accepted'])
    await Promise.resolve()
    expect(settlement.state).toBe('resolved')
  })

  test('that came second', async () => {
    const { link, ask } = await asked()
    const settlement = watchSettlement(ask.answer(1))
    link.say(concluded('q', 'answered', elsewhere), failed(1, 'already_answered'))
    expect(ask).toMatchObject({ status: 'answered_elsewhere', answeredBy: elsewhere, error: null })
    await Promise.resolve()
    expect(settlement).toMatchObject({ code: 'already_answered', outcome: 'replied' })
  })

  test('that is given while offline goes out with the next link', async () => {
    const { hub, client, link, ask } = await asked()
    link.lose()
    const settlement = watchSettlement(ask.answer(1))
    expect([ask.status, client.pending]).toEqual(['sending', 1])
    const next = await hub.welcomed(resumed)
    expect(next.all('answer')).toMatchObject([{ number: 1, data: 1 }])
    next.say(concluded('q', 'answered', here), taken(1))
    await Promise.resolve()
    expect([ask.status, settlement.state]).toEqual(['accepted', 'resolved'])
  })

  test('whose link was lost: the result comes first on the next, then who answered', async () => {
    const { hub, link, ask } = await asked()
    void ask.answer(1)
    link.lose()
    const next = await hub.welcomed({ ...resumed, received: 1 })
    expect(next.all('answer')).toEqual([])
    next.say(taken(1))
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: null })
    await hub.clock.advance(5_000)
    next.say(concluded('q', 'answered', here))
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: here })
    await hub.clock.advance(5_000)
    expect(hub.client.asks, 'it stays no longer for that').toEqual([])
  })

  test('that was refused can be given again', async () => {
    const { hub, link, ask } = await asked()
    const refused = watchSettlement(ask.answer('maybe'))
    link.say({
      ...failed(1, 'rejected'),
      error: { code: 'rejected', message: 'Yes or no.', reason: 'vague' },
    })
    await hub.clock.settle()
    expect(ask).toMatchObject({ status: 'refused', error: { code: 'rejected', reason: 'vague' } })
    expect(ask.signal.aborted).toBe(false)
    expect(refused.error).toBe(ask.error)
    const settlement = watchSettlement(ask.answer('yes'))
    expect(ask).toMatchObject({ status: 'sending', error: null })
    link.say(taken(2))
    await hub.clock.settle()
    expect([ask.status, settlement.state]).toEqual(['accepted', 'resolved'])
  })

  test('that the caller gave up leaves the ask to be answered, unless it was concluded', async () => {
    const { hub, link, ask } = await asked()
    link.say(askFrame('other'))
    const other = hub.client.asks[1] as Ask
    const settlements = [ask, other].map((each) => watchSettlement(each.answer(1, { timeoutMs: 1_000 })))
    link.say(concluded('other', 'answered', elsewhere))
    await hub.clock.advance(1_000)
    expect(settlements).toMatchObject(settlements.map(() => ({ code: 'timeout', outcome: 'unknown' })))
    expect(ask).toMatchObject({ status: 'refused', error: { code: 'timeout' } })
    expect(other).toMatchObject({ status: 'answered_elsewhere', answeredBy: elsewhere })
    link.say(concluded('q', 'answered', here))
    expect(ask.status, 'it had been taken').toBe('accepted')
  })

  test('that won over a session that is lost was this device’s', async () => {
    const { hub, link, ask } = await asked()
    const settlement = watchSettlement(ask.answer(1, { timeoutMs: 100 }))
    link.lose()
    await hub.clock.until(() => ask.status === 'refused')
    expect(settlement).toMatchObject({ code: 'timeout', outcome: 'unknown' })
    const next = await hub.welcomed({ session: { id: 's3', key: 'k' } })
    next.say(concluded('q', 'answered', here))
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: here })
  })

  test('that won was this device’s, also if another one was given over the next session', async () => {
    const { hub, link, ask } = await asked()
    void watchSettlement(ask.answer(1, { timeoutMs: 100 }))
    link.lose()
    await hub.clock.until(() => ask.status === 'refused')
    const second = watchSettlement(ask.answer(2))
    const next = await hub.welcomed({ session: { id: 's3', key: 'k' } })
    next.say(concluded('q', 'answered', here), failed(2, 'already_answered'))
    await hub.clock.settle()
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: here })
    expect(second).toMatchObject({ code: 'already_answered', outcome: 'replied' })
  })

  test('whose result came before who had answered: it was this device', async () => {
    const { hub, link, ask } = await asked()
    void watchSettlement(ask.answer(1, { timeoutMs: 100 }))
    await hub.clock.advance(100)
    void watchSettlement(ask.answer(2))
    link.lose()
    const next = await hub.welcomed({ ...resumed, received: 2 })
    next.say(failed(2, 'already_answered'))
    expect(ask.status).toBe('answered_elsewhere')
    next.say(concluded('q', 'answered', here))
    expect(ask).toMatchObject({ status: 'accepted', answeredBy: here })
  })

  test.each([
    [99, 'accepted'],
    [100, 'answered_elsewhere'],
  ])('that won %i sessions ago was %s', async (lost, status) => {
    const { hub, link, ask } = await asked()
    let last = link
    for (let number = 1; number <= lost; number++) {
      for (const resumed of [false, true]) {
        last.lose()
        last = await hub.welcomed({ session: { id: `later-${number}`, key: 'k' }, resumed })
      }
    }
    last.say(concluded('q', 'answered', here))
    expect(ask.status).toBe(status)
  })

  test('[R66] goes out again when the hub has lost its ledger, also if it says it does not know the ask', async () => {
    const { hub, link, ask } = await asked()
    const settlement = watchSettlement(ask.answer(1))
    link.lose()
    const next = await hub.welcomed({ session: { id: 's3', key: 'k' }, received: 1 })
    expect(next.all('asks', 'answer')).toMatchObject([{ known: ['q'] }, { number: 2, id: 'q', data: 1 }])
    next.say(concluded('q', 'unknown'))
    expect(ask.status).toBe('sending')
    next.say(askFrame('q'))
    next.say(failed(2, 'rejected'))
    expect(ask.status, 'it was asked again before the answer arrived').toBe('refused')
    await Promise.resolve()
    expect(settlement.code).toBe('rejected')
  })

  test('and one that the hub does not know ends as unknown', async () => {
    const { hub, link, ask } = await asked()
    const settlement = watchSettlement(ask.answer(1))
    link.lose()
    const next = await hub.welcomed({ session: { id: 's3', key: 'k' }, received: 1 })
    next.say(concluded('q', 'unknown'), failed(2, 'ask_unknown'))
    await Promise.resolve()
    expect([ask.status, settlement.code]).toEqual(['unknown', 'ask_unknown'])
  })

  test('concluded while it is on its way, the ask is not named on the next link', async () => {
    const { hub, link, ask } = await asked()
    void watchSettlement(ask.answer(1))
    link.say(concluded('q', 'cancelled'))
    link.lose()
    const next = await hub.welcomed({ ...resumed, received: 1 })
    expect(known(next)).toEqual([[]])
    next.say(askFrame('q'))
    expect(ask.status).toBe('sending')
    next.say(failed(1, 'handler_failed'))
    expect(ask.status).toBe('refused')
  })

  test.each<[string, string, Ask['status']]>([
    ['answered', 'already_answered', 'answered_elsewhere'],
    ['cancelled', 'ask_cancelled', 'cancelled'],
    ['expired', 'ask_expired', 'expired'],
    ['unknown', 'ask_unknown', 'unknown'],
  ])('after it was %s is refused on the spot with %s', async (told, code, status) => {
    const { hub, link, ask } = await asked()
    link.say(concluded('q', told as ConcludedFrame['status']))
    const settlement = watchSettlement(ask.answer(1))
    await hub.clock.settle()
    expect(settlement).toMatchObject({ code, outcome: 'not_sent' })
    expect(ask.status).toBe(status)
    expect(link.all('answer')).toEqual([])
  })

  test('beside one that is on its way is refused on the spot, and changes nothing', async () => {
    const { hub, link, ask } = await asked()
    const first = watchSettlement(ask.answer(1))
    const second = watchSettlement(ask.answer(2))
    await hub.clock.settle()
    expect(second).toMatchObject({ code: 'already_answered', outcome: 'not_sent' })
    expect(ask.status).toBe('sending')
    link.say(taken(1))
    await hub.clock.settle()
    expect(first.state).toBe('resolved')
  })

  test('that never leaves the caller’s hands changes nothing', async () => {
    const { hub, client, ask } = await asked()
    const before = client.asks
    expect(() => ask.answer(1, { timeoutMs: 0 })).toThrow(TypeError)
    const altered = watchSettlement(ask.answer({ at: new Date(0) }))
    const aborted = watchSettlement(ask.answer(1, { signal: AbortSignal.abort() }))
    await hub.clock.settle()
    expect(altered).toMatchObject({ code: 'data_invalid', outcome: 'not_sent' })
    expect(aborted).toMatchObject({ code: 'aborted', outcome: 'not_sent' })
    expect([ask.status, client.asks === before]).toEqual(['pending', true])
  })
})

describe('the list', () => {
  test('is another one after each change, which the event tells, and the same one otherwise', async () => {
    const hub = newHub()
    const { client } = hub
    const link = await hub.welcomed()
    const told: (readonly Ask[])[] = []
    const seen: string[][] = []
    client.on('asks', (asks) => {
      told.push(asks)
      seen.push(states(asks))
      expect(client.asks).toBe(asks)
    })
    const empty = client.asks
    link.say({ type: 'ack', numbers: [] })
    expect(client.asks).toBe(empty)
    link.say(askFrame('q'), askFrame('r'))
    void watchSettlement(client.asks[0]?.answer(1) as Promise<void>)
    link.say(failed(1, 'rejected'), concluded('q', 'expired'))
    client.asks[0]?.dismiss()
    expect(seen).toEqual([
      ['q pending'],
      ['q pending', 'r pending'],
      ['q sending', 'r pending'],
      ['q refused', 'r pending'],
      ['q expired', 'r pending'],
      ['r pending'],
    ])
    expect(new Set([empty, ...told]).size).toBe(7)
    expect(client.stats()).toMatchObject({ asks: 1, listeners: 2 })
  })

  test('keeps what is over for a while', async () => {
    const { hub, client, link } = await asked({ asks: { keepMs: 3_000 } })
    link.say(askFrame('r'), askFrame('s'))
    link.say(concluded('r', 'cancelled'))
    await hub.clock.advance(1_000)
    link.say(concluded('q', 'cancelled'))
    await hub.clock.advance(1_999)
    expect(states(client.asks)).toEqual(['q cancelled', 'r cancelled', 's pending'])
    await hub.clock.advance(1)
    expect(states(client.asks)).toEqual(['q cancelled', 's pending'])
    await hub.clock.advance(1_000)
    expect(states(client.asks)).toEqual(['s pending'])
  })

  test('keeps it for ten seconds if nothing else is said', async () => {
    const { hub, client, link } = await asked()
    const { deadlines } = client.stats()
    link.say(concluded('q', 'cancelled'))
    expect(client.stats().deadlines).toBe(deadlines + 1)
    await hub.clock.advance(9_999)
    expect(client.asks).toHaveLength(1)
    await hub.clock.advance(1)
    expect(client.asks).toEqual([])
    expect(client.stats().deadlines).toBe(deadlines)
  })

  test('an ask that is over can be dismissed before, and no other', async () => {
    const { client, link, ask } = await asked()
    const { deadlines } = client.stats()
    const before = client.asks
    ask.dismiss()
    expect(client.asks).toBe(before)
    link.say(concluded('q', 'expired'))
    ask.dismiss()
    expect(client.asks).toEqual([])
    expect(client.stats().deadlines).toBe(deadlines)
    const after = client.asks
    ask.dismiss()
    expect(client.asks).toBe(after)
  })
})

describe('[R70] another user', () => {
  test('holds nothing of the one before, and learns so at once', async () => {
    const { hub, client, link, ask } = await asked()
    link.say(askFrame('r'), askFrame('over'), concluded('over', 'expired'))
    const [, other, over] = client.asks
    const settlement = watchSettlement(ask.answer(1))
    const seen: unknown[] = []
    client.on('asks', (asks) => seen.push([...asks]))
    other?.signal.addEventListener('abort', () => seen.push([client.subject?.user, client.asks.length]))
    link.lose()
    const next = await hub.welcomed({
      subject: { user: 'eve', tenant: null },
      session: { id: 's3', key: 'k' },
    })
    expect(seen).toEqual([['eve', 0], []])
    expect([ask, other, over].map((each) => each?.status)).toEqual(['unknown', 'unknown', 'expired'])
    expect(ask.signal.aborted).toBe(true)
    expect(settlement).toMatchObject({ code: 'identity_changed' })
    expect(next.all('asks', 'answer')).toEqual([{ type: 'asks', known: [] }])
    const again = watchSettlement(ask.answer(2))
    await hub.clock.settle()
    expect(again).toMatchObject({ code: 'ask_unknown', outcome: 'not_sent' })
  })
})

test('[R70] what the user before answered is answered elsewhere for the next one', async () => {
  const { hub, client, link } = await asked()
  link.lose()
  const next = await hub.welcomed({
    subject: { user: 'eve', tenant: null },
    session: { id: 's3', key: 'k' },
  })
  next.say(askFrame('q'), concluded('q', 'answered', here))
  expect(client.asks).toMatchObject([{ status: 'answered_elsewhere', answeredBy: here }])
})

test('[R70] another user for whom there is nothing to forget is no change of the list', async () => {
  const hub = newHub()
  const { client } = hub
  const link = await hub.welcomed()
  const listener = vi.fn<() => void>()
  client.on('asks', listener)
  const before = client.asks
  link.lose()
  await hub.welcomed({ subject: { user: 'eve', tenant: null }, session: { id: 's3', key: 'k' } })
  expect(client.asks).toBe(before)
  expect(listener).not.toHaveBeenCalled()
})

describe('close()', () => {
  test('leaves nothing', async () => {
    const { hub, client, link, ask } = await asked()
    link.say(askFrame('r'), concluded('r', 'cancelled'))
    client.onAsk('approve', () => {})
    const seen: number[] = []
    client.on('asks', ({ length }) => seen.push(length))
    const settlement = watchSettlement(ask.answer(1))
    await hub.clock.settled(client.close())
    await hub.clock.settle()
    expect(client.asks).toEqual([])
    expect(ask).toMatchObject({ status: 'unknown', signal: { aborted: true } })
    expect(seen).toEqual([2, 0])
    expect(settlement).toMatchObject({ code: 'closed', outcome: 'unknown' })
    expect(client.stats()).toMatchObject({ asks: 0, deadlines: 0, listeners: 0, pending: 0 })
    expect(hub.loop.timerCount).toBe(0)
  })
})

describe('a handler', () => {
  test('is called for the asks of its method, also for those that are there already and not over', async () => {
    const { hub, client, link } = await asked()
    link.say(askFrame('over'), concluded('over', 'expired'), askFrame('o', { method: 'other' }))
    const handled: string[] = []
    const remove = client.onAsk<{ step: string }>('approve', ({ payload }) => handled.push(payload.step))
    expect(handled, 'not before onAsk has returned').toEqual([])
    await hub.clock.settle()
    link.say(askFrame('r'))
    await hub.clock.settle()
    expect(handled).toEqual(['q', 'r'])
    link.say(askFrame('s'))
    remove()
    link.say(askFrame('t'))
    await hub.clock.settle()
    expect(handled).toEqual(['q', 'r'])
  })

  test('is called once, if it is added while the ask arrives, and not for one that is over by then', async () => {
    const hub = newHub()
    const { client } = hub
    const link = await hub.welcomed()
    const handled: string[] = []
    const remove = client.on('asks', () => {
      remove()
      client.onAsk('approve', ({ id }) => handled.push(id))
    })
    link.say(askFrame('q'), askFrame('brief'), concluded('brief', 'cancelled'))
    await hub.clock.settle()
    expect(handled).toEqual(['q'])
  })

  test('may answer at once, and its ask is the one in the list', async () => {
    const hub = newHub()
    const link = await hub.welcomed()
    hub.client.onAsk('approve', (ask) => {
      expect(ask).toBe(only(hub.client.asks))
      return ask.answer('yes')
    })
    link.say(askFrame('q'))
    await hub.clock.settle()
    expect(link.all('answer')).toMatchObject([{ id: 'q', data: 'yes' }])
    link.say(taken(1))
    await hub.clock.settle()
    expect(hub.errors).toEqual([])
  })

  test.each([
    ['throws', () => expect.fail('not here')],
    ['rejects', () => Promise.reject(new Error('not here'))],
  ])('that %s declines for this device: the error is told, the ask stays', async (_, handler) => {
    const { hub, client, ask } = await asked()
    client.onAsk('approve', handler)
    await hub.clock.settle()
    expect(hub.errors).toMatchObject([{ code: 'handler_threw', cause: { message: 'not here' } }])
    expect([ask.status, client.asks.length]).toEqual(['pending', 1])
  })

  test('that rejects because its ask is over is not told of', async () => {
    const { hub, client, link } = await asked()
    client.onAsk('approve', ({ signal }) => {
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    })
    await hub.clock.settle()
    link.say(concluded('q', 'answered', elsewhere))
    await hub.clock.settle()
    expect(hub.errors).toEqual([])
  })

  test('is the only one of its method, and counts as a listener', async () => {
    const { client } = newHub()
    const { listeners } = client.stats()
    const remove = client.onAsk('approve', () => {})
    expect(client.stats().listeners).toBe(listeners + 1)
    expect(() => client.onAsk('approve', () => {})).toThrow('has a handler already')
    expect(() => client.onAsk('', () => {})).toThrow(TypeError)
    remove()
    client.onAsk('approve', () => {})
  })
})

test('a listener that throws does not harm the others', async () => {
  const hub = newHub()
  const link = await hub.welcomed()
  const listener = vi.fn<() => void>()
  hub.client.on('asks', () => expect.fail('thrown'))
  hub.client.on('asks', listener)
  link.say(askFrame('q'))
  expect(listener).toHaveBeenCalledOnce()
  expect(hub.errors).toMatchObject([{ code: 'handler_threw' }])
})

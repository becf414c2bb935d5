import { describe, expect, test } from 'vitest'
import { departures } from '../../testing/client-machine.ts'
import { ClientWorld, type Condition } from '../../testing/client-world.ts'
import type { ClientInput, Departure } from './state.ts'

const [webSocket, sse, longPoll] = [0, 1, 2] as const
const minute = 60_000
const all: readonly Condition[] = ['works', 'works', 'works']
const rivalsOf = ({ tries }: ClientWorld): number[] =>
  tries.filter(({ beside }) => beside).map(({ transport }) => transport)

/** A client on long-poll that is about to try WebSocket in the background. */
function onLongPoll(conditions: readonly Condition[] = all): ClientWorld {
  const world = new ClientWorld(conditions, longPoll).start().run(100)
  expect(world.transport).toBe(longPoll)
  return world
}

type Phase = NonNullable<ClientWorld['rivalPhase']>
const phases: readonly Phase[] = ['opening', 'proving', 'joining']

/** The same, up to a moment when its rival is in a phase. */
function contested(phase: Phase, conditions: readonly Condition[] = all): ClientWorld {
  const world = onLongPoll(conditions)
  world.run(minute, () => world.rivalPhase === phase)
  expect(world.rivalPhase).toBe(phase)
  return world
}

describe('S26 [R60] better transports are tried in the background', () => {
  test.each([0, 0.5, 1 - Number.EPSILON])('from long-poll both of them every 30 to 39 s (%d)', (random) => {
    const world = new ClientWorld(['refused', 'refused', 'works'], longPoll)
    world.random = random
    world.start().run(10 * minute)
    const times = world.tries.filter(({ beside }) => beside).map(({ at }) => at)
    const rounds = Math.floor(rivalsOf(world).length / 2)
    expect(rivalsOf(world).slice(0, 2 * rounds)).toEqual(
      Array.from({ length: rounds }, () => [webSocket, sse]).flat(),
    )
    expect(rounds).toBeGreaterThanOrEqual(15)
    for (let round = 1; round < rounds; round++) {
      const pauseMs = (times[2 * round] ?? 0) - (times[2 * round - 1] ?? 0)
      expect(pauseMs).toBeGreaterThanOrEqual(30_000)
      expect(pauseMs).toBeLessThanOrEqual(39_100)
      expect((times[2 * round + 1] ?? 0) - (times[2 * round] ?? 0)).toBeLessThan(100)
    }
    expect(world.used).toEqual([longPoll])
  })

  test('the best one takes over once it works, and then none is tried any more', () => {
    const world = new ClientWorld(['refused', 'refused', 'works']).start().run(2 * minute)
    world.conditions[sse] = 'works'
    world.run(minute)
    world.conditions[webSocket] = 'works'
    world.run(minute)
    expect(world.used).toEqual([longPoll, sse, webSocket])
    const tries = world.tries.length
    expect(world.run(60 * minute).tries).toHaveLength(tries)
  })

  test.each<[Condition, number]>([
    ['silent', 5_000],
    ['opens', 5_000],
    ['welcomes', 5_000],
  ])('one that is %s is left after its time, and nothing has changed', (condition, ms) => {
    const world = contested('opening', [condition, 'works', 'works'])
    const { attempt } = world.state as { attempt: number }
    const began = world.now
    world.run(minute, () => rivalsOf(world).length === 2)
    expect(world.now - began).toBeLessThan(ms + 100)
    expect(world.state).toMatchObject({ name: 'live', attempt })
    expect(rivalsOf(world)).toEqual([webSocket, sse])
  })

  test('only after the pong to its challenge it says hello, and only with the welcome it is used', () => {
    const world = contested('opening')
    const seen: unknown[] = []
    world.run(minute, () => {
      const step = [world.rivalPhase, world.transport]
      if (JSON.stringify(seen.at(-1)) !== JSON.stringify(step)) seen.push(step)
      return world.transport === webSocket
    })
    expect(seen).toEqual([
      ['opening', longPoll],
      ['proving', longPoll],
      ['joining', longPoll],
      // The hub fences the old link before it says welcome.
      ['joining', null],
      [null, webSocket],
    ])
  })

  test('S29 with one timer a minute, one that does not answer is left by the second', () => {
    const world = onLongPoll(['silent', 'refused', 'works'])
    world.timersEveryMs = minute
    world.run(10 * minute, () => rivalsOf(world).length === 1)
    const began = world.now
    world.run(10 * minute, () => world.rivalPhase === null)
    expect(world.now - began).toBeLessThanOrEqual(2 * minute)
    expect(world.transport).toBe(longPoll)
  })

  test('S31 a rival waits for its token, then has all its time; a token that never comes changes nothing', () => {
    const world = onLongPoll()
    world.tokenMs = 9_000
    world.run(50_000)
    expect(world.transport).toBe(webSocket)
    const other = onLongPoll()
    other.tokenMs = Infinity
    other.run(10 * minute)
    expect(other.used).toEqual([longPoll])
    expect(rivalsOf(other).length).toBeGreaterThan(10)
  })

  test('a rival that is told not to come back changes nothing', () => {
    const world = contested('joining')
    world.loseRival(departures.refused)
    expect(world.state).toMatchObject({ name: 'live', rival: null, tokenRejected: false })
  })

  test('[R45] after a rival whose token is refused the next one asks for a fresh token', () => {
    const world = contested('joining')
    world.loseRival(departures.unauthenticated)
    expect(world.state).toMatchObject({ name: 'live', rival: null, tokenRejected: true })
  })
})

describe('[R60] the link in use ends while a rival is', () => {
  test.each(phases.slice(0, 2))('%s: the client comes back to the transport it had', (phase) => {
    const world = contested(phase)
    world.lose()
    expect(world.state).toMatchObject({ name: 'waiting', choice: { transport: longPoll } })
    world.run(10_000)
    expect(world.transport).toBe(longPoll)
  })

  test.each<[string, Departure]>([
    ['lost', departures.lost],
    ['fenced', departures.superseded],
    ['said goodbye to', departures.directed],
  ])('joining (%s): the client stays live, and the rival takes over', (_, departure) => {
    const world = contested('joining')
    world.lose(departure)
    expect(world.state).toMatchObject({ name: 'live', rival: { alone: true } })
    world.run(100)
    expect([world.transport, world.used]).toEqual([webSocket, [longPoll, webSocket]])
  })

  test('S28 joining, and dead: the rival has all its time to take over, and nothing is judged meanwhile', () => {
    const world = onLongPoll(['pongs', 'refused', 'works'])
    world.conditions[longPoll] = 'silent'
    world.tokenMs = 9_000
    world.run(45_000)
    expect(world.state).toMatchObject({ name: 'live', probe: null, rival: { phase: 'joining', alone: true } })
    expect(world.run(10_000, () => world.state.name === 'waiting').now).toBeGreaterThan(49_000)
    expect(world.state).toMatchObject({ choice: { transport: longPoll, strikes: 0 } })
  })

  test('[R43] joining, and the session ended with it: the rival’s hello is out of date, so both are left', () => {
    const world = contested('joining')
    world.lose(departures.ended)
    expect(world.state).toMatchObject({ name: 'waiting', reason: { code: 'sessions_full' } })
    expect(world.rivalPhase).toBeNull()
    expect(world.run(10_000).transport).toBe(longPoll)
  })

  test('joining, and the welcome never comes: back to the transport it had, and twice the pause', () => {
    const world = contested('joining', ['pongs', 'refused', 'works'])
    const began = world.now
    world.run(minute, () => world.state.name === 'waiting')
    expect(world.now - began).toBeLessThanOrEqual(10_000)
    expect(world.run(5_000).transport).toBe(longPoll)
    const rivals = rivalsOf(world).length
    world.run(50_000)
    expect(rivalsOf(world)).toHaveLength(rivals)
    expect(new Set(world.used)).toEqual(new Set([longPoll]))
  })

  test('after the rival was given up, and fenced by it all the same: that is not final', () => {
    const world = contested('joining')
    world.loseRival()
    world.lose(departures.superseded)
    expect(world.state).toMatchObject({ name: 'waiting' })
    expect(world.run(10_000).transport).toBe(longPoll)
  })

  test('fenced by a client with a higher attempt than any of its own: that is final', () => {
    const world = onLongPoll()
    world.lose(departures.superseded)
    expect(world.state).toMatchObject({ name: 'closed', reason: { code: 'superseded' } })
  })
})

describe('while a rival is', () => {
  const page: readonly ClientInput[] = [
    { type: 'woke' },
    { type: 'wentOffline' },
    { type: 'cameOnline' },
    { type: 'reconnectRequested' },
  ]

  test.each(phases)('%s: closeRequested ends closed, and nothing is opened any more', (phase) => {
    const world = contested(phase)
    world.input({ type: 'closeRequested' })
    const tries = world.tries.length
    world.run(2_000)
    expect(world.state).toMatchObject({ name: 'closed', reason: { code: 'closed' } })
    expect(world.run(10 * minute).tries).toHaveLength(tries)
  })

  test('joining alone: closeRequested leaves over the rival, which the hub has bound', () => {
    const world = contested('joining')
    world.lose(departures.superseded)
    world.input({ type: 'closeRequested' })
    expect(world.state).toMatchObject({ name: 'closing', attempt: 2 })
    expect(world.run(100).state.name).toBe('closed')
  })

  test.each(phases)('S30 %s: whatever the page reports, it takes over', (phase) => {
    const world = contested(phase)
    for (const input of page) world.input(input)
    expect(world.run(1_000).transport).toBe(webSocket)
  })

  test.each(phases)(
    'S30 %s: put away, both are left, and the page comes back to the transport it had',
    (phase) => {
      const world = contested(phase)
      world.input({ type: 'putAway' })
      expect(world.state).toMatchObject({ name: 'waiting', retryAt: Infinity })
      world.run(10 * minute)
      world.input({ type: 'woke' })
      expect(world.run(100).used).toEqual([longPoll, longPoll])
    },
  )

  test.each(phases)('%s: another is preferred', (phase) => {
    const world = contested(phase)
    world.input({ type: 'preferred', transport: sse })
    expect(world.run(10_000).transport).toBe(sse)
  })

  test.each(phases)('%s: the one in use is preferred', (phase) => {
    const world = contested(phase)
    world.input({ type: 'preferred', transport: longPoll })
    expect(world.run(10 * minute).transport).toBe(longPoll)
    // One that said hello may have taken the link's place already: it is let through, and changed back from.
    expect(rivalsOf(world)).toEqual(phase === 'joining' ? [webSocket, longPoll] : [webSocket])
  })
})

describe('the transport that the application prefers', () => {
  test('is changed over to at once, beside the link in use, and stays', () => {
    const world = new ClientWorld(all).start().run(100)
    world.input({ type: 'preferred', transport: longPoll })
    world.run(1_000)
    expect([world.transport, world.used]).toEqual([longPoll, [webSocket, longPoll]])
    const tries = world.tries.length
    expect(world.run(10 * minute).tries).toHaveLength(tries)
  })

  test('is come back to whenever it can be', () => {
    const world = new ClientWorld(all).start().run(100)
    world.input({ type: 'preferred', transport: sse })
    world.run(minute)
    world.conditions[sse] = 'refused'
    world.lose()
    world.run(minute)
    expect(world.transport).toBe(longPoll)
    world.conditions[sse] = 'works'
    expect(world.run(2 * minute).transport).toBe(sse)
  })

  test.each<[string, (world: ClientWorld) => unknown]>([
    ['opens', () => undefined],
    ['joins', (world) => world.run(minute, () => world.state.name === 'joining')],
    [
      'waits',
      (world) => {
        world.conditions.fill('refused')
        world.run(minute, () => world.state.name === 'waiting')
        world.conditions.fill('works')
      },
    ],
  ])('is the next one tried while the client %s', (_, bring) => {
    const world = new ClientWorld(all).start()
    bring(world)
    world.input({ type: 'preferred', transport: sse })
    expect(world.run(5_000).used).toEqual([sse])
  })

  test('is changed over to at once before the link in use was proved, too', () => {
    const world = new ClientWorld(['works', 'silent', 'works']).start()
    world.run(minute, () => world.state.name === 'live')
    world.input({ type: 'preferred', transport: longPoll })
    expect(world.run(100).used).toEqual([webSocket, longPoll])
  })

  test('is not kept waiting by the relapses of another', () => {
    const world = new ClientWorld([2_000, 'works', 'works'], longPoll).start().run(5 * minute)
    world.input({ type: 'preferred', transport: webSocket })
    expect(world.state).toMatchObject({ choice: { relapses: 0 } })
  })

  test('is tried once at a time, however often that is said', () => {
    const world = new ClientWorld(['works', 'silent', 'works']).start().run(100)
    for (let time = 0; time < 10; time++) {
      world.input({ type: 'preferred', transport: sse })
      world.run(100)
    }
    expect(rivalsOf(world)).toEqual([sse])
  })
})

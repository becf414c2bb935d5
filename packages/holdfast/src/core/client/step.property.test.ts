import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { departures, machinePolicy, welcome } from '../../testing/client-machine.ts'
import { deepFreeze } from '../../testing/transition-table.ts'
import {
  clientDeadline,
  initialClientState,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
} from './state.ts'
import { stepClient } from './step.ts'

const settings = { seed: 18, numRuns: 60 }

interface Move {
  readonly type: ClientInput['type']
  /** How long after the last move; `deadline`: when the client asks for it. */
  readonly after: number | 'deadline'
  /** The attempt that the input is about, counted from the current one. */
  readonly attemptOffset: number
  readonly departure: keyof typeof departures
  readonly heardMsAgo: number
  readonly late: boolean
  readonly pongId: number
  readonly transport: number
  readonly random: number
}

interface Taken {
  readonly now: number
  readonly before: ClientState
  readonly input: ClientInput
  readonly after: ClientState
  readonly effects: readonly ClientEffect[]
}

const weighted = <Value>(...choices: [number, Value][]): fc.Arbitrary<Value> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const anyMove: fc.Arbitrary<Move> = fc.record({
  type: weighted<ClientInput['type']>(
    [60, 'ticked'],
    [40, 'opened'],
    [40, 'welcomed'],
    [20, 'ponged'],
    [20, 'departed'],
    [8, 'woke'],
    [8, 'wentOffline'],
    [8, 'cameOnline'],
    [4, 'putAway'],
    [4, 'preferred'],
    [20, 'tokenObtained'],
    [8, 'reconnectRequested'],
    [8, 'started'],
    [1, 'closeRequested'],
  ),
  after: fc.oneof(fc.constant('deadline' as const), fc.constant(0), fc.integer({ min: 0, max: 50_000 })),
  attemptOffset: weighted([8, 0], [1, -1], [1, 1]),
  departure: weighted<keyof typeof departures>(
    [20, 'lost'],
    [5, 'directed'],
    [5, 'expired'],
    [3, 'unauthenticated'],
    [1, 'refused'],
  ),
  heardMsAgo: fc.oneof(fc.constant(0), fc.constant(60_000), fc.integer({ min: 0, max: 50_000 })),
  late: fc.boolean(),
  pongId: fc.integer({ min: 0, max: 5 }),
  transport: fc.integer({ min: 0, max: 2 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})
const anyCourse = fc.array(anyMove, { minLength: 40, maxLength: 150, size: 'max' })
const anyMaxAttempts = fc.constantFrom(null, null, 1, 4)

function inputOf(move: Move, now: number, current: number): ClientInput {
  const { type, attemptOffset, heardMsAgo, late, pongId: id } = move
  const attempt = Math.max(current + attemptOffset, 0)
  switch (type) {
    case 'tokenObtained':
    case 'opened':
      return { type, attempt }
    case 'preferred':
      return { type, transport: move.transport }
    case 'welcomed':
      return { type, attempt, welcome }
    case 'departed':
      return { type, attempt, departure: departures[move.departure] }
    case 'ponged':
      return { type, attempt, id }
    case 'ticked':
      return { type, heardAt: now - heardMsAgo, late }
    default:
      return { type }
  }
}

/** Walks from a new client, which was started, with frozen states and inputs. */
function walk(course: readonly Move[], policy: ClientPolicy): Taken[] {
  let now = 0
  let current = 0
  let state: ClientState = initialClientState()
  const take = (input: ClientInput, random: number): Taken => {
    const before = deepFreeze(state)
    const { state: after, effects } = stepClient(before, deepFreeze(input), {
      now,
      random: () => random,
      policy,
    })
    state = after
    if ('attempt' in after) current = after.attempt
    return { now, before, input, after, effects }
  }
  const started = take({ type: 'started' }, 0)
  const rest = course.map((move) => {
    now = move.after === 'deadline' ? Math.max(now, clientDeadline(state) ?? now) : now + move.after
    return take(inputOf(move, now, current), move.random)
  })
  return [started, ...rest]
}

function holds(check: (steps: readonly Taken[], policy: ClientPolicy) => void): void {
  const property = fc.property(anyCourse, anyMaxAttempts, (course, maxAttempts) => {
    const policy = deepFreeze({ ...machinePolicy, maxAttempts })
    check(walk(course, policy), policy)
  })
  fc.assert(property, settings)
}

const holdsLink = ({ name }: ClientState): boolean =>
  name === 'connecting' || name === 'joining' || name === 'live' || name === 'closing'

describe('whatever comes', () => {
  test('S14 there is one link at most: opened when there is none, and gone before the next', () => {
    holds((steps) => {
      let links = 0
      for (const { before, input, after, effects } of steps) {
        const current = 'attempt' in before ? before.attempt : null
        if (input.type === 'departed' && input.attempt === current && holdsLink(before)) links--
        for (const { type } of effects) {
          if (type === 'open') expect(++links).toBe(1)
          if (type === 'abandon') expect(--links).toBe(0)
          if (type === 'greet' || type === 'ping' || type === 'leave') expect(links).toBe(1)
        }
        expect(links).toBe(holdsLink(after) ? 1 : 0)
      }
    })
  })

  test('S15 closed is final, and everything was released once', () => {
    holds((steps) => {
      const released = steps.flatMap(({ effects }) => effects.filter(({ type }) => type === 'release'))
      expect(released).toHaveLength(steps.at(-1)?.after.name === 'closed' ? 1 : 0)
      for (const { before, after, effects } of steps) {
        if (before.name === 'closed') expect([after, effects]).toEqual([before, []])
      }
    })
  })

  test('[R13] attempts ascend by one with each link that is opened', () => {
    holds((steps) => {
      const opened = steps.flatMap(({ effects }) =>
        effects.flatMap((effect) => (effect.type === 'open' ? [effect.attempt] : [])),
      )
      expect(opened).toEqual(opened.map((_, index) => index + 1))
      for (const { after } of steps) if ('attempt' in after) expect(opened).toContain(after.attempt)
    })
  })

  test('S1 what another attempt reports changes nothing', () => {
    holds((steps) => {
      for (const { before, input, after, effects } of steps) {
        if (!('attempt' in input) || !('attempt' in before) || input.attempt === before.attempt) continue
        expect(after).toBe(before)
        expect(effects).toEqual([])
      }
    })
  })

  test('whoever waits for something has a deadline', () => {
    holds((steps) => {
      for (const { after } of steps) {
        const deadline = clientDeadline(after)
        expect(deadline !== null && Number.isFinite(deadline)).toBe(
          after.name !== 'idle' && after.name !== 'closed',
        )
      }
    })
  })

  test('no deadline stays in the past: a few ticks settle it', () => {
    holds((steps, policy) => {
      for (const { now, after } of steps) {
        let state = after
        for (let ticks = 0; ticks < 3; ticks++) {
          const tick: ClientInput = { type: 'ticked', heardAt: now, late: false }
          state = stepClient(state, tick, { now, random: () => 0, policy }).state
        }
        expect(clientDeadline(state) ?? Infinity).toBeGreaterThan(now)
      }
    })
  })

  test('S18 [R42] only the pong of a live link forgets failures', () => {
    holds((steps) => {
      for (const { before, input, after } of steps) {
        if (!('failures' in before) || !('failures' in after) || after.failures >= before.failures) continue
        expect([before.name, input.type, after]).toMatchObject([
          'live',
          'ponged',
          { name: 'live', proved: true, failures: 0 },
        ])
      }
    })
  })

  test('S18 [R44] every wait is the hub’s, a spread after a proved link, or the backoff of the failures', () => {
    const seconds = [1, 2, 4, 8, 16, 30]
    holds((steps) => {
      for (const { now, before, input, after } of steps) {
        if (after.name !== 'waiting' || before.name === 'waiting' || !('failures' in before)) continue
        const wait = after.retryAt - now
        const directed = input.type === 'departed' ? input.departure.retryAfterMs : undefined
        const proved = before.name === 'live' && before.proved
        const base = 1_000 * (seconds[after.failures - 1] ?? 30)
        const [least, most] = proved ? [0, welcome.spreadMs] : [base, base * 1.3]
        expect(after.failures).toBe(proved ? 0 : before.failures + 1)
        expect(wait).toBeGreaterThanOrEqual(directed ?? least)
        expect(wait).toBeLessThanOrEqual(directed ?? most)
        expect(after.directed).toBe(directed !== undefined)
      }
    })
  })

  test('S18 no more attempts fail in a row than maxAttempts', () => {
    holds((steps, { maxAttempts }) => {
      for (const { after } of steps)
        if (after.name === 'waiting') expect(after.failures).toBeLessThan(maxAttempts ?? Infinity)
    })
  })

  test('S29 [R41] a late tick gives no link up', () => {
    holds((steps) => {
      for (const { before, input, effects } of steps) {
        if (input.type !== 'ticked' || !input.late || before.name === 'closing') continue
        expect(effects.map(({ type }) => type)).not.toContain('abandon')
      }
    })
  })

  test('S28 [R40] after a late tick silence ends the link all the same, by ticks that are on time', () => {
    holds((steps, policy) => {
      for (const { now, after } of steps) {
        if (after.name !== 'live') continue
        const context = { random: () => 0, policy }
        const heardAt = now - 60_000
        let { state } = stepClient(after, { type: 'ticked', heardAt, late: true }, { ...context, now })
        let at = now
        while (state.name === 'live' && at < now + 60_000) {
          at = clientDeadline(state) ?? Infinity
          state = stepClient(state, { type: 'ticked', heardAt, late: false }, { ...context, now: at }).state
        }
        expect(state).toMatchObject(
          state.name === 'closed'
            ? { reason: { code: 'attempts_exhausted' } }
            : { name: 'waiting', reason: { code: 'heartbeat_timeout' } },
        )
        expect(at).toBeLessThanOrEqual(now + 15_000)
      }
    })
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../testing/transition-table.ts'
import { sessionDeadline, type SessionEffect, type SessionInput, type SessionState } from './state.ts'
import { stepSession } from './step.ts'

const ttlMs = 120_000
const settings = { seed: 13, numRuns: 50 }
const goodbye = { code: 'disconnected', message: 'Bye.', retry: false } as const

interface Move {
  readonly input: SessionInput
  readonly afterMs: number
  /** A `detached` is the newest link's. */
  readonly newest: boolean
}

interface Taken {
  readonly before: SessionState
  readonly input: SessionInput
  readonly after: SessionState
  readonly effects: readonly SessionEffect[]
}

/** Links are known by their number, given in the order of arrival; attempts arrive in any order. */
const anyInput: fc.Arbitrary<SessionInput> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      type: fc.constant('attached' as const),
      link: fc.constant(0),
      attempt: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 40,
    arbitrary: fc.record({ type: fc.constant('detached' as const), link: fc.integer({ min: 0, max: 80 }) }),
  },
  { weight: 20, arbitrary: fc.constant({ type: 'ticked' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'ended' as const, goodbye }) },
)
const anyCourse: fc.Arbitrary<Move[]> = fc.array(
  fc.record({ input: anyInput, afterMs: fc.constantFrom(0, 0, 0, 1, 1_000, 60_000), newest: fc.boolean() }),
  { minLength: 30, maxLength: 150, size: 'max' },
)

/** Walks from a new session. */
function walk(course: readonly Move[]): Taken[] {
  let now = 1_000
  let links = 0
  let state: SessionState = { name: 'resting', expiresAt: now + ttlMs, attempt: 0 }
  return course.map(({ input: drawn, afterMs, newest }) => {
    now += afterMs
    let input = drawn
    if (drawn.type === 'attached') input = { ...drawn, link: ++links }
    else if (drawn.type === 'detached' && newest) input = { ...drawn, link: links }
    const before = deepFreeze(state)
    const { state: after, effects } = stepSession(before, deepFreeze(input), { now, ttlMs })
    state = after
    return { before, input, after, effects }
  })
}

function holds(check: (steps: readonly Taken[]) => void): void {
  fc.assert(
    fc.property(anyCourse, (course) => check(walk(course))),
    settings,
  )
}

const attemptOf = (state: SessionState): number => ('attempt' in state ? state.attempt : Infinity)

describe('whatever comes', () => {
  test('S2 [R13] the highest attempt seen is the session’s, and every other link was ended', () => {
    holds((steps) => {
      const open = new Set<number>()
      let highest = 0
      for (const { before, input, after, effects } of steps) {
        if (input.type === 'attached' && before.name !== 'ended') {
          open.add(input.link)
          highest = Math.max(highest, input.attempt)
        }
        if (input.type === 'detached') open.delete(input.link)
        for (const effect of effects) {
          if (effect.type === 'endLink') expect(open.delete(effect.link)).toBe(true)
        }
        expect([...open]).toEqual(after.name === 'live' ? [after.link] : [])
        if (after.name !== 'ended') expect(after.attempt).toBe(highest)
      }
    })
  })

  test('ended is final, and the session is forgotten once, as the last thing that happens', () => {
    holds((steps) => {
      const forgotten = steps.flatMap(({ effects }) => effects.filter(({ type }) => type === 'forget'))
      expect(forgotten).toHaveLength(steps.at(-1)?.after.name === 'ended' ? 1 : 0)
      for (const { before, after, effects } of steps) {
        if (before.name === 'ended') expect([after, effects]).toEqual([before, []])
        if (before.name !== 'ended' && after.name === 'ended') expect(effects.at(-1)?.type).toBe('forget')
      }
    })
  })

  test('[R14] a session without a link has a deadline; one with a link has its link’s', () => {
    holds((steps) => {
      for (const { after } of steps) expect(sessionDeadline(after) !== null).toBe(after.name === 'resting')
    })
  })

  test('attempts only ascend', () => {
    holds((steps) => {
      for (const { before, after } of steps) {
        expect(attemptOf(after)).toBeGreaterThanOrEqual(attemptOf(before))
      }
    })
  })
})

describe('two links of one session', () => {
  const context = { now: 5, ttlMs }
  const begin = (): SessionState => ({ name: 'resting', expiresAt: ttlMs, attempt: 0 })
  const play = (inputs: readonly SessionInput[]) => {
    const effects: SessionEffect[] = []
    const state = inputs.reduce((before, input) => {
      const taken = stepSession(before, input, context)
      effects.push(...taken.effects)
      return taken.state
    }, begin())
    return { state, effects }
  }

  test('S1 the late close of the old link does not disturb the new one, even in the same millisecond', () => {
    const { state, effects } = play([
      { type: 'attached', link: 1, attempt: 1 },
      { type: 'attached', link: 2, attempt: 2 },
      { type: 'detached', link: 1 },
      { type: 'detached', link: 1 },
    ])
    expect(state).toEqual({ name: 'live', link: 2, attempt: 2 })
    expect(effects).toMatchObject([{ type: 'endLink', link: 1, goodbye: { code: 'superseded' } }])
  })

  test('S2 attempt 5 that arrives after attempt 6 is ended, also when 6 has gone meanwhile', () => {
    const six: SessionInput = { type: 'attached', link: 1, attempt: 6 }
    const five: SessionInput = { type: 'attached', link: 2, attempt: 5 }
    const ended = [{ type: 'endLink', link: 2, goodbye: { code: 'superseded', retry: false } }]
    const beside = play([six, five])
    expect(beside.state).toEqual({ name: 'live', link: 1, attempt: 6 })
    expect(beside.effects).toMatchObject(ended)
    const after = play([six, { type: 'detached', link: 1 }, five])
    expect(after.state).toMatchObject({ name: 'resting', attempt: 6 })
    expect(after.effects).toMatchObject(ended)
  })

  test('[R14] each rest gets the whole time to live', () => {
    const attach = (link: number): SessionInput => ({ type: 'attached', link, attempt: link })
    const { state } = play([
      attach(1),
      { type: 'detached', link: 1 },
      attach(2),
      { type: 'detached', link: 2 },
    ])
    expect(sessionDeadline(state)).toBe(context.now + ttlMs)
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../testing/transition-table.ts'
import {
  initialLinkState,
  linkDeadline,
  type LinkEffect,
  type LinkInput,
  type LinkPolicy,
  type LinkState,
} from './state.ts'
import { stepLink } from './step.ts'

const policy: LinkPolicy = {
  helloTimeoutMs: 10_000,
  authenticateTimeoutMs: 8_000,
  heartbeat: { intervalMs: 25_000, timeoutMs: 15_000 },
}
const settings = { seed: 14, numRuns: 60 }

interface Move {
  readonly type: LinkInput['type']
  /** How long after the last move; `deadline`: when the link asks for it. */
  readonly after: number | 'deadline'
  readonly heardMsAgo: number
  readonly late: boolean
  readonly expiresInMs: number | null
}

interface Taken {
  readonly now: number
  readonly before: LinkState
  readonly input: LinkInput
  readonly after: LinkState
  readonly effects: readonly LinkEffect[]
}

const anyType = fc.oneof(
  { weight: 30, arbitrary: fc.constant('ticked' as const) },
  {
    weight: 20,
    arbitrary: fc.constantFrom('greeted' as const, 'admitted' as const, 'reauthenticated' as const),
  },
  { weight: 1, arbitrary: fc.constantFrom('ended' as const, 'lost' as const) },
)
const anyCourse: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    type: anyType,
    after: fc.oneof(
      fc.constant('deadline' as const),
      fc.constantFrom(0, 1, 999.75),
      // Quarters of a millisecond, which floating point adds without error.
      fc.integer({ min: 0, max: 120_000 }).map((quarters) => quarters / 4),
    ),
    heardMsAgo: fc.oneof(fc.constantFrom(0, 25_000, 60_000), fc.integer({ min: 0, max: 40_000 })),
    late: fc.boolean(),
    expiresInMs: fc.oneof(fc.constant(null), fc.constantFrom(0, 20_000), fc.integer({ min: 1, max: 90_000 })),
  }),
  { minLength: 30, maxLength: 120, size: 'max' },
)

function inputOf({ type, heardMsAgo, late, expiresInMs }: Move, now: number): LinkInput {
  switch (type) {
    case 'admitted':
    case 'reauthenticated':
      return { type, expiresInMs }
    case 'ended':
      return { type, goodbye: { code: 'hub_closing', message: 'Bye.', retry: true } }
    case 'ticked':
      return { type, heardAt: now - heardMsAgo, late }
    case 'greeted':
    case 'lost':
      return { type }
  }
}

function walk(course: readonly Move[]): Taken[] {
  let now = 5_000.5
  let state = initialLinkState(now, policy)
  return course.map((move) => {
    now = move.after === 'deadline' ? Math.max(now, linkDeadline(state) ?? now) : now + move.after
    const input = deepFreeze(inputOf(move, now))
    const before = deepFreeze(state)
    const { state: after, effects } = stepLink(before, input, { now, policy })
    state = after
    return { now, before, input, after, effects }
  })
}

function holds(check: (steps: readonly Taken[]) => void): void {
  fc.assert(
    fc.property(anyCourse, (course) => check(walk(course))),
    settings,
  )
}

const goodbyesOf = (effects: readonly LinkEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'sayGoodbye' ? [effect.goodbye.code] : []))

describe('whatever comes', () => {
  test('closed is final', () => {
    holds((steps) => {
      for (const { before, after, effects } of steps) {
        if (before.name === 'closed') expect([after, effects]).toEqual([before, []])
      }
    })
  })

  test('goodbye is said once at most, and nothing is done afterwards but to destroy', () => {
    holds((steps) => {
      expect(steps.flatMap(({ effects }) => goodbyesOf(effects)).length).toBeLessThanOrEqual(1)
      for (const { before, after, effects } of steps) {
        expect(goodbyesOf(effects).length > 0).toBe(before.name !== 'closing' && after.name === 'closing')
        if (before.name === 'closing') expect(effects.every(({ type }) => type === 'destroy')).toBe(true)
      }
    })
  })

  test('[R43] a link that was said goodbye to and stays is destroyed a second later, again and again', () => {
    holds((steps) => {
      for (const { now, after } of steps) {
        if (after.name !== 'closing') continue
        expect(after.destroyAt - now).toBeLessThanOrEqual(1_000)
        const tick: LinkInput = { type: 'ticked', heardAt: now, late: true }
        const { state, effects } = stepLink(after, tick, { now: after.destroyAt, policy })
        expect(effects).toEqual([{ type: 'destroy' }])
        expect(linkDeadline(state)).toBe(after.destroyAt + 1_000)
      }
    })
  })

  test('a link that is there has a deadline', () => {
    holds((steps) => {
      for (const { after } of steps) {
        const deadline = linkDeadline(after)
        expect(deadline !== null && Number.isFinite(deadline)).toBe(after.name !== 'closed')
      }
    })
  })

  test('no deadline stays in the past: a few ticks settle it', () => {
    holds((steps) => {
      for (const { now, after } of steps) {
        const tick: LinkInput = { type: 'ticked', heardAt: now, late: false }
        let state = after
        for (let ticks = 0; ticks < 3; ticks++) state = stepLink(state, tick, { now, policy }).state
        expect(linkDeadline(state) ?? Infinity).toBeGreaterThan(now)
      }
    })
  })

  test('[R41] a late tick ends no link, unless its token expired', () => {
    holds((steps) => {
      for (const { input, effects } of steps) {
        if (input.type === 'ticked' && input.late)
          for (const code of goodbyesOf(effects)) expect(code).toBe('token_expired')
      }
    })
  })

  test('[R39] after any late tick silence ends the link all the same, by ticks that are on time', () => {
    holds((steps) => {
      for (const { now, after } of steps) {
        if (after.name !== 'bound') continue
        const heardAt = now - 60_000
        let state = stepLink(
          { ...after, expiry: null },
          { type: 'ticked', heardAt, late: true },
          { now, policy },
        ).state
        let at = now
        while (state.name === 'bound' && at < now + 60_000) {
          at = linkDeadline(state) ?? Infinity
          state = stepLink(state, { type: 'ticked', heardAt, late: false }, { now: at, policy }).state
        }
        expect([state.name, at]).toEqual(['closing', now + 15_000])
      }
    })
  })

  test('[R5] the time to answer with a fresh token is a whole number, and no longer than the old one’s life', () => {
    holds((steps) => {
      for (const { now, before, effects } of steps) {
        for (const effect of effects) {
          if (effect.type !== 'reauthenticate') continue
          const left = before.name === 'bound' && before.expiry ? before.expiry.expiresAt - now : -Infinity
          expect(Number.isSafeInteger(effect.withinMs)).toBe(true)
          expect(effect.withinMs).toBeGreaterThanOrEqual(0)
          expect(effect.withinMs).toBeLessThanOrEqual(Math.max(left, 0))
        }
      }
    })
  })
})

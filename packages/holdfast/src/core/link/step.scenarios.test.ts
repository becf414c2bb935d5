import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
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
  authenticateTimeoutMs: 10_000,
  heartbeat: { intervalMs: 25_000, timeoutMs: 15_000 },
}

interface World {
  /** How long the client takes to answer; null: it is gone. */
  readonly answerMs: number | null
  /** The hub's event loop stands still for a while. */
  readonly stall?: { readonly at: number; readonly ms: number }
}

interface Ending {
  readonly at: number
  readonly code: string
}

/**
 * A bound link of a quiet client under a hub with one timer, until it ends or 200 s have passed. After a stall the
 * timer comes before what waits in the socket, as in Node.
 */
function watch({ answerMs, stall = { at: 0, ms: 0 } }: World): { ending: Ending | null; pings: number[] } {
  const pings: number[] = []
  const unread: number[] = []
  let heardAt = 0
  let state: LinkState = { name: 'bound', checkAt: 25_000, pingedAt: null, expiry: null }
  const stalled = (at: number): boolean => at >= stall.at && at < stall.at + stall.ms
  const readAt = (arrival: number): number => (stalled(arrival) ? stall.at + stall.ms : arrival)
  for (let ticks = 0; ticks < 1_000; ticks++) {
    const due: number = linkDeadline(state) ?? Infinity
    if (due > 200_000) return { ending: null, pings }
    const now = readAt(due)
    while (unread[0] !== undefined && readAt(unread[0]) < now) heardAt = readAt(unread.shift() ?? 0)
    const tick: LinkInput = { type: 'ticked', heardAt, late: now - due > 1_000 }
    const { state: next, effects }: ReturnType<typeof stepLink> = stepLink(state, tick, { now, policy })
    for (const effect of effects) {
      if (effect.type === 'sayGoodbye') return { ending: { at: now, code: effect.goodbye.code }, pings }
      if (effect.type === 'ping') pings.push(now)
      if (effect.type === 'ping' && answerMs !== null) unread.push(now + answerMs)
    }
    state = next
  }
  throw new Error('the link spins')
}

const anyStall = fc.record({
  at: fc.integer({ min: 0, max: 100_000 }),
  ms: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 14_000, max: 17_000 })),
})

describe('silence', () => {
  test('S5 [R39] a healthy client on a quiet topic is pinged every 25 s and never dropped', () => {
    const { ending, pings } = watch({ answerMs: 40 })
    expect(ending).toBeNull()
    expect(pings.slice(0, 3)).toEqual([25_000, 50_040, 75_080])
  })

  test('S5 S28 [R39] a dead client is noticed after 40 s of silence, pinged once', () => {
    expect(watch({ answerMs: null })).toEqual({
      ending: { at: 40_000, code: 'heartbeat_timeout' },
      pings: [25_000],
    })
  })

  test('S32 [R41] a stall of the hub, however long and whenever, drops no healthy client', () => {
    const property = fc.property(anyStall, fc.integer({ min: 1, max: 5_000 }), (stall, answerMs) => {
      expect(watch({ answerMs, stall }).ending).toBeNull()
    })
    fc.assert(property, { seed: 32, numRuns: 1_000 })
  })

  test('S32 [R41] a stall that began just after the ping and ended just after its deadline is one', () => {
    expect(watch({ answerMs: 50, stall: { at: 25_001, ms: 15_499 } }).ending).toBeNull()
  })

  test('S28 after a stall a dead client is noticed within 16 s', () => {
    const property = fc.property(anyStall, (stall) => {
      const { ending } = watch({ answerMs: null, stall })
      expect(ending?.code).toBe('heartbeat_timeout')
      expect(ending?.at).toBeLessThanOrEqual(Math.max(40_000, stall.at + stall.ms + 16_000))
    })
    fc.assert(property, { seed: 28, numRuns: 500 })
  })
})

const answerMs = 100

/** Ticks a link on time until it ends; the client answers a request for a token with another one, or does not. */
function expire(
  expiresInMs: number,
  untilMs: number,
  freshFor: (now: number) => number | null,
): LinkEffect[] {
  const take = (input: LinkInput, now: number): void => {
    const taken = stepLink(state, input, { now, policy })
    state = taken.state
    done.push(...taken.effects)
    if (taken.effects.some(({ type }) => type === 'reauthenticate')) answerAt = now + answerMs
  }
  const done: LinkEffect[] = []
  const authenticating: LinkState = { name: 'authenticating', deadline: 1 }
  let { state } = stepLink(authenticating, { type: 'admitted', expiresInMs }, { now: 0, policy })
  let answerAt = Infinity
  let now = 0
  while (state.name === 'bound' && done.length < 100) {
    const due = linkDeadline(state) ?? Infinity
    now = Math.min(due, answerAt)
    if (now > untilMs) break
    const fresh = answerAt < due ? freshFor(now) : null
    if (answerAt < due) answerAt = Infinity
    else take({ type: 'ticked', heardAt: now, late: false }, now)
    if (fresh !== null) take({ type: 'reauthenticated', expiresInMs: fresh }, now)
  }
  return done
}

describe('a token that expires', () => {
  const asked = (effects: readonly LinkEffect[]) =>
    effects.flatMap((effect) => (effect.type === 'reauthenticate' ? [effect.withinMs] : []))

  test('S31 [R46] is asked for 30 s before, once; without an answer the link ends with token_expired', () => {
    const effects = expire(3_600_000, Infinity, () => null)
    expect(asked(effects)).toEqual([30_000])
    expect(effects.at(-1)).toMatchObject({
      type: 'sayGoodbye',
      goodbye: { code: 'token_expired', retry: true },
    })
  })

  test('S31 lives for 20 s: each one is refreshed after 10 s, not in a loop', () => {
    expect(asked(expire(20_000, 101_000, () => 20_000))).toEqual(Array.from({ length: 10 }, () => 10_000))
  })

  test('S31 comes back with the same end: it is asked for a few times, not in a loop', () => {
    const effects = expire(60_000, Infinity, (now) => Math.max(60_000 - now, 0))
    expect(asked(effects).length).toBeLessThan(12)
    expect(effects.at(-1)).toMatchObject({ goodbye: { code: 'token_expired' } })
  })

  test('has expired when it comes: the link ends at once, with its reason', () => {
    expect(expire(0, Infinity, () => null)).toMatchObject([
      { type: 'reauthenticate', withinMs: 0 },
      { type: 'sayGoodbye', goodbye: { code: 'token_expired' } },
    ])
  })
})

describe('the handshake', () => {
  test('S6 [R9] a socket that never says hello is ended after 10 s and destroyed a second later', () => {
    let state = initialLinkState(0, policy)
    const told: [number, LinkEffect['type']][] = []
    for (let now = 0; now <= 11_000 && told.length < 10; now = linkDeadline(state) ?? Infinity) {
      const { state: next, effects } = stepLink(
        state,
        { type: 'ticked', heardAt: 0, late: false },
        { now, policy },
      )
      for (const { type } of effects) told.push([now, type])
      state = next
    }
    expect(told).toEqual([
      [10_000, 'sayGoodbye'],
      [11_000, 'destroy'],
    ])
  })

  test('S4 a link that was lost during authenticate is not bound by a late answer', () => {
    const { state } = stepLink({ name: 'authenticating', deadline: 1 }, { type: 'lost' }, { now: 0, policy })
    const admitted = stepLink(state, { type: 'admitted', expiresInMs: null }, { now: 0, policy })
    expect(admitted).toEqual({ state: { name: 'closed' }, effects: [] })
  })
})

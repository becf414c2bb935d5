import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyCourse, walk, type Taken } from '../../testing/client-course.ts'
import { machinePolicy, welcome } from '../../testing/client-machine.ts'
import { deepFreeze } from '../../testing/transition-table.ts'
import {
  clientDeadline,
  isContested,
  isOrphaned,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
} from './state.ts'
import { stepClient } from './step.ts'

const settings = { seed: 18, numRuns: 40 }
const anyMaxAttempts = fc.constantFrom(null, null, null, 1, 4)

/** With one, two and three transports, of which any was remembered. */
function holds(check: (steps: readonly Taken[], policy: ClientPolicy) => void): void {
  const anyHome = fc.nat({ max: 2 })
  for (const transports of [1, 2, 3]) {
    const property = fc.property(anyCourse, anyMaxAttempts, anyHome, (course, maxAttempts, home) => {
      const policy = deepFreeze({ ...machinePolicy, transports, maxAttempts })
      check(walk(course, policy, home % transports), policy)
    })
    fc.assert(property, settings)
  }
}

const holdsLink = (state: ClientState): boolean =>
  state.name === 'closing' || (state.name !== 'closed' && linkedNames.has(state.name) && !isOrphaned(state))
const linkedNames: ReadonlySet<ClientState['name']> = new Set(['connecting', 'joining', 'live'])

const isLost = ({ before, input }: Taken): boolean =>
  input.type === 'departed' && holdsLink(before) && 'attempt' in before && input.attempt === before.attempt

/** The links that a driver holds, by what it is told. */
class Links {
  main: number | null = null
  rival: number | null = null
  #challenged = false
  #greeted = false

  take(taken: Taken): void {
    if (isLost(taken)) this.main = null
    for (const effect of taken.effects) this.#interpret(effect, taken)
  }

  #interpret(effect: Taken['effects'][number], { input, after }: Taken): void {
    switch (effect.type) {
      case 'open':
        if (after.name !== 'live') {
          expect([this.main, this.rival]).toEqual([null, null])
          this.main = effect.attempt
          return
        }
        expect([this.main, this.rival]).toEqual([after.attempt, null])
        this.rival = effect.attempt
        this.#challenged = this.#greeted = false
        return
      case 'challenge':
        expect([this.#challenged, input.type]).toEqual([false, 'opened'])
        this.#challenged = true
        return expect(this.rival).not.toBeNull()
      case 'greet':
        if (effect.attempt !== this.rival) return expect(effect.attempt).toBe(this.main)
        expect([this.#challenged, this.#greeted, input.type]).toEqual([true, false, 'ponged'])
        this.#greeted = true
        return
      case 'promote':
        expect([this.rival === null, this.#greeted]).toEqual([false, true])
        this.main = this.rival
        this.rival = null
        return
      case 'withdraw':
        expect(this.rival).not.toBeNull()
        this.rival = null
        return
      case 'abandon':
        expect(this.main).not.toBeNull()
        this.main = null
        return
      case 'admit':
      case 'ping':
      case 'leave':
        return expect(this.main).not.toBeNull()
      case 'release':
        return expect([this.main, this.rival]).toEqual([null, null])
    }
  }
}

describe('whatever comes', () => {
  test('S14 there is one link at most, and beside a live one a rival: opened when there is none, gone before the next', () => {
    holds((steps) => {
      const links = new Links()
      for (const taken of steps) {
        links.take(taken)
        const { after } = taken
        expect(links.main).toBe(holdsLink(after) && 'attempt' in after ? after.attempt : null)
        const heir = after.name === 'closing' ? after.heir : null
        expect(links.rival).toBe(isContested(after) ? after.rival.attempt : heir)
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
      let latest = 0
      for (const { after, effects } of steps) {
        for (const effect of effects) if (effect.type === 'open') expect(effect.attempt).toBe(++latest)
        if ('latestAttempt' in after) expect(after.latestAttempt).toBe(latest)
        if (isContested(after)) expect(after.rival.attempt).toBe(latest)
      }
    })
  })

  test('S1 what another attempt reports changes nothing', () => {
    holds((steps) => {
      for (const { before, input, after, effects } of steps) {
        if (!('attempt' in input) || !('attempt' in before)) continue
        const known = holdsLink(before) ? [before.attempt] : []
        if (isContested(before)) known.push(before.rival.attempt)
        if (known.includes(input.attempt)) continue
        expect(after).toBe(before)
        expect(effects).toEqual([])
      }
    })
  })

  test('[R60] a rival is never over the transport of the link', () => {
    holds((steps) => {
      for (const { after } of steps) {
        if (isContested(after)) expect(after.candidate).not.toBe(after.choice.transport)
      }
    })
  })

  test('whoever waits for something has a deadline, except while the page is put away', () => {
    holds((steps) => {
      let isAway = false
      for (const { input, after } of steps) {
        if (after.name !== 'waiting' || after.directed) isAway = false
        else if (input.type === 'putAway') isAway = true
        const deadline = clientDeadline(after)
        const waits = after.name !== 'idle' && after.name !== 'closed' && !isAway
        expect(deadline !== null && Number.isFinite(deadline)).toBe(waits)
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
})

describe('however often it fails', () => {
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
        if (input.type === 'putAway') continue
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

  test('S19 [R44, R45] the loss of a proved link is followed by a wait, unless the token has to be replaced', () => {
    holds((steps) => {
      for (const { before, input, after } of steps) {
        if (before.name !== 'live' || !before.proved || after.name !== 'connecting') continue
        expect(input).toMatchObject({ type: 'departed', departure: { code: 'unauthenticated' } })
      }
    })
  })

  test('S18 [R57, R59] between two waits each transport is tried once, and once more after the recheck', () => {
    holds((steps, { transports }) => {
      let opened: number[] = []
      for (const { before, input, after, effects } of steps) {
        const isTold = input.type === 'preferred' || input.type === 'reconnectRequested'
        if (isTold || before.name === 'waiting' || (before.name === 'live' && before.proved)) opened = []
        if (input.type === 'departed' && input.departure.code === 'unauthenticated') opened.pop()
        for (const effect of effects) {
          if (effect.type === 'open' && after.name !== 'live') opened.push(effect.transport)
        }
        expect(opened.length).toBeLessThanOrEqual(transports + 2)
        expect(opened.length - new Set(opened).size).toBeLessThanOrEqual(2)
      }
    })
  })

  test('S18 no more attempts fail in a row than maxAttempts', () => {
    holds((steps, { maxAttempts }) => {
      for (const { after } of steps)
        if (after.name === 'waiting') expect(after.failures).toBeLessThan(maxAttempts ?? Infinity)
    })
  })
})

describe('however late the timers', () => {
  test('S29 [R41] a late tick gives up only what a late tick has given more time, and that has passed', () => {
    holds((steps) => {
      for (const { now, before, input, effects } of steps) {
        if (input.type !== 'ticked' || !input.late || before.name === 'closing') continue
        const types = effects.map(({ type }) => type)
        if (types.includes('abandon')) {
          const chance =
            before.name === 'live'
              ? before.probe?.sentLate && before.probe.deadline
              : 'prolonged' in before && before.prolonged && before.deadline
          expect(chance).toBeLessThanOrEqual(now)
        } else if (types.includes('withdraw') && isContested(before)) {
          expect([before.rival.prolonged, before.rival.deadline <= now]).toEqual([true, true])
        }
      }
    })
  })

  const isOver = (state: ClientState, begin: ClientState): boolean =>
    state.name !== begin.name || isOrphaned(state) || clientAttempt(state) !== clientAttempt(begin)
  const clientAttempt = (state: ClientState): number => ('attempt' in state ? state.attempt : 0)

  test('S29 [R41] with every timer a minute late, silence and slowness are judged by the second', () => {
    holds((steps, policy) => {
      for (const { now, after } of steps) {
        if (!holdsLink(after) || after.name === 'closing') continue
        const tick: ClientInput = { type: 'ticked', heardAt: now - 60_000, late: true }
        let state: ClientState = after
        for (const minutes of [1, 2]) {
          const context = { now: now + minutes * 60_000, random: () => 0, policy }
          if (!isOver(state, after)) state = stepClient(state, tick, context).state
        }
        expect(isOver(state, after)).toBe(true)
      }
    })
  })

  test('S28 [R40] after a late tick silence ends the link all the same, by ticks that are on time', () => {
    holds((steps, policy) => {
      for (const { now, after } of steps) {
        if (after.name !== 'live' || isOrphaned(after)) continue
        const context = { random: () => 0, policy }
        const heardAt = now - 60_000
        let { state } = stepClient(after, { type: 'ticked', heardAt, late: true }, { ...context, now })
        let at = now
        while (!isOver(state, after) && at < now + 60_000) {
          at = clientDeadline(state) ?? Infinity
          state = stepClient(state, { type: 'ticked', heardAt, late: false }, { ...context, now: at }).state
        }
        expect(isOver(state, after)).toBe(true)
        expect(at).toBeLessThanOrEqual(Math.max(now, after.checkAt) + 15_000)
      }
    })
  })
})

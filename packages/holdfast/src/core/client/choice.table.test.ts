import { describe, expect, test } from 'vitest'
import { clientMachine, departures, machineNow as now } from '../../testing/client-machine.ts'
import { errorTable } from '../wire/error-table.ts'
import type { ErrorCode } from '../wire/error-codes.ts'
import { choiceNow, counts, nextChoice } from './blame.ts'
import {
  afterFailure,
  candidateAfter,
  firstCandidate,
  initialChoice,
  lived,
  preferring,
  proved,
  recheck,
  relapsed,
  rivalAfterMs,
  type Choice,
} from './choice.ts'
import type { Named } from './state.ts'

const transports = 3
/** On the second of three transports, which was proved. */
const settled: Choice = { ...initialChoice(1), homeProved: true }
type Changes = Partial<Choice>

describe('after a failure that counts', () => {
  test.each<[string, Changes, Changes, boolean]>([
    ['nothing was proved yet: the next at once', { homeProved: false }, { transport: 2, strikes: 0 }, true],
    [
      'nothing was proved yet, from the last: the first at once',
      { homeProved: false, transport: 2 },
      { transport: 0 },
      true,
    ],
    [
      'nothing was proved yet, from the one before the home: home, after a wait',
      { homeProved: false, transport: 0 },
      { transport: 1 },
      false,
    ],
    ['home, once: home', {}, { transport: 1, strikes: 1 }, false],
    ['home, twice: home', { strikes: 1 }, { transport: 1, strikes: 2 }, false],
    ['home, three times: the next at once', { strikes: 2 }, { transport: 2, strikes: 3 }, true],
    ['home, ever again: the next at once', { strikes: 3 }, { transport: 2, strikes: 3 }, true],
    [
      'the next, too: the one after it at once',
      { strikes: 3, transport: 2 },
      { transport: 0, strikes: 3 },
      true,
    ],
    [
      'all of them: home, after a wait',
      { strikes: 3, transport: 0 },
      { transport: 1, strikes: 3, fallback: null },
      false,
    ],
    [
      'the other chance of home: what had opened, at once',
      { strikes: 3, fallback: 0 },
      { transport: 0, fallback: 0 },
      true,
    ],
    [
      'what had opened, then: home, after a wait, with another chance',
      { strikes: 3, fallback: 0, transport: 0 },
      { transport: 1, fallback: null },
      false,
    ],
    [
      'another one, although home has not failed three times: home',
      { strikes: 2, transport: 2 },
      { transport: 1, strikes: 2 },
      false,
    ],
  ])('%s', (_, from, to, atOnce) => {
    const choice = { ...settled, ...from }
    const next = afterFailure(choice, transports)
    expect(next).toEqual({ choice: { ...choice, ...to }, atOnce })
  })
})

describe('once a transport opens', () => {
  test.each<[string, Changes, Changes | null]>([
    ['home: it is used', {}, null],
    ['home, after failures: it is used', { strikes: 3 }, null],
    ['another, after home failed: home again', { strikes: 3, transport: 2 }, { transport: 1, fallback: 2 }],
    ['another, after home failed again: it is used', { strikes: 3, transport: 2, fallback: 2 }, null],
    ['another, of which home is not to blame: it is used', { strikes: 2, transport: 2 }, null],
    ['another, when nothing was proved: it is used', { homeProved: false, transport: 2 }, null],
  ])('%s', (_, from, to) => {
    const choice = { ...settled, ...from }
    expect(recheck(choice)).toEqual(to && { ...choice, ...to })
  })
})

describe('once a link is proved', () => {
  test.each<[string, Changes, boolean, Changes]>([
    ['at home: it is proved', { homeProved: false }, false, { homeProved: true }],
    ['at home, after short lives: they still count', { strikes: 2, fallback: 2 }, false, {}],
    [
      'elsewhere: that is home',
      { transport: 2, strikes: 3, fallback: 2 },
      false,
      { home: 2, strikes: 0, fallback: null },
    ],
    ['by taking over: home is where it was', { transport: 0, relapses: 2 }, true, {}],
    [
      'by taking over as the application wished: that is home',
      { transport: 0, chosen: true },
      true,
      { home: 0 },
    ],
  ])('%s', (_, from, upgraded, to) => {
    const choice = { ...settled, ...from }
    expect(proved(choice, upgraded)).toEqual({ ...choice, ...to })
  })

  test.each<[string, number, boolean, Changes | null]>([
    ['and lived shortly: it is not trusted', 29_999, true, null],
    ['and lived for 30 s: the score is cleared', 30_000, false, { strikes: 0, fallback: null, home: 2 }],
    [
      'and lived for 30 s after taking over: its relapses are forgiven',
      30_000,
      true,
      { strikes: 0, fallback: null, home: 2, relapses: 0 },
    ],
  ])('%s', (_, lifeMs, upgraded, to) => {
    const choice: Choice = { ...settled, transport: 2, strikes: 2, fallback: 2, relapses: 3 }
    expect(lived(choice, upgraded, lifeMs)).toEqual(to && { ...choice, ...to })
  })
})

describe('[R60] the better ones', () => {
  test.each<[Changes, number, (number | null)[]]>([
    [{ transport: 2 }, 0, [1, null]],
    [{ transport: 1 }, 0, [null]],
    [{ transport: 2, best: 1, chosen: true }, 1, [null]],
    [{ transport: 0, best: 2, chosen: true }, 2, [null]],
    [{ transport: 2, relapses: 1 }, 1, [null]],
    [{ transport: 2, relapses: 2 }, 0, [1, null]],
    [{ transport: 1, relapses: 1 }, 0, [null]],
  ])('from %o: %i first, then %o', (from, first, others) => {
    const choice = { ...settled, ...from }
    const tried: (number | null)[] = []
    let candidate: number | null = firstCandidate(choice)
    expect(candidate).toBe(first)
    while (candidate !== null) {
      candidate = candidateAfter(choice, candidate)
      tried.push(candidate)
    }
    expect(tried).toEqual(others)
  })

  test('are left alone for 30 to 39 s, twice as long after each relapse, 16 times at most', () => {
    const pauses = (random: number): number[] => {
      let choice: Choice = settled
      return Array.from({ length: 7 }, () => {
        const pauseMs = rivalAfterMs(choice, random)
        choice = relapsed(choice)
        return pauseMs / 1_000
      })
    }
    expect(pauses(0)).toEqual([30, 60, 120, 240, 480, 480, 480])
    expect(pauses(1)).toEqual([39, 78, 156, 312, 624, 624, 624])
    expect(rivalAfterMs({ ...settled, best: 1 }, 0)).toBe(Infinity)
  })

  test('are what the application prefers, or from the first on', () => {
    expect(preferring(2)).toMatchObject({ transport: 2, home: 2, homeProved: false, best: 2, chosen: true })
    expect(preferring(null)).toMatchObject({ transport: 0, best: 0, chosen: false })
  })
})

describe('[R58] what speaks against a transport', () => {
  const joining = clientMachine.states.joining
  const live: Named<'live'> = { ...clientMachine.states.live, choice: settled, proved: true }
  const lostAt = (since: number, changes: Partial<Named<'live'>> = {}) =>
    nextChoice({ ...live, since, ...changes }, departures.lost, now, transports)

  test('what this side noticed, that the hub heard nothing, and that something was mangled on the way', () => {
    const blaming = (Object.keys(errorTable) as ErrorCode[]).filter((code) =>
      counts(joining, { ...departures.lost, code }),
    )
    expect(blaming.sort()).toEqual([
      'connect_failed',
      'connect_timeout',
      'frame_invalid',
      'heartbeat_timeout',
      'hello_timeout',
      'link_lost',
      'link_unknown',
      'request_invalid',
    ])
    expect(blaming.some((code) => counts({ ...joining, offline: true }, { ...departures.lost, code }))).toBe(
      false,
    )
  })

  test('a life of less than 30 s, from its welcome on', () => {
    expect(lostAt(now - 29_999).choice).toEqual({ ...settled, strikes: 1 })
    expect(lostAt(now - 30_000).choice).toEqual(settled)
  })

  test('an end before it was proved, however long it lived', () => {
    const choice = { ...settled, strikes: 2 }
    expect(lostAt(now - 60_000, { proved: false, choice })).toMatchObject({
      choice: { transport: 2, strikes: 3 },
      atOnce: true,
    })
  })

  test('a short life after taking over: back home, which is not to blame', () => {
    const choice = { ...settled, transport: 0, strikes: 2 }
    const next = lostAt(now - 1_000, { choice, upgraded: true })
    expect(next).toEqual({ choice: { ...choice, transport: 1, relapses: 1 }, atOnce: false })
  })

  test('nothing, if it ends for no reason that counts; a long life counts in its favour', () => {
    const choice = { ...settled, strikes: 2 }
    const { directed } = departures
    expect(nextChoice({ ...live, since: now, choice }, directed, now, transports).choice).toEqual(choice)
    expect(choiceNow({ ...live, since: now, choice }, now)).toEqual(choice)
    expect(choiceNow({ ...live, since: now - 30_000, choice }, now)).toEqual(settled)
  })
})

import { describe, expect, test } from 'vitest'
import { ProbedLedger } from '../../testing/probed-ledger.ts'
import type { Range } from '../wire/frames.ts'
import type { LedgerLimits } from './ledger.ts'
import { errorResult } from './result-frame.ts'

/** A ledger that has started the numbers 1 to `count`. */
function started(count: number, limits: Partial<LedgerLimits> = {}): ProbedLedger {
  const ledger = new ProbedLedger(limits)
  for (let number = 1; number <= count; number++) expect(ledger.arrive(number)).toBe('started')
  return ledger
}

const upTo = (highest: number): Range[] => [[1, highest]]

describe('operations that arrive', () => {
  test('[R16] are started in the order of their numbers, each once', () => {
    const ledger = started(3)
    expect([ledger.highest, ledger.runningCount]).toEqual([3, 3])
    expect(ledger.arrive(2)).toBe('taken')
    expect(ledger.sent()).toEqual([])
  })

  test('[R18] have their entry when they are told to start', () => {
    const ledger = new ProbedLedger()
    expect(ledger.receive(1, '1', () => ledger.settle(1, 'r1'))).toBe('taken')
    expect(ledger.sent()).toEqual(['r1'])
  })

  test('[R19] with a number above the next expected one are skipped and leave no trace', () => {
    const ledger = started(1)
    expect(ledger.arrive(3)).toBe('skipped')
    expect(ledger.arrive(Number.MAX_SAFE_INTEGER)).toBe('skipped')
    expect([ledger.highest, ledger.runningCount]).toEqual([1, 1])
    expect(ledger.arrive(2)).toBe('started')
  })

  test('[R17] beyond the window are refused, and fit when a result was acknowledged', () => {
    const ledger = started(2, { maxOpen: 2 })
    expect(ledger.arrive(3)).toBe('full')
    ledger.settle(1, 'r1')
    expect(ledger.arrive(3)).toBe('full')
    expect(ledger.highest).toBe(2)
    ledger.acknowledge([[1, 1]])
    expect(ledger.arrive(3)).toBe('started')
  })

  test('[R20] again with other content are told apart, while running and when finished', () => {
    const ledger = started(2)
    ledger.settle(2, 'r2')
    expect(ledger.arrive(1, 'other')).toBe('reused')
    expect(ledger.arrive(2, 'other')).toBe('reused')
    expect(ledger.arrive(2)).toBe('taken')
    expect(ledger.sent()).toEqual(['r2', 'r2'])
  })

  test('[R20] again when finished get the same result', () => {
    const ledger = started(1)
    ledger.settle(1, 'r1')
    for (let time = 0; time < 3; time++) expect(ledger.arrive(1)).toBe('taken')
    expect(ledger.sent()).toEqual(['r1', 'r1', 'r1', 'r1'])
  })

  test('S22 [R20] again after they were acknowledged (a stuck POST) execute nothing', () => {
    const ledger = started(2)
    ledger.settle(1, 'r1')
    ledger.acknowledge([[1, 1]])
    ledger.sent()
    expect(ledger.arrive(1)).toBe('taken')
    expect(ledger.arrive(1, 'other')).toBe('taken')
    expect(ledger.sent()).toEqual([])
    expect(ledger.runningCount).toBe(1)
  })

  test('S22 [R23] when the ledger was lost: every number up to the highest is used up', () => {
    const ledger = new ProbedLedger({}, 17)
    for (const number of [1, 16, 17]) expect(ledger.arrive(number)).toBe('taken')
    expect(ledger.arrive(19)).toBe('skipped')
    expect(ledger.arrive(18)).toBe('started')
    expect([ledger.highest, ledger.runningCount]).toEqual([18, 1])
  })
})

describe('what ends an operation', () => {
  test('[R24] a cancel aborts the handler, which still gives the result', () => {
    const ledger = started(1)
    let aborted = 0
    ledger.run(1, undefined, () => aborted++)
    expect(ledger.cancel(1)).toBe('taken')
    expect([aborted, ledger.runningCount]).toEqual([1, 1])
    ledger.settle(1, 'r1')
    ledger.cancel(1)
    expect([aborted, ledger.runningCount]).toEqual([1, 0])
    expect(ledger.sent()).toEqual(['r1'])
  })

  test('[R24] a cancel uses up the next number, and breaks the protocol beyond it', () => {
    const ledger = new ProbedLedger()
    expect(ledger.cancel(1)).toBe('taken')
    expect(ledger.sent()).toEqual([errorResult(1, 'cancelled', 'Cancelled before it started.')])
    expect(ledger.cancel(3)).toBe('skipped')
  })

  test('the end aborts what runs, and no result is sent after it', () => {
    const ledger = started(3)
    const aborted: number[] = []
    for (const number of [1, 2, 3]) ledger.run(number, undefined, () => aborted.push(number))
    ledger.settle(2, 'r2')
    ledger.sent()
    ledger.end()
    ledger.settle(1, 'r1')
    expect(aborted).toEqual([1, 3])
    expect(ledger.sent()).toEqual([])
  })
})

describe('results', () => {
  test('[R20] only the first of a number counts', () => {
    const ledger = started(1)
    ledger.settle(1, 'r1')
    ledger.settle(1, 'other')
    expect(ledger.sent()).toEqual(['r1'])
    expect(ledger.kept()).toEqual(['r1'])
    expect(ledger.runningCount).toBe(0)
  })

  test('of numbers that were never started or are acknowledged go nowhere', () => {
    const ledger = started(1)
    ledger.settle(2, 'r2')
    expect(ledger.sent()).toEqual([])
    ledger.settle(1, 'r1')
    ledger.acknowledge(upTo(1))
    ledger.settle(1, 'r1')
    expect(ledger.sent()).toEqual(['r1'])
    expect([ledger.resultLength, ledger.runningCount]).toEqual([0, 0])
  })

  test('[R22] that are open are sent again in the order of their numbers', () => {
    const ledger = started(5)
    for (const number of [4, 1, 5]) ledger.settle(number, `r${number}`)
    expect(ledger.kept()).toEqual(['r1', 'r4', 'r5'])
  })

  test('[R21] are released one by one, in ranges, in any order, and never a running number', () => {
    const ledger = started(6)
    for (const number of [1, 2, 3, 5, 6]) ledger.settle(number, `r${number}`)
    ledger.acknowledge([[2, 2]])
    ledger.acknowledge([[4, 5]])
    expect(ledger.kept()).toEqual(['r1', 'r3', 'r6'])
    ledger.acknowledge([])
    ledger.acknowledge([
      [1, 1],
      [6, 6],
    ])
    expect(ledger.kept()).toEqual(['r3'])
    ledger.settle(4, 'r4')
    expect(ledger.kept()).toEqual(['r3', 'r4'])
  })

  test('[R21] may be acknowledged in ranges far larger than the ledger', () => {
    const ledger = started(1_000)
    for (let number = 1; number <= 1_000; number += 2) ledger.settle(number, 'r')
    const ranges = Array.from({ length: 1_024 }, (_, at): Range => [at * 2 ** 40 + 1, at * 2 ** 40 + 2 ** 39])
    for (let time = 0; time < 100; time++) ledger.acknowledge(ranges)
    expect([ledger.resultLength, ledger.runningCount]).toEqual([0, 500])
  })

  test('[R21] that the producer no longer waits for are released after a resume', () => {
    const ledger = started(4)
    for (const number of [1, 2, 3]) ledger.settle(number, `r${number}`)
    ledger.sent()
    const open: Range[] = [
      [2, 2],
      [4, 4],
    ]
    ledger.resume({ highest: 4, open })
    expect(ledger.sent()).toEqual(['r2'])
    ledger.arrive(1)
    expect(ledger.sent()).toEqual([])
    ledger.settle(4, 'r4')
    expect(ledger.sent()).toEqual(['r4'])
  })

  test('[R21] of an operation that still runs when nobody waits for it any more are not kept', () => {
    const ledger = started(2)
    ledger.resume({ highest: 2, open: [[2, 2]] })
    expect(ledger.runningCount).toBe(2)
    ledger.settle(1, 'r1')
    expect(ledger.kept()).toEqual([])
    expect([ledger.resultLength, ledger.runningCount]).toEqual([0, 1])
  })

  test('[R21] with numbers above the highest that the producer named are kept, whether they run or not', () => {
    const ledger = started(4)
    for (const number of [2, 3]) ledger.settle(number, `r${number}`)
    ledger.sent()
    ledger.resume({ highest: 2, open: [[1, 1]] })
    expect(ledger.sent()).toEqual(['r3'])
    ledger.settle(4, 'r4')
    ledger.settle(1, 'r1')
    expect(ledger.sent()).toEqual(['r4', 'r1'])
  })
})

describe('the memory of results', () => {
  const limits = { maxResultLength: 600 }
  const long = (number: number): string => `r${number}`.padEnd(200)
  const dropped = (number: number): string =>
    errorResult(number, 'result_dropped', 'The result is no longer kept.')

  test('[R27] is bounded: the oldest are replaced, the newest is kept', () => {
    const ledger = started(5, limits)
    for (const number of [1, 2, 3]) ledger.settle(number, long(number))
    expect(ledger.kept()).toEqual([long(1), long(2), long(3)])
    ledger.settle(4, long(4))
    expect(ledger.sent()).toEqual([long(4)])
    expect(ledger.kept()).toEqual([dropped(1), dropped(2), dropped(3), long(4)])
    ledger.arrive(1)
    expect(ledger.sent()).toEqual([dropped(1)])
  })

  test('[R27] is bounded also when the operations finish in reverse order', () => {
    const ledger = started(5, limits)
    for (let number = 5; number >= 1; number--) ledger.settle(number, long(number))
    const kept = ledger.kept().filter((result) => result.length === 200)
    expect(kept).toContain(long(1))
    expect(kept.length).toBeLessThanOrEqual(3)
  })

  test('[R27] is free again when results are acknowledged, dropped ones too', () => {
    const ledger = started(8, limits)
    for (const number of [1, 2, 3, 4]) ledger.settle(number, long(number))
    ledger.acknowledge(upTo(4))
    for (const number of [5, 6, 7]) ledger.settle(number, long(number))
    expect(ledger.kept()).toEqual([long(5), long(6), long(7)])
  })

  test('[R27] is not freed by replacing a result with something longer', () => {
    const ledger = started(40, { maxResultLength: 30 })
    for (let number = 1; number <= 40; number++) ledger.settle(number, '1')
    expect(ledger.kept()).toEqual(Array(40).fill('1'))
  })

  test('[R27] holds a single result that is larger than all of it, until the next one comes', () => {
    const ledger = started(2, limits)
    ledger.settle(1, 'x'.repeat(1_000))
    expect(ledger.sent()[0]).toHaveLength(1_000)
    ledger.settle(2, long(2))
    expect(ledger.kept()).toEqual([dropped(1), long(2)])
  })
})

test('S23 a long-running request holds up neither the acknowledgement of 100,000 others nor their memory', () => {
  const ledger = new ProbedLedger({ maxOpen: 33 })
  ledger.arrive(1)
  for (let number = 2; number <= 100_001; number++) {
    if (ledger.arrive(number) !== 'started') expect.fail(`${number} was not started`)
    ledger.settle(number, 'x'.repeat(100))
    if (number % 32 === 0) ledger.acknowledge([[number - 31, number]])
  }
  ledger.acknowledge(upTo(100_001))
  expect([ledger.resultLength, ledger.runningCount, ledger.highest]).toEqual([0, 1, 100_001])
  ledger.sent()
  expect(ledger.arrive(50_000)).toBe('taken')
  ledger.settle(1, 'late')
  expect(ledger.sent()).toEqual(['late'])
})

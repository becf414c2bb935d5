import { describe, expect, test } from 'vitest'
import type { Range } from '../wire/frames.ts'
import { Ledger } from './ledger.ts'

const roomy = { maxOpen: 1_024, maxResultLength: 1_000_000 }
const dropped = (number: number): string => `d${number}`
const newLedger = (limits: Partial<typeof roomy> = {}, highest = 0): Ledger =>
  new Ledger(highest, { ...roomy, ...limits }, dropped)

/** A ledger that has started the numbers 1 to `count`; the fingerprint of each is its number. */
function started(count: number, limits: Partial<typeof roomy> = {}): Ledger {
  const ledger = newLedger(limits)
  for (let number = 1; number <= count; number++) expect(ledger.receive(number, number).kind).toBe('start')
  return ledger
}

const upTo = (highest: number): Range[] => [[1, highest]]

describe('operations that arrive', () => {
  test('[R16] are started in the order of their numbers, each once', () => {
    const ledger = started(3)
    expect(ledger.highest).toBe(3)
    expect([ledger.openCount, ledger.runningCount]).toEqual([3, 3])
    expect(ledger.receive(2, 2).kind).toBe('running')
  })

  test('[R18] have their entry when they are told to start', () => {
    const ledger = newLedger()
    expect(ledger.isRunning(1)).toBe(false)
    expect(ledger.receive(1, 1).kind).toBe('start')
    expect(ledger.isRunning(1)).toBe(true)
  })

  test('[R19] with a number above the next expected one are skipped and leave no trace', () => {
    const ledger = started(1)
    expect(ledger.receive(3, 3).kind).toBe('skipped')
    expect(ledger.receive(Number.MAX_SAFE_INTEGER, 3).kind).toBe('skipped')
    expect([ledger.highest, ledger.openCount]).toEqual([1, 1])
    expect(ledger.receive(2, 2).kind).toBe('start')
  })

  test('[R17] beyond the window are refused, and fit when a result was acknowledged', () => {
    const ledger = started(2, { maxOpen: 2 })
    expect(ledger.receive(3, 3).kind).toBe('full')
    ledger.settle(1, 'r1')
    expect(ledger.receive(3, 3).kind).toBe('full')
    expect(ledger.highest).toBe(2)
    ledger.acknowledge([[1, 1]])
    expect(ledger.receive(3, 3).kind).toBe('start')
  })

  test('[R20] again with other content are told apart, while running and when finished', () => {
    const ledger = started(2)
    ledger.settle(2, 'r2')
    expect(ledger.receive(1, 99).kind).toBe('reused')
    expect(ledger.receive(2, 99).kind).toBe('reused')
    expect(ledger.receive(2, 2)).toEqual({ kind: 'finished', result: 'r2' })
  })

  test('[R20] again when finished get the same result', () => {
    const ledger = started(1)
    expect(ledger.settle(1, 'r1')).toBe('r1')
    for (let time = 0; time < 3; time++)
      expect(ledger.receive(1, 1)).toEqual({ kind: 'finished', result: 'r1' })
  })

  test('S22 [R20] again after they were acknowledged (a stuck POST) execute nothing', () => {
    const ledger = started(2)
    ledger.settle(1, 'r1')
    ledger.acknowledge([[1, 1]])
    expect(ledger.receive(1, 1).kind).toBe('acknowledged')
    expect(ledger.receive(1, 99).kind).toBe('acknowledged')
    expect([ledger.openCount, ledger.runningCount]).toEqual([1, 1])
  })

  test('S22 [R23] when the ledger was lost: every number up to the highest is used up', () => {
    const ledger = newLedger({}, 17)
    for (const number of [1, 16, 17]) expect(ledger.receive(number, 1).kind).toBe('acknowledged')
    expect(ledger.receive(19, 1).kind).toBe('skipped')
    expect(ledger.receive(18, 1).kind).toBe('start')
    expect([ledger.highest, ledger.openCount]).toEqual([18, 1])
  })
})

describe('results', () => {
  test('[R20] only the first of a number counts', () => {
    const ledger = started(1)
    expect(ledger.settle(1, 'r1')).toBe('r1')
    expect(ledger.settle(1, 'other')).toBeNull()
    expect([...ledger.finished()]).toEqual(['r1'])
    expect([ledger.openCount, ledger.runningCount]).toEqual([1, 0])
  })

  test('of numbers that were never started or are acknowledged go nowhere', () => {
    const ledger = started(1)
    expect(ledger.settle(2, 'r2')).toBeNull()
    ledger.settle(1, 'r1')
    ledger.acknowledge(upTo(1))
    expect(ledger.settle(1, 'r1')).toBeNull()
    expect([ledger.openCount, ledger.runningCount]).toEqual([0, 0])
  })

  test('[R22] that are open are sent again in the order of their numbers', () => {
    const ledger = started(5)
    for (const number of [4, 1, 5]) ledger.settle(number, `r${number}`)
    expect([...ledger.finished()]).toEqual(['r1', 'r4', 'r5'])
  })

  test('[R21] are released one by one, in ranges, in any order, and never a running number', () => {
    const ledger = started(6)
    for (const number of [1, 2, 3, 5, 6]) ledger.settle(number, `r${number}`)
    ledger.acknowledge([[2, 2]])
    ledger.acknowledge([[4, 5]])
    expect([...ledger.finished()]).toEqual(['r1', 'r3', 'r6'])
    expect(ledger.isRunning(4)).toBe(true)
    ledger.acknowledge([])
    ledger.acknowledge([
      [1, 1],
      [6, 6],
    ])
    expect([...ledger.finished()]).toEqual(['r3'])
    expect(ledger.openCount).toBe(2)
  })

  test('[R21] may be acknowledged in ranges far larger than the ledger', () => {
    const ledger = started(1_000)
    for (let number = 1; number <= 1_000; number += 2) ledger.settle(number, 'r')
    const ranges = Array.from({ length: 1_024 }, (_, at): Range => [at * 2 ** 40 + 1, at * 2 ** 40 + 2 ** 39])
    for (let time = 0; time < 100; time++) ledger.acknowledge(ranges)
    expect([ledger.openCount, ledger.runningCount]).toEqual([500, 500])
  })

  test('[R21] that the producer no longer waits for are released after a resume', () => {
    const ledger = started(4)
    for (const number of [1, 2, 3]) ledger.settle(number, `r${number}`)
    const open: Range[] = [
      [2, 2],
      [4, 4],
    ]
    ledger.reconcile({ highest: 4, open })
    expect([...ledger.finished()]).toEqual(['r2'])
    expect(ledger.receive(1, 1).kind).toBe('acknowledged')
    expect(ledger.settle(4, 'r4')).toBe('r4')
  })

  test('[R21] of an operation that still runs when nobody waits for it any more are not kept', () => {
    const ledger = started(2)
    ledger.reconcile({ highest: 2, open: [[2, 2]] })
    expect(ledger.isRunning(1)).toBe(true)
    expect(ledger.settle(1, 'r1')).toBeNull()
    expect([...ledger.finished()]).toEqual([])
    expect([ledger.openCount, ledger.runningCount]).toEqual([1, 1])
  })

  test('[R21] with numbers above the highest that the producer named are kept, whether they run or not', () => {
    const ledger = started(4)
    for (const number of [2, 3]) ledger.settle(number, `r${number}`)
    ledger.reconcile({ highest: 2, open: [[1, 1]] })
    expect([...ledger.finished()]).toEqual(['r3'])
    expect(ledger.settle(4, 'r4')).toBe('r4')
    expect(ledger.settle(1, 'r1')).toBe('r1')
    expect([...ledger.finished()]).toEqual(['r1', 'r3', 'r4'])
  })
})

describe('the memory of results', () => {
  const limits = { maxResultLength: 30 }
  const long = (number: number): string => `r${number}`.padEnd(10)

  test('[R27] is bounded: the oldest are replaced, the newest is kept', () => {
    const ledger = started(5, limits)
    for (const number of [1, 2, 3]) ledger.settle(number, long(number))
    expect([...ledger.finished()]).toEqual([long(1), long(2), long(3)])
    expect(ledger.settle(4, long(4))).toBe(long(4))
    expect([...ledger.finished()]).toEqual(['d1', 'd2', long(3), long(4)])
    expect(ledger.receive(1, 1)).toEqual({ kind: 'finished', result: 'd1' })
  })

  test('[R27] is bounded also when the operations finish in reverse order', () => {
    const ledger = started(100, limits)
    for (let number = 100; number >= 1; number--) ledger.settle(number, long(number))
    const kept = [...ledger.finished()].filter((result) => result.length === 10)
    expect(kept).toContain(long(1))
    expect(kept.length).toBeLessThanOrEqual(3)
  })

  test('[R27] is free again when results are acknowledged, dropped ones too', () => {
    const ledger = started(8, limits)
    for (const number of [1, 2, 3, 4]) ledger.settle(number, long(number))
    ledger.acknowledge(upTo(4))
    for (const number of [5, 6, 7]) ledger.settle(number, long(number))
    expect([...ledger.finished()]).toEqual([long(5), long(6), long(7)])
  })

  test('[R27] is not freed by replacing a result with something longer', () => {
    const ledger = started(40, { maxResultLength: 30 })
    for (let number = 1; number <= 40; number++) ledger.settle(number, '1')
    expect([...ledger.finished()]).toEqual(Array(40).fill('1'))
  })

  test('[R27] holds a single result that is larger than all of it, until the next one comes', () => {
    const ledger = started(2, limits)
    expect(ledger.settle(1, 'x'.repeat(50))).toHaveLength(50)
    ledger.settle(2, long(2))
    expect([...ledger.finished()]).toEqual(['d1', long(2)])
  })
})

test('S23 a long-running request holds up neither the acknowledgement of 100,000 others nor their memory', () => {
  const ledger = newLedger()
  ledger.receive(1, 1)
  for (let number = 2; number <= 100_001; number++) {
    if (ledger.receive(number, number).kind !== 'start') expect.fail(`${number} was not started`)
    ledger.settle(number, 'x'.repeat(100))
    if (number % 32 === 0) ledger.acknowledge([[number - 31, number]])
    if (ledger.openCount > 33) expect.fail(`${ledger.openCount} are open`)
  }
  ledger.acknowledge(upTo(100_001))
  expect([ledger.openCount, ledger.runningCount, ledger.highest]).toEqual([1, 1, 100_001])
  expect(ledger.receive(50_000, 50_000).kind).toBe('acknowledged')
  expect(ledger.settle(1, 'late')).toBe('late')
})

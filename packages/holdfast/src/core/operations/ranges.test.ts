import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Range } from '../wire/frames.ts'
import { includes, toRanges } from './ranges.ts'

const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })

describe('numbers as ranges', () => {
  test.each<readonly [number[], Range[]]>([
    [[], []],
    [[7], [[7, 7]]],
    [
      [1, 2, 3, 7],
      [
        [1, 3],
        [7, 7],
      ],
    ],
    [
      [1, 3, 5],
      [
        [1, 1],
        [3, 3],
        [5, 5],
      ],
    ],
    [[2, 2, 3, 3], [[2, 3]]],
    [
      [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
      [[Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]],
    ],
  ])('%j is %j', (ascending, ranges) => {
    expect(toRanges(ascending)).toEqual(ranges)
  })

  test('ranges include exactly the numbers they were made of, ascend and are as few as possible', () => {
    const property = fc.property(numbers, (numbers) => {
      const ranges = toRanges(numbers.toSorted((one, other) => one - other))
      const all = Array.from({ length: 62 }, (_, number) => number)
      expect(all.filter(includes(ranges))).toEqual(all.filter((number) => numbers.includes(number)))
      for (const [at, [first, last]] of ranges.entries()) {
        expect(first).toBeLessThanOrEqual(last)
        expect(first).toBeGreaterThan((ranges[at - 1]?.[1] ?? -1) + 1)
      }
    })
    fc.assert(property, { seed: 1, numRuns: 1_000 })
  })

  test('ranges that touch include the same numbers as one', () => {
    const touching: Range[] = [
      [1, 2],
      [3, 3],
      [4, 9],
    ]
    expect([0, 1, 2, 3, 4, 9, 10].map(includes(touching))).toEqual(
      [0, 1, 2, 3, 4, 9, 10].map(includes([[1, 9]])),
    )
  })
})

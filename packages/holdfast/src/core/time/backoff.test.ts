import { describe, expect, test } from 'vitest'
import { backoffMs, maxBackoffMs, spreadOutMs } from './backoff.ts'

/** The largest value of a random number below 1. */
const almostOne = 1 - Number.EPSILON / 2

describe('backoff', () => {
  test('S18 [R44] is 1, 2, 4, 8, 16, 30, 30 s after failures in a row, each plus at most 30 %', () => {
    const seconds = [1, 2, 4, 8, 16, 30, 30]
    const failures = seconds.map((_, index) => index + 1)
    expect(failures.map((count) => backoffMs(count, 0))).toEqual(seconds.map((second) => second * 1_000))
    expect(failures.map((count) => backoffMs(count, almostOne))).toEqual(
      seconds.map((second) => second * 1_300),
    )
    expect(failures.map((count) => backoffMs(count, 0.5))).toEqual(seconds.map((second) => second * 1_150))
  })

  test('S18 [R44] stays there, however many failures there are', () => {
    for (const failures of [8, 100, 10_000, Number.MAX_SAFE_INTEGER]) {
      expect(backoffMs(failures, 0)).toBe(maxBackoffMs)
      expect(backoffMs(failures, almostOne)).toBe(39_000)
    }
  })
})

describe('the first retry after the loss of a proved link', () => {
  test('[R44] is spread evenly over what the hub says', () => {
    expect([0, 0.25, 0.5, almostOne].map((random) => spreadOutMs(8_000, random))).toEqual([
      0, 2_000, 4_000, 8_000,
    ])
  })

  test('[R44] is spread over at least a second', () => {
    for (const spreadMs of [0, 1, 999]) expect(spreadOutMs(spreadMs, 0.5)).toBe(500)
  })
})

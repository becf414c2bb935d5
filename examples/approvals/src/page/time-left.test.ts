import { expect, test } from 'vitest'
import { timeLeft } from './time-left.ts'

test.each([
  [120_000, '2:00'],
  [61_001, '1:02'],
  [9_000, '0:09'],
  [0, '0:00'],
  [-5_000, '0:00'],
])('%i ms are %s', (left, shown) => expect(timeLeft(1_000_000 + left, 1_000_000)).toBe(shown))

import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

test('without options a thousand seeds are lived through from the first one on, by two workers', () => {
  const nothingElse = { seed: null, trace: false, shrink: false, mutants: false, mutant: null }
  expect(parseOptions([])).toEqual({ seeds: 1_000, from: 1, workers: 2, ...nothingElse })
})

test('mutants are looked for in five thousand seeds', () => {
  expect(parseOptions(['--mutants'])).toMatchObject({ mutants: true, seeds: 5_000 })
})

test('one seed can be traced and shrunk', () => {
  expect(parseOptions(['--seed', '4711', '--trace'])).toMatchObject({ seed: 4_711, trace: true })
  expect(parseOptions(['--seed', '4711', '--shrink'])).toMatchObject({ seed: 4_711, shrink: true })
})

test.each([
  [['--trace'], 'for one --seed'],
  [['--seeds', '0'], '--seeds'],
  [['--seeds', 'many'], '--seeds'],
  [['--from', '-3'], '--from'],
  [['--seed', '3', '--mutants'], 'neither'],
  [['--seed', '3', '--from', '2'], 'neither'],
  [['--mutant', 'nonsense'], 'there are stale-close'],
  [['--unknown'], '--unknown'],
  [['4711'], '4711'],
])('%j is refused with a reason', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(reason)
})

import { expect, it } from 'vitest'
import { commandLineOf } from './command-line.ts'

it('what is not asked for has its default', () => {
  expect(commandLineOf([])).toEqual({ minutes: 10, clients: 200, seed: 1 })
  expect(commandLineOf(['--minutes', '0.5', '--clients', '20', '--seed', '7'])).toEqual({
    minutes: 0.5,
    clients: 20,
    seed: 7,
  })
})

it.each([
  [['--minutes', '0'], '--minutes must be a number above 0'],
  [['--minutes', 'ten'], '--minutes must be a number above 0'],
  [['--clients', '1.5'], '--clients must be a whole number, at least 1'],
  [['--seed', 'x'], '--seed must be a whole number'],
  [['--seed'], "'--seed <value>' argument missing"],
  [['--hours', '2'], "Unknown option '--hours'"],
  [['10'], "Unexpected argument '10'"],
])('%j is refused', (args, message) => {
  expect(() => commandLineOf(args)).toThrow(message)
})

import { expect, test } from 'vitest'
import { commandLineOf } from './command-line.ts'

test('what is not asked for is ten minutes, in a new folder, without leaks', () => {
  expect(commandLineOf([])).toEqual({ minutes: 10, out: undefined, leak: '' })
  expect(commandLineOf(['--minutes', '2', '--out', 'here', '--leak', 'timers,sessions'])).toEqual({
    minutes: 2,
    out: 'here',
    leak: 'timers,sessions',
  })
})

test.each([
  [['--minutes', 'two'], '--minutes must be a number, at least 2'],
  [['--minutes', '0'], '--minutes must be a number, at least 2'],
  [['--minutes'], "'--minutes <value>' argument missing"],
  [['--leak', 'water'], 'water is no leak; there are sessions, listeners, descriptors, timers'],
  [['--hours', '2'], "Unknown option '--hours'"],
  [['2'], "Unexpected argument '2'"],
])('%j is refused', (args, message) => {
  expect(() => commandLineOf(args)).toThrow(message)
})

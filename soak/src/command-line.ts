import { parseArgs } from 'node:util'
import { leakNames, leaksNamed } from './leaks.ts'

/** What a soak was asked for. */
export interface CommandLine {
  readonly minutes: number
  /** The folder for its chart and samples; undefined: a new one. */
  readonly out: string | undefined
  /** Names of leaks, separated by commas. */
  readonly leak: string
}

export const usage: string = `npm run soak -- [--minutes 10] [--out <folder>] [--leak ${leakNames.join(',')}]`

/** @throws TypeError or RangeError that says what there is not */
export function commandLineOf(args: string[]): CommandLine {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '10' },
      out: { type: 'string' },
      leak: { type: 'string', default: '' },
    },
  })
  const minutes = Number(values.minutes)
  if (!(minutes >= 2 && minutes < Infinity))
    throw new RangeError('--minutes must be a number, at least 2: shorter runs decide nothing')
  leaksNamed(values.leak)
  return { minutes, out: values.out, leak: values.leak }
}

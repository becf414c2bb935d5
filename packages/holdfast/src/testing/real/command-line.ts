import { parseArgs } from 'node:util'

/** What a run with real faults was asked for. */
export interface CommandLine {
  readonly minutes: number
  readonly clients: number
  readonly seed: number
}

export const usage = 'npm run faults -- [--minutes 10] [--clients 200] [--seed 1]'

/** @throws TypeError or RangeError that says what there is not */
export function commandLineOf(args: string[]): CommandLine {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '10' },
      clients: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [minutes, clients, seed] = [Number(values.minutes), Number(values.clients), Number(values.seed)]
  if (!(minutes > 0 && minutes < Infinity)) throw new RangeError('--minutes must be a number above 0')
  if (!(Number.isSafeInteger(clients) && clients > 0))
    throw new RangeError('--clients must be a whole number, at least 1')
  if (!Number.isSafeInteger(seed)) throw new RangeError('--seed must be a whole number')
  return { minutes, clients, seed }
}

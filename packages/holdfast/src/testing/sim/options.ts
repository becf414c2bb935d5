import { parseArgs } from 'node:util'
import { mutants as planted } from '../mutants/mutants.ts'

/** What the command line asks for. */
export interface SimulationOptions {
  /** How many seeds. */
  readonly seeds: number
  /** The first of them. */
  readonly from: number
  /** Only this seed; null: many. */
  readonly seed: number | null
  readonly trace: boolean
  readonly shrink: boolean
  /** Looks for every mutant's first catching seed. */
  readonly mutants: boolean
  /** The name of a mutant that is planted; null: the build as it is. */
  readonly mutant: string | null
  readonly workers: number
}

export const usage = `Lives through simulated worlds, and looks whether a promise is broken.

  npm run sim -- --seeds 10000 --from 1     many seeds, two at once
  npm run sim -- --seed 4711                one seed
  npm run sim -- --seed 4711 --trace        … and tells all that happens in it
  npm run sim -- --seed 4711 --shrink       … and makes its schedule as small as it can; with --trace tells that one
  npm run sim -- --mutants                  for each planted bug, how many seeds it takes to find it
  npm run sim -- --mutant stale-close …     any of these, with this bug only

  --workers N                               how many at once (default: 2)`

/** @throws TypeError for options that are none */
export function parseOptions(args: readonly string[]): SimulationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      workers: { type: 'string', default: '2' },
    },
  })
  const { seed, mutant = null, mutants, trace, shrink } = values
  if (seed !== undefined && (mutants || values.seeds !== undefined || values.from !== undefined))
    throw new TypeError('--seed is one, and needs neither --seeds nor --from nor --mutants')
  if (mutant !== null && !planted.some(({ name }) => name === mutant))
    throw new TypeError(
      `no mutant is called ${mutant}; there are ${planted.map(({ name }) => name).join(', ')}`,
    )
  if (seed === undefined && (trace || shrink)) throw new TypeError('--trace and --shrink are for one --seed')
  return {
    seeds: numberOf('seeds', values.seeds ?? (mutants ? '5000' : '1000')),
    from: numberOf('from', values.from ?? '1'),
    seed: seed === undefined ? null : numberOf('seed', seed),
    trace,
    shrink,
    mutants,
    mutant,
    workers: numberOf('workers', values.workers),
  }
}

function numberOf(name: string, text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new TypeError(`--${name} is a number from 1 on, not ${text}`)
  return Number(text)
}

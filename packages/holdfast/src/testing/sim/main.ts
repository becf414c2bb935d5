import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { mutants } from '../mutants/mutants.ts'
import type { Mutant } from '../mutants/mutant.ts'
import type { Violation } from '../world/oracle/violation.ts'
import { buildWorld } from './build.ts'
import { search } from './crew.ts'
import { parseOptions, usage, type SimulationOptions } from './options.ts'
import type { WorldModule } from './world-module.ts'

/** So many failing seeds are enough to begin with. */
const enough = 10

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help')) return console.log(usage)
  let options: SimulationOptions
  try {
    options = parseOptions(args)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exitCode = 2
    return
  }
  if (options.mutants) return await findMutants(options)
  const mutant = options.mutant === null ? null : mutantCalled(options.mutant)
  await withBuild(mutant, (module) =>
    options.seed === null ? liveThrough(module, options) : lookInto(module, options.seed, options),
  )
}

/** Many seeds: prints those that fail, and looks into the first of them. */
async function liveThrough(module: string, options: SimulationOptions): Promise<void> {
  const { from, seeds: count, workers } = options
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  console.log(`seeds ${from} to ${from + count - 1}, ${workers} at once; Ctrl-C stops and tells how to go on`)
  const startedAt = performance.now()
  const tell = progress(count)
  const { next, failures } = await search({
    module,
    from,
    count,
    workers,
    enough,
    signal: stop.signal,
    progressed: (found) => tell(found.next - from, found.failures.length),
  })
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${next - from} worlds in ${seconds} s, ${failures.length} broke a promise`)
  for (const { seed, violations } of failures) {
    console.log(`\nseed ${seed}`)
    printViolations(violations)
    console.log(`  replay: ${commandFor(seed, options, '--trace')}`)
  }
  if (failures[0])
    console.log(`\nas small as it gets: ${commandFor(failures[0].seed, options, '--shrink --trace')}`)
  const left = from + count - next
  const same = `${mutantOption(options)}--workers ${workers}`
  if (left > 0) console.log(`\ngo on: npm run sim -- ${same} --from ${next} --seeds ${left}`)
  if (failures.length > 0 || left > 0) process.exitCode = 1
}

/** One seed: prints what happens in it, if that is asked for. */
async function lookInto(module: string, seed: number, options: SimulationOptions): Promise<void> {
  const { world } = (await import(module)) as WorldModule
  let schedule = world.generate(seed)
  const [first] = options.shrink ? await world.live(schedule) : []
  if (options.shrink && !first) console.log('nothing to make smaller')
  if (first) {
    const before = schedule.steps.length
    schedule = await world.shrink(schedule, async (smaller) =>
      (await world.live(smaller)).some(({ promise }) => promise === first.promise),
    )
    console.log(`${before} steps shrank to ${schedule.steps.length}:\n${JSON.stringify(schedule, null, 1)}\n`)
  }
  const { violations, text } = await world.trace(schedule)
  if (options.trace) console.log(`${text}\n`)
  console.log(violations.length > 0 ? `seed ${seed} broke a promise` : `seed ${seed} broke no promise`)
  printViolations(violations)
  if (violations.length > 0) process.exitCode = 1
}

/** Shows for each planted bug which seed finds it, and how many were tried. */
async function findMutants({ from, seeds: count, workers, mutant: only }: SimulationOptions): Promise<void> {
  const planted = only === null ? mutants : [mutantCalled(only)]
  let survivors = 0
  for (const mutant of planted) {
    const { next, failures } = await withBuild(mutant, (module) =>
      search({ module, from, count, workers, enough: 1, promise: mutant.breaks }),
    )
    const [first] = failures
    if (!first) survivors++
    const violation = first?.violations.find(({ promise }) => promise === mutant.breaks)
    const result = first ? `caught after ${first.seed - from + 1} seeds` : `SURVIVED ${next - from} seeds`
    console.log(`${mutant.name.padEnd(26)} ${result}, by seed ${first?.seed ?? '-'}\n    ${mutant.bug}`)
    if (violation) console.log(`    ${describe(violation).slice(0, 160)}`)
  }
  console.log(`\n${planted.length - survivors} of ${planted.length} planted bugs were found`)
  if (survivors > 0) process.exitCode = 1
}

/** Builds the world, and leaves nothing of the build behind. */
async function withBuild<Result>(mutant: Mutant | null, use: (module: string) => Promise<Result>) {
  const module = await buildWorld(mutant)
  try {
    return await use(module)
  } finally {
    await rm(fileURLToPath(module))
  }
}

function mutantCalled(name: string): Mutant {
  const mutant = mutants.find((each) => each.name === name)
  if (!mutant) throw new Error(`${name} is no mutant`)
  return mutant
}

const commandFor = (seed: number, options: SimulationOptions, what: string): string =>
  `npm run sim -- ${mutantOption(options)}--seed ${seed} ${what}`

const mutantOption = ({ mutant }: SimulationOptions): string => (mutant === null ? '' : `--mutant ${mutant} `)

function printViolations(violations: readonly Violation[]): void {
  for (const violation of violations) console.log(`  ${describe(violation)}`)
}

const describe = ({ promise, at, client, what }: Violation): string =>
  `${promise}: at ${at.toFixed(0)} ms ${client === null ? 'the hub' : `client ${client}`} ${what}`

/** Tells every ten seconds how far it is. */
function progress(count: number): (lived: number, failed: number) => void {
  let toldAt = performance.now()
  return (lived, failed) => {
    if (performance.now() - toldAt < 10_000) return
    toldAt = performance.now()
    console.log(`${lived} of ${count} worlds, ${failed} broke a promise`)
  }
}

await main()

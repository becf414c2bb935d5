import { realTurn } from '../virtual-clock.ts'
import { SimulatedWorld } from './simulated-world.ts'
import type { Simulation } from './simulation.ts'

/** How many runs there are, from which seed on, and how long each may take. */
export interface SimulationOptions {
  /** From which everything follows that is left to chance, an integer. Default 1. */
  readonly seed?: number
  /** How often it runs, each time with the next seed and in a simulation of its own. Default 1. */
  readonly runs?: number
  /** How much virtual time one run may take. Default 86,400,000 ms, a day. */
  readonly withinMs?: number
}

/**
 * Runs an application's hub and clients in a simulated world, where time is virtual and passes by itself whenever the
 * application has nothing left to do but to wait. At the end everything is closed.
 *
 * With `HOLDFAST_SEED` in the environment it runs once, with that seed: so a failure is replayed.
 * @throws SimulationError if a run fails, a callback that a client was given throws, or something is left when all is closed.
 * What throws in the hub, such as a handler or `authorize`, fails no run: the caller gets an error, and the history a line
 * @throws TypeError if an option, or `HOLDFAST_SEED`, is invalid
 */
export async function simulate(
  options: SimulationOptions,
  run: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const { seed, runs, withinMs } = settingsOf(options)
  for (let next = seed; next < seed + runs; next++) {
    // So that the timeout of a test can strike.
    if (next > seed) await realTurn()
    await simulateOnce(next, withinMs, run)
  }
}

/** A run that failed; `cause` is what it failed with. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  /** With this seed it fails again. */
  readonly seed: number
  /** What happened, a line for each fault, state of a client, and warning of a hub. */
  readonly history: readonly string[]

  constructor(simulation: Simulation, cause: unknown) {
    const { seed, history, clock } = simulation
    super(messageOf(seed, clock.now, history, cause), { cause })
    this.seed = seed
    this.history = [...history]
  }
}

async function simulateOnce(
  seed: number,
  withinMs: number,
  run: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const world = new SimulatedWorld(seed)
  try {
    await world.clock.drive(
      Promise.resolve(world).then((simulation) => run(simulation)),
      withinMs,
    )
    const left = await world.clock.drive(world.close(), withinMs)
    if (left.length > 0) throw new Error(`left when everything was closed: ${left.join(', ')}`)
    if (world.thrown.length > 0) throw world.thrown[0]
  } catch (error) {
    throw new SimulationError(world, error)
  }
}

function settingsOf({
  seed = 1,
  runs = 1,
  withinMs = 86_400_000,
}: SimulationOptions): Required<SimulationOptions> {
  const replayed = process.env.HOLDFAST_SEED
  const settings = replayed ? { seed: Number(replayed), runs: 1, withinMs } : { seed, runs, withinMs }
  if (!Number.isSafeInteger(settings.seed)) throw new TypeError('seed must be an integer')
  if (!(Number.isSafeInteger(runs) && runs > 0)) throw new TypeError('runs must be a positive integer')
  if (!(withinMs > 0 && withinMs < Infinity)) throw new TypeError('withinMs must be a positive number')
  return settings
}

const shownLines = 40

function messageOf(seed: number, now: number, history: readonly string[], cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause)
  const hidden = history.length - shownLines
  return [
    `seed ${seed} fails after ${now.toFixed(0)} ms of simulated time: ${why}`,
    `Replay it with HOLDFAST_SEED=${seed}. What happened:`,
    ...(hidden > 0 ? [`(${hidden} lines before these)`] : []),
    ...history.slice(-shownLines),
  ].join('\n')
}

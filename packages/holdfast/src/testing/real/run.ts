import { setTimeout as pause } from 'node:timers/promises'
import type { Violation } from '../world/oracle/violation.ts'
import { act, subscribeTo } from './actions.ts'
import { end } from './ending.ts'
import { RealWorld } from './real-world.ts'
import { reportOf, type RunReport } from './report.ts'
import { injectFault } from './faults.ts'

export interface RunSettings {
  readonly seed: number
  readonly clients: number
  /** How long things happen; after that everything has to come in order. */
  readonly durationMs: number
  /** What applications do, all together. */
  readonly actionsPerSecond: number
  /** What networks do, all together. */
  readonly faultsPerSecond: number
  /** From one SIGKILL to the next, on average; a little less from one SIGSTOP to the next. */
  readonly killEveryMs: number
  /** How long the hub may be paused. */
  readonly longestPauseMs: number
  /** The run goes on until there were so many. Default: none of them. */
  readonly least?: { readonly cuts: number; readonly kills: number; readonly pauses: number }
  /** Told every ten seconds how far it is. */
  readonly progress?: (report: RunReport) => void
  /** Told at once of each promise that was not kept, and of what happened before. */
  readonly violated?: (violation: Violation, events: string) => void
}

/** Lets real clients and a real hub meet real faults, and judges what they are told. */
export async function run(settings: RunSettings): Promise<RunReport> {
  const world = await RealWorld.start(settings)
  const check = checkOf(world, settings)
  const watch = setInterval(check, checkEveryMs)
  const progress = setInterval(() => settings.progress?.(reportOf(world)), progressEveryMs)
  try {
    for (const client of world.clients)
      for (const from of ['start', 'now'] as const)
        subscribeTo(world, client, world.random.pick(world.topics), from)
    await happen(world, settings)
    await end(world)
    check()
    return reportOf(world)
  } finally {
    clearInterval(watch)
    clearInterval(progress)
    await world.dispose()
  }
}

const checkEveryMs = 100
const progressEveryMs = 10_000
const tickMs = 50

/** All at once, each at its own pace, until the time is over and enough has happened. */
async function happen(world: RealWorld, settings: RunSettings): Promise<void> {
  const { durationMs, least = { cuts: 0, kills: 0, pauses: 0 }, actionsPerSecond, faultsPerSecond } = settings
  const { tally } = world
  const goesOn = (): boolean =>
    world.now() < durationMs ||
    tally.total('cuts') < least.cuts ||
    tally.of('hub', 'SIGKILL') < least.kills ||
    tally.of('hub', 'SIGSTOP') < least.pauses
  await Promise.all([
    paced(goesOn, actionsPerSecond, () => act(world)),
    paced(goesOn, faultsPerSecond, () => injectFault(world)),
    killAgainAndAgain(world, settings, goesOn),
    pauseAgainAndAgain(world, settings, goesOn),
  ])
}

async function paced(goesOn: () => boolean, perSecond: number, perform: () => void): Promise<void> {
  for (let due = 0; goesOn(); due += (perSecond * tickMs) / 1_000) {
    for (; due >= 1; due--) perform()
    await pause(tickMs)
  }
}

async function killAgainAndAgain(
  world: RealWorld,
  { killEveryMs }: RunSettings,
  goesOn: () => boolean,
): Promise<void> {
  const { random, tally } = world
  while (await waits(goesOn, random.integer(killEveryMs * 0.6, killEveryMs * 1.4))) {
    await world.killHub()
    tally.count('hub', 'SIGKILL')
    await pause(random.integer(0, random.pick([100, 3_000])))
    await world.startHub()
  }
}

async function pauseAgainAndAgain(
  world: RealWorld,
  { killEveryMs, longestPauseMs }: RunSettings,
  goesOn: () => boolean,
): Promise<void> {
  const { random, tally, log } = world
  while (await waits(goesOn, random.integer(killEveryMs * 0.4, killEveryMs * 0.9))) {
    const { hub } = world
    if (!hub) continue
    const ms = random.integer(100, random.pick([1_000, longestPauseMs / 3, longestPauseMs]))
    log.note(null, `paused for ${ms} ms`)
    hub.pause()
    tally.count('hub', 'SIGSTOP')
    await pause(ms)
    hub.resume()
    log.note(null, 'resumed')
  }
}

/** Whether the run still goes on after so long. */
async function waits(goesOn: () => boolean, ms: number): Promise<boolean> {
  const until = performance.now() + ms
  while (goesOn() && performance.now() < until) await pause(tickMs)
  return goesOn()
}

/** Looks at what can be seen at any time, and tells of what was found since the last time. */
function checkOf({ oracle, truth, log }: RealWorld, { violated }: RunSettings): () => void {
  let told = 0
  return () => {
    oracle.checkEvent()
    oracle.protocol.checkHub(truth.logged)
    for (const violation of oracle.violations.slice(told)) violated?.(violation, log.of(violation.client))
    told = oracle.violations.length
  }
}

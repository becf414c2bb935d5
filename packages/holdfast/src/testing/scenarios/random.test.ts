import { expect, test } from 'vitest'
import { RandomWorld } from '../random-world.ts'
import { transportNames, type TransportName } from '../simulated-transport.ts'

const seeds = Number(process.env['HOLDFAST_SEEDS'] ?? 250)
const firstSeed = Number(process.env['HOLDFAST_FIRST_SEED'] ?? 1)

type Way = readonly TransportName[]

/** What the clients of a world connect over, by the seed: one transport, or any of them. */
const ways: readonly Way[] = [['websocket'], ['sse'], ['websocket'], ['long-poll'], transportNames]

/** Worlds in which something was wrong once. */
const kept: readonly (readonly [seed: number, way: Way])[] = [
  // A send that vanished was waited for for ever, because polls still came [R39].
  [14, ['long-poll']],
  [186, ['long-poll']],
]

/** Lives through one seed; returns what went wrong. */
async function live(seed: number, way: Way): Promise<string[]> {
  const world = new RandomWorld(way, {
    seed,
    hub: {
      retention: { messages: 30 },
      timeouts: { sessionTtlMs: 30_000 },
      limits: { maxOpenOperations: seed % 3 === 0 ? 3 : 1_024 },
    },
  })
  const { pair } = world
  const { random, clock } = pair
  const restarts = random.chance(0.5)
  for (let count = random.integer(1, 4); count > 0; count--) world.addClient()
  /* oxlint-disable no-await-in-loop -- one thing after the other */
  for (let turn = 0; turn < 60; turn++) {
    for (let actions = random.integer(0, 4); actions > 0; actions--) world.act()
    if (random.chance(0.3)) world.break()
    if (restarts && random.chance(0.04)) await world.restart()
    await clock.advance(random.integer(0, random.chance(0.1) ? 30_000 : 300))
  }
  /* oxlint-enable no-await-in-loop */
  world.calm()
  await clock.advance(700_000)
  await world.publishLast()
  const faults = world.faults()
  const { orphans, operations } = pair.hub.stats()
  if (orphans > 0) faults.push(`${orphans} orphans`)
  if (operations.running > 0 || operations.requested > 0) faults.push(`left: ${JSON.stringify(operations)}`)
  return [...faults, ...(await pair.leftovers())]
}

test(
  `${seeds} random worlds: nothing lost in silence, nothing done twice, nothing left`,
  { timeout: 120_000 },
  async () => {
    const failures: Record<string, string[]> = {}
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const way = ways[seed % ways.length] ?? transportNames
      // oxlint-disable-next-line no-await-in-loop -- one world after the other
      const faults = await live(seed, way).catch((error: unknown) => [String(error)])
      if (faults.length > 0) failures[`seed ${seed} over ${way.join()}`] = faults
      if (Object.keys(failures).length >= 5) break
    }
    expect(failures).toEqual({})
  },
)

test.each(kept)('the world of seed %i over %s', async (seed, way) => {
  expect(await live(seed, way)).toEqual([])
})

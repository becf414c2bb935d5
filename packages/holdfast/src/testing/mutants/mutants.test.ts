import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildWorld } from '../sim/build.ts'
import type { WorldModule } from '../sim/world-module.ts'
import type { Violation } from '../world/oracle/violation.ts'
import { changed, type Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'

const built: string[] = []
let sound: WorldModule

async function load(mutant: Mutant | null): Promise<WorldModule> {
  const module = await buildWorld(mutant)
  built.push(module)
  return (await import(/* @vite-ignore */ module)) as WorldModule
}

const live = ({ world }: WorldModule, seed: number): Promise<readonly Violation[]> =>
  world.live(world.generate(seed))

beforeAll(async () => {
  sound = await load(null)
})

afterAll(async () => {
  for (const module of built) await rm(fileURLToPath(module), { force: true })
})

describe.each(mutants)('the planted bug $name', (mutant) => {
  test('breaks its promise, and without it the same world keeps all', { timeout: 60_000 }, async () => {
    const violations = await live(await load(mutant), mutant.seed)
    expect(violations.map(({ promise }) => promise)).toContain(mutant.breaks)
    expect(await live(sound, mutant.seed)).toEqual([])
  })
})

test('there are at least twenty, each with a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  expect(mutants.length).toBeGreaterThanOrEqual(20)
})

test('a change that no longer fits the sources is not passed over', async () => {
  expect(() => changed('one two', { file: 'a.ts', find: 'three', replace: '' })).toThrow('0 times')
  expect(() => changed('one one', { file: 'a.ts', find: 'one', replace: '' })).toThrow('2 times')
  const elsewhere = { file: 'client-node/core.ts', find: 'export', replace: 'export' }
  const useless: Mutant = { name: 'useless', bug: 'None.', seed: 1, breaks: 'links', changes: [elsewhere] }
  await expect(buildWorld(useless)).rejects.toThrow('which the world does not contain')
})

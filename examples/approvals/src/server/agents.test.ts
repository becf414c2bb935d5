import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Decision } from '../contract/run-event.ts'
import { Agents } from './agents.ts'
import type { PermissionRequest } from './permission.ts'
import { RunJournal } from './run-journal.ts'

let folder: string
let journal: RunJournal

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-agents-'))
  journal = await RunJournal.open(folder, () => {})
})
afterEach(async () => {
  await journal.close()
  rmSync(folder, { recursive: true })
})

/** Nobody ever answers. */
const permission = {
  request: ({ interruption }: PermissionRequest): Promise<Decision> =>
    new Promise((_resolve, reject) => {
      interruption.addEventListener('abort', () => reject(interruption.reason as Error))
    }),
}
const team = (): Agents => new Agents(join(folder, 'projects'), { journal, permission, stepMs: 1 })

test('each run has a project of its own, and only so many run at the same time', async () => {
  const agents = team()
  await agents.resume()
  const started = await Promise.allSettled(['Ana', 'Ben', 'Ana', 'Ben'].map((user) => agents.start(user)))
  expect(started.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  expect(started[3]).toMatchObject({ reason: { code: 'rejected', reason: 'agents_busy' } })
  expect(readdirSync(join(folder, 'projects')).sort()).toEqual(['1', '2', '3'])
  await agents.interrupt()
})

test('the next process goes on with the runs that have not ended, and clears away what nobody remembers', async () => {
  const before = team()
  await before.resume()
  await before.start('Ana')
  await before.interrupt()
  await mkdir(join(folder, 'projects', '99'))
  const after = team()
  await after.resume()
  expect(readdirSync(join(folder, 'projects'))).toEqual(['1'])
  expect(() => after.stop('1', 'Ben')).not.toThrow()
  expect(() => after.stop('99', 'Ben')).toThrow(expect.objectContaining({ reason: 'run_over' }))
  await after.interrupt()
})

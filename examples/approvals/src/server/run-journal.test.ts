import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RunJournal } from './run-journal.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-runs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const started = { type: 'started', by: 'Ana', steps: [] } as const

test('what was written is there after a restart, numbered on', async () => {
  const before = await RunJournal.open(folder, () => {})
  await before.append(before.nextRun(), started, { operations: [{ name: 'delete', path: 'a.ts' }] })
  await before.append('1', { type: 'completed' })
  const told: number[] = []
  const after = await RunJournal.open(folder, ({ seq }) => told.push(seq))
  expect(after.eventsAfter(0).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'started'],
    [2, 'completed'],
  ])
  expect(after.operationOf('1', 1)).toEqual({ name: 'delete', path: 'a.ts' })
  expect(after.runs.get('1')?.status).toBe('completed')
  expect(after.nextRun()).toBe('2')
  await after.append('2', started)
  expect(told).toEqual([3])
  expect(after.eventsAfter(2).map(({ run }) => run)).toEqual(['2'])
  await after.close()
  await before.close()
})

test('pages are not told how the work is done', async () => {
  const journal = await RunJournal.open(folder, () => {})
  await journal.append(journal.nextRun(), started, { operations: [{ name: 'delete', path: 'a.ts' }] })
  expect(JSON.stringify(journal.eventsAfter(0))).not.toContain('a.ts')
  await journal.close()
})

test('the oldest runs make room', async () => {
  const before = await RunJournal.open(folder, () => {})
  for (let count = 1; count <= 22; count++) await before.append(before.nextRun(), started)
  await before.close()
  const after = await RunJournal.open(folder, () => {})
  expect(after.runs.all().map(({ id }) => id)).toEqual(
    Array.from({ length: 20 }, (_, index) => `${index + 3}`),
  )
  expect(after.nextRun()).toBe('23')
  await after.close()
})

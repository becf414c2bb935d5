import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

test('the oldest runs that have ended make room, on the disk too', async () => {
  const before = await RunJournal.open(folder, () => {})
  for (let count = 1; count <= 22; count++) {
    const run = before.nextRun()
    await before.append(run, started)
    if (run !== '1') await before.append(run, { type: 'completed' })
  }
  const kept = ['1', ...Array.from({ length: 19 }, (_, index) => `${index + 4}`)]
  const known = ({ runs }: RunJournal): string[] => runs.all().map(({ id }) => id)
  expect(known(before)).toEqual(kept)
  await before.close()
  const text = readFileSync(join(folder, 'runs.jsonl'), 'utf8')
  expect(text.trim().split('\n')).toHaveLength(1 + 2 * 19)
  const after = await RunJournal.open(folder, () => {})
  expect(known(after)).toEqual(kept)
  expect(after.nextRun()).toBe('23')
  await after.close()
})

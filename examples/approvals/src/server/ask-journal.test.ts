import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Conclusion, StoredAsk } from 'holdfast/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askStoreSuite } from '../../../../packages/holdfast/src/testing/ports/ask-store-suite.ts'
import { AskJournal } from './ask-journal.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-asks-'))
  path = join(folder, 'asks.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

askStoreSuite('asks in a journal', () => AskJournal.open(path))

const ask: StoredAsk = {
  id: 'a',
  tenant: null,
  key: 'run:1:step:1',
  method: 'approve',
  data: '{"step":1}',
  users: ['Ana'],
  expiresAt: 5_000,
  conclusion: null,
}
const answered: Conclusion = {
  status: 'answered',
  value: '{"decision":"once"}',
  user: 'Ana',
  session: 's',
  producer: 'p',
  time: 4_000,
}

test('what was asked and answered outlives the process, also one that was never closed', async () => {
  const before = await AskJournal.open(path)
  await before.open(ask)
  await before.open({ ...ask, id: 'b', key: 'run:1:step:2' })
  await before.addUsers('b', ['Ben'])
  await before.conclude('a', answered)
  const after = await AskJournal.open(path)
  const kept = [
    { ...ask, conclusion: answered },
    { ...ask, id: 'b', key: 'run:1:step:2', users: ['Ana', 'Ben'] },
  ]
  expect(await after.load()).toEqual(kept)
  expect(await after.conclude('a', { ...answered, user: 'Ben' })).toEqual(answered)
  expect(await (await AskJournal.open(path)).load()).toEqual(kept)
})

test('a conclusion of which the crash left half is none: nobody has heard of it', async () => {
  const before = await AskJournal.open(path)
  await before.open(ask)
  await before.close()
  appendFileSync(path, '{"type":"concluded","id":"a","conclusion":{"stat')
  const after = await AskJournal.open(path)
  expect(await after.load()).toEqual([ask])
  expect(await after.conclude('a', answered)).toEqual(answered)
})

test('asks without a key end with the process', async () => {
  const before = await AskJournal.open(path)
  await before.open({ ...ask, key: null })
  await before.close()
  expect(await (await AskJournal.open(path)).load()).toEqual([])
})

test('loading writes the file anew, with one line for each ask that is kept', async () => {
  const journal = await AskJournal.open(path)
  for (const id of ['a', 'b', 'c']) await journal.open({ ...ask, id, key: id })
  await journal.forget('b')
  await journal.conclude('c', answered)
  await journal.load()
  await journal.close()
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2)
})

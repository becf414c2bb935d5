import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Journal } from './journal.ts'
import { JournaledChronicle } from './journaled-chronicle.ts'

let folder: string
let path: string
let chronicle: JournaledChronicle

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  path = join(folder, 'journal')
  chronicle = new JournaledChronicle(path)
})
afterEach(() => {
  chronicle.close()
  rmSync(folder, { recursive: true })
})

const accepted = { did: 'accept', topic: 'news', epoch: 'a', oldest: 1 } as const

it('knows at once what another process wrote', () => {
  const journal = new Journal(path)
  journal.write({ did: 'begin' })
  journal.write({ did: 'open', session: 's' })
  expect([chronicle.life, chronicle.knowsSession('s')]).toEqual([1, true])
  journal.write({ ...accepted, token: 'first', offset: 1 })
  expect(chronicle.messageAt('news', 'a', 1)).toBe('first')
  journal.write({ ...accepted, token: 'second', offset: 2, oldest: 2 })
  expect(chronicle.headOf('news')).toEqual({ epoch: 'a', offset: 2 })
  expect([chronicle.oldestOf('news', 'a'), chronicle.oldestOf('news', 'b')]).toEqual([2, null])
  journal.write({ did: 'end', session: 's' })
  expect(chronicle.knowsSession('s')).toBe(false)
  journal.close()
})

it('counts what is executed here and there, and tells its reader', () => {
  const told: unknown[] = []
  chronicle.reader = { executed: (token, count) => told.push([token, count]), concludedAgain: () => {} }
  const journal = new Journal(path)
  journal.write({ did: 'execute', token: 'there' })
  journal.write({ did: 'execute', token: 'there' })
  chronicle.executed('here')
  expect([chronicle.executionsOf('there'), chronicle.executionsOf('here')]).toEqual([2, 1])
  expect(told).toEqual([
    ['there', 1],
    ['there', 2],
    ['here', 1],
  ])
  journal.close()
})

it('the next process knows nothing of the sessions and heads of one that was killed in the middle of a line', () => {
  const first = new Journal(path)
  first.write({ did: 'begin' })
  first.write({ did: 'open', session: 's' })
  first.write({ ...accepted, token: 'first', offset: 1 })
  first.close()
  appendFileSync(path, '{"did":"accept","tok')
  expect(chronicle.life).toBe(1)
  const second = new Journal(path)
  second.write({ did: 'begin' })
  expect([chronicle.life, chronicle.headOf('news'), chronicle.knowsSession('s')]).toEqual([2, null, false])
  expect(chronicle.messageAt('news', 'a', 1)).toBe('first')
  second.close()
})

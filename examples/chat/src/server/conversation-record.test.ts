import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConversationRecord } from './conversation-record.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-record-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const said = (id: string) => ({ id, user: 'ada', text: id, state: 'complete' }) as const

test('what was recorded is there after a restart, numbered on', () => {
  const before = new ConversationRecord(folder)
  before.add('lobby', said('one'))
  before.add('library', said('elsewhere'))
  before.add('lobby', said('two'))
  before.close()
  const after = new ConversationRecord(folder)
  expect(after.after('lobby', 0).map(({ seq, text }) => [seq, text])).toEqual([
    [1, 'one'],
    [2, 'two'],
  ])
  expect(after.after('lobby', 1).map(({ id }) => id)).toEqual(['two'])
  expect(after.add('lobby', said('three')).seq).toBe(3)
  expect(after.find('elsewhere')?.user).toBe('ada')
  after.close()
})

test('an answer that was being written when the process was killed is there as far as it got', () => {
  const before = new ConversationRecord(folder)
  before.add('lobby', { id: 'answer', user: 'assistant', text: '', state: 'streaming' })
  expect(before.addToken('answer', 'Half ')).toBe(0)
  expect(before.addToken('answer', 'an ')).toBe(1)
  before.close()
  appendFileSync(join(folder, 'conversations.jsonl'), '{"type":"token","id":"answer","te')
  const after = new ConversationRecord(folder)
  expect(after.find('answer')).toMatchObject({ text: 'Half an ', tokens: 2, state: 'interrupted' })
  after.close()
})

test('the oldest entries make room', () => {
  const record = new ConversationRecord(folder)
  for (let index = 1; index <= 600; index++) record.add('lobby', said(`m${index}`))
  expect(record.after('lobby', 0).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 500 }, (_, index) => index + 101),
  )
  expect(record.find('m1')).toBeUndefined()
  record.close()
})

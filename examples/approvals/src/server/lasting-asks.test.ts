import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memory } from 'holdfast/server'
import { afterEach, beforeEach } from 'vitest'
import { askStoreSuite } from '../../../../packages/holdfast/src/testing/ports/ask-store-suite.ts'
import { engineSuite } from '../../../../packages/holdfast/src/testing/ports/engine-suite.ts'
import { AskJournal } from './ask-journal.ts'
import { withLastingAsks } from './lasting-asks.ts'

let folder: string
let journal: AskJournal

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-engine-'))
  journal = await AskJournal.open(join(folder, 'asks.jsonl'))
})
afterEach(async () => {
  await journal.close()
  rmSync(folder, { recursive: true })
})

engineSuite('an engine with lasting asks', () => withLastingAsks(memory(), journal))
askStoreSuite('its asks', () => withLastingAsks(memory(), journal).asks)

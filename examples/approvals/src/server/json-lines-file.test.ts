import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { JsonLinesFile } from './json-lines-file.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lines-'))
  path = join(folder, 'lines.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function reopened(): Promise<unknown[]> {
  const { file, lines } = await JsonLinesFile.open<unknown>(path)
  await file.close()
  return lines
}

test('what was appended is there again, in order', async () => {
  const { file, lines } = await JsonLinesFile.open<unknown>(path)
  expect(lines).toEqual([])
  await Promise.all([file.append({ n: 1 }), file.append('two\nlines'), file.append([3])])
  await file.close()
  expect(await reopened()).toEqual([{ n: 1 }, 'two\nlines', [3]])
})

test('a last line that a crash tore off is cut off, and what comes next stands on its own', async () => {
  writeFileSync(path, '{"n":1}\n{"n":2')
  const { file, lines } = await JsonLinesFile.open<unknown>(path)
  expect(lines).toEqual([{ n: 1 }])
  await file.append({ n: 3 })
  await file.close()
  expect(await reopened()).toEqual([{ n: 1 }, { n: 3 }])
})

test('a torn character harms no more than a torn line', async () => {
  writeFileSync(path, Buffer.concat([Buffer.from('"é"\n'), Buffer.from('"é').subarray(0, 2)]))
  expect(await reopened()).toEqual(['é'])
})

test('a broken line in the middle was no crash, and is not passed over', async () => {
  writeFileSync(path, '{"n":1}\nbroken\n{"n":2}\n')
  await expect(JsonLinesFile.open(path)).rejects.toThrow(`${path}:2 is not JSON`)
})

test('replacing leaves only the new lines, and appending goes on after them', async () => {
  const { file } = await JsonLinesFile.open<unknown>(path)
  await file.append('old')
  const replaced = file.replace(['kept'])
  await Promise.all([replaced, file.append('new')])
  await file.close()
  expect(readFileSync(path, 'utf8')).toBe('"kept"\n"new"\n')
})

test('a crash while it is replaced leaves the old lines', async () => {
  const { file } = await JsonLinesFile.open<unknown>(path)
  await file.append('old')
  await file.close()
  appendFileSync(`${path}.new`, '"half of the n')
  expect(await reopened()).toEqual(['old'])
})

test('appending to a file that is closed rejects', async () => {
  const { file } = await JsonLinesFile.open<unknown>(path)
  await file.close()
  await expect(file.append('late')).rejects.toThrow()
})

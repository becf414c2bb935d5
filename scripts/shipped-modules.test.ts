import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

type Objections = (folder: string) => readonly string[]

const path: string = './shipped-modules.mjs'
const { objectionsToModules } = (await import(path)) as { readonly objectionsToModules: Objections }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-modules-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const manifest = JSON.stringify({
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
  dependencies: { ws: '1.0.0' },
})

function objectionsTo(files: Readonly<Record<string, string>>): readonly string[] {
  const sound = { 'package.json': manifest, 'dist/index.js': '', 'dist/index.d.ts': '' }
  for (const [name, text] of Object.entries({ ...sound, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return objectionsToModules(folder)
}

test('what is reached at run time or in types may be shipped, with its map', () => {
  const files = {
    'dist/index.js': "export { a } from './a.js'\nimport 'node:fs'\nimport { WebSocket } from 'ws'",
    'dist/index.d.ts': "export * from './types.ts'\nexport declare const b: import('./b/b.ts').B",
    'dist/a.js': "export const a = () => import('./late.js')",
    'dist/a.js.map': '{}',
    'dist/late.js': '// from "./comment.js"',
    'dist/types.d.ts': 'export {}',
    'dist/types.js': 'export {}',
    'dist/b/b.d.ts': 'export interface B {}',
  }
  expect(objectionsTo(files)).toEqual([])
})

test('what no export reaches is shipped in vain', () => {
  expect(objectionsTo({ 'dist/inner.js': '', 'dist/deep/inner.d.ts': '' })).toHaveLength(2)
  expect(objectionsTo({ 'dist/inner.js.map': '{}' })).toContain(
    'dist/inner.js is shipped, but no export reaches it',
  )
})

test('what an export reaches has to be shipped', () => {
  expect(objectionsTo({ 'dist/index.js': "export * from './away.js'" })).toEqual([
    'dist/away.js is reached by an export, but not shipped',
  ])
})

test('what is imported has to be depended on', () => {
  expect(objectionsTo({ 'dist/index.js': "import 'vitest'\nimport '@a/b/c'" })).toEqual([
    'imports vitest, on which it does not depend',
    'imports @a/b, on which it does not depend',
  ])
})

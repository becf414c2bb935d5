import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkArrows } from './arrows.ts'
import { checkCoreBans } from './core-bans.ts'
import { checkCoverage, sourceFolders } from './coverage.ts'
import { sizeExceptions } from './exceptions.ts'
import { checkLockfile } from './lockfile.ts'
import { checkPlantedBugs } from './planted-bugs.ts'
import { checkRules } from './rules.ts'
import { checkScenarios } from './scenarios.ts'
import { checkSizes, maxFileLines, maxFunctionLines } from './sizes.ts'
import { readDocuments, readSourceTree, type SourceTree } from './source-tree.ts'
import { describeViolation, type Violation } from './violation.ts'
import { checkPlaceholders, checkWording } from './wording.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const repository = readSourceTree(root)
const lockfile = readFileSync(`${root}/package-lock.json`, 'utf8')
const protocol = readFileSync(`${root}/PROTOCOL.md`, 'utf8')
const testing = readFileSync(`${root}/docs/testing.md`, 'utf8')

describe('the repository', () => {
  test.each([
    ['has sources in every listed folder and in no other', () => checkCoverage(repository, sourceFolders)],
    ['imports along the arrows only', () => checkArrows(repository)],
    ['keeps time, chance, I/O and promises out of core', () => checkCoreBans(repository)],
    ['keeps files and functions short', () => checkSizes(repository, sizeExceptions)],
    ['has no drawers, leftovers or casts to any', () => checkWording(repository)],
    ['has a test for each rule of the protocol', () => checkRules('PROTOCOL.md', protocol, repository)],
    ['proves each scenario where it says', () => checkScenarios('docs/testing.md', testing, repository)],
    ['lists the bugs it plants', () => checkPlantedBugs('docs/testing.md', testing, repository)],
    ['has no placeholders in its documents', () => checkPlaceholders(readDocuments(root))],
    ['has a lockfile without hosts', () => checkLockfile('package-lock.json', lockfile)],
  ])('%s', (_, check) => {
    expect(check().map(describeViolation)).toEqual([])
  })
})

const library = 'packages/holdfast/src'

function tree(files: Record<string, string>): SourceTree {
  return new Map(Object.entries(files))
}

function inLibrary(path: string, text: string): SourceTree {
  return tree({ [`${library}/${path}`]: text })
}

function messages(violations: readonly Violation[]): string[] {
  return violations.map(({ message }) => message)
}

describe('arrows', () => {
  test.each([
    ['core/wire/codec.ts', "import { hub } from '../../server/hub.ts'", 'core must not import from server'],
    [
      'core/wire/codec.ts',
      "import type { Hub } from '../../server/hub.ts'",
      'core must not import from server',
    ],
    ['core/wire/codec.ts', "import { nanoid } from 'nanoid'", "core must not import 'nanoid'"],
    [
      'core/wire/codec.ts',
      "import { link } from '../operations/outbox.ts'",
      'core/wire must not import from core/operations',
    ],
    [
      'core/operations/a.ts',
      "export * from '../session/b.ts'",
      'core/operations must not import from core/session',
    ],
    [
      'core/client/a.ts',
      "import { b } from '../session/b.ts'",
      'core/client must not import from core/session',
    ],
    ['core/session/a.ts', "export { b } from '../link/b.ts'", 'core/session must not import from core/link'],
    ['core/link/a.ts', "import { b } from '../client/b.ts'", 'core/link must not import from core/client'],
    ['core/link/a.ts', "import { b } from '../index.ts'", 'core/link must not import from core/'],
    [
      'core/new/a.ts',
      "import { b } from '../wire/b.ts'",
      "lies in 'core/new', a folder that the table of arrows does not know",
    ],
    [
      'engines/memory.ts',
      "import { b } from '../core/b.ts'",
      "engines may import from core with 'import type' only",
    ],
    [
      'engines/memory.ts',
      "import { type B } from '../core/b.ts'",
      "engines may import from core with 'import type' only",
    ],
    ['engines/memory.ts', "import { open } from 'node:fs'", "engines must not import 'node:fs'"],
    ['client/driver.ts', "import { WebSocket } from 'ws'", "client must not import 'ws'"],
    ['client/driver.ts', "import type { WebSocket } from 'ws'", "client must not import 'ws'"],
    ['client/driver.ts', "export type S = import('ws').WebSocket", "client must not import 'ws'"],
    [
      'client/driver.ts',
      "export const s = import('ws/wrapper.mjs')",
      "client must not import 'ws/wrapper.mjs'",
    ],
    ['client/driver.ts', 'export const s = (name: string) => import(name)', 'computes what it imports'],
    ['client/driver.ts', "import { hub } from 'holdfast/server'", "client must not import 'holdfast/server'"],
    [
      'client/driver.ts',
      "import { a } from '../../package.json'",
      "imports '../../package.json' from outside the sources",
    ],
    ['client-node/connect.ts', "import { open } from 'node:fs'", "client-node must not import 'node:fs'"],
    [
      'client-node/connect.ts',
      "import { hub } from '../server/hub.ts'",
      'client-node must not import from server',
    ],
    ['server/hub.ts', "import { connect } from '../client/connect.ts'", 'server must not import from client'],
    ['server/hub.ts', "import { clock } from '../testing/clock.ts'", 'server must not import from testing'],
    ['server/hub.ts', "import pino from 'pino'", "server must not import 'pino'"],
    ['react/use.ts', "import { hub } from '../server/hub.ts'", 'react must not import from server'],
    [
      'extra/a.ts',
      "import { hub } from '../server/hub.ts'",
      "lies in 'extra', a folder that the table of arrows does not know",
    ],
  ])('%s: %s', (path, text, message) => {
    expect(messages(checkArrows(inLibrary(path, text)))).toEqual([message])
  })

  test.each([
    ['core/wire/codec.ts', "import { limits } from './limits.ts'"],
    ['core/operations/outbox.ts', "import { limits } from '../wire/limits.ts'"],
    ['core/index.ts', "export { step } from './session/step.ts'"],
    ['engines/memory.ts', "import type { Entry } from '../core/wire/entry.ts'"],
    [
      'server/hub.ts',
      "import { createServer } from 'node:http'; import { memory } from '../engines/memory.ts'",
    ],
    ['server/transports/web-socket.ts', "import { WebSocketServer } from 'ws'"],
    [
      'client-node/connect.ts',
      "import { WebSocket } from 'ws'; import { connect } from '../client/connect.ts'",
    ],
    ['testing/world.ts', "import { test } from 'vitest'; import { hub } from '../server/hub.ts'"],
    ['server/hub.test.ts', "import { clock } from '../testing/clock.ts'"],
    [
      'server/hub.ts',
      "const text = \"import { connect } from '../client/connect.ts'\" // import '../client/a.ts'",
    ],
  ])('%s may: %s', (path, text) => {
    expect(messages(checkArrows(inLibrary(path, text)))).toEqual([])
  })

  test.each(['holdfast/server', '../reference/application.ts', '../../packages/holdfast/src/server/hub.ts'])(
    'the conformance suite does not import %s, its tests included',
    (specifier) => {
      const text = `import { a } from '${specifier}'`
      const files = tree({ 'conformance/chapters/a.test.ts': text, 'conformance/wire/a.ts': text })
      expect(checkArrows(files)).toHaveLength(2)
      expect(
        checkArrows(tree({ 'conformance/reference/a.ts': "import { a } from 'holdfast/server'" })),
      ).toEqual([])
    },
  )

  test('outside the package its modules are imported by name', () => {
    const text = "import { hub } from '../packages/holdfast/src/server/hub.ts'"
    expect(messages(checkArrows(tree({ 'e2e/start.ts': text })))).toEqual([
      "imports '../packages/holdfast/src/server/hub.ts' instead of 'holdfast/…'",
    ])
    expect(checkArrows(tree({ 'e2e/start.ts': "import { hub } from 'holdfast/server'" }))).toEqual([])
  })
})

describe('core bans', () => {
  test.each([
    ['export const now = Date.now()', 'Date'],
    ['export type When = Date', 'Date'],
    ['setTimeout(go, 1)', 'setTimeout'],
    ['setInterval(go, 1)', 'setInterval'],
    ['setImmediate(go)', 'setImmediate'],
    ['queueMicrotask(go)', 'queueMicrotask'],
    ['export const roll = Math.random()', 'Math.random'],
    ["export const roll = Math['random']()", 'Math.random'],
    ['export const id = crypto.randomUUID()', 'crypto'],
    ['export const fields = { crypto }', 'crypto'],
    ['export const id = fields[crypto]', 'crypto'],
    ['export const now = performance.now()', 'performance'],
    ['export const f = async () => {}', 'async'],
    ['export class A { async f() {} }', 'async'],
    ['await go()', 'await'],
    ['for await (const each of all) go(each)', 'await'],
    ['export let later: Promise<void>', 'Promise'],
    ['export class A extends EventEmitter {}', 'EventEmitter'],
    ["console.log('')", 'console'],
    ['export const id = process.pid', 'process'],
    ["export const now = globalThis['Date']", 'globalThis'],
  ])('%s', (text, banned) => {
    expect(messages(checkCoreBans(inLibrary('core/a.ts', text)))).toEqual([`core must not use ${banned}`])
  })

  test.each([
    ['in a comment', '// Date, setTimeout, async, Promise'],
    ['in a string', "export const name = 'Date process'"],
    ['as a field', 'export interface A { process: number }; export const f = (a: A) => a.process'],
    ['other functions of Math', 'export const floor = Math.floor(1.5)'],
  ])('a banned name is harmless %s', (_, text) => {
    expect(checkCoreBans(inLibrary('core/a.ts', text))).toEqual([])
  })

  test('only the sources of core are meant', () => {
    const text = 'export const now = Date.now()'
    expect(checkCoreBans(inLibrary('core/a.test.ts', text))).toEqual([])
    expect(checkCoreBans(inLibrary('server/a.ts', text))).toEqual([])
  })
})

describe('sizes', () => {
  const path = 'bench/long.mjs'
  const functionOf = (lines: number): string => `const long = () => {\n${'go()\n'.repeat(lines - 2)}}\n`

  test('a file may have 400 lines and no more', () => {
    expect(checkSizes(tree({ [path]: 'go()\n'.repeat(maxFileLines) }), [])).toEqual([])
    expect(messages(checkSizes(tree({ [path]: 'go()\n'.repeat(maxFileLines + 1) }), []))).toEqual([
      'the file has 401 lines, more than 400',
    ])
  })

  test('a function may have 70 lines and no more', () => {
    expect(checkSizes(tree({ [path]: functionOf(maxFunctionLines) }), [])).toEqual([])
    expect(messages(checkSizes(tree({ [path]: functionOf(maxFunctionLines + 1) }), []))).toEqual([
      "'long' has 71 lines, more than 70",
    ])
  })

  test('tests may be longer', () => {
    expect(checkSizes(tree({ 'e2e/long.test.ts': functionOf(maxFileLines + 1) }), [])).toEqual([])
  })

  test('an exception covers one file or one function', () => {
    const files = tree({ [path]: functionOf(maxFileLines + 1) })
    const reason = 'made up'
    expect(messages(checkSizes(files, [{ path, reason }]))).toEqual(["'long' has 401 lines, more than 70"])
    expect(
      checkSizes(files, [
        { path, reason },
        { path, functionName: 'long', reason },
      ]),
    ).toEqual([])
  })

  test('an exception that is no longer needed is refused', () => {
    const files = tree({ [path]: functionOf(maxFunctionLines) })
    const reason = 'made up'
    expect(
      messages(
        checkSizes(files, [
          { path, reason },
          { path, functionName: 'long', reason },
        ]),
      ),
    ).toEqual(['the file no longer needs its exception', "'long' no longer needs its exception"])
  })

  test('each exception gives a reason', () => {
    expect(sizeExceptions.filter(({ reason }) => reason.trim() === '')).toEqual([])
  })
})

describe('wording', () => {
  test.each(['server/utils.ts', 'server/common/frames.ts', 'server/helpers.test.ts', 'server/types.ts'])(
    '%s is a drawer',
    (path) => {
      expect(messages(checkWording(inLibrary(path, '')))).toEqual([
        expect.stringContaining('does not say what is inside'),
      ])
    },
  )

  test.each(['TODO', 'FIXME', '@ts-ignore', '@ts-nocheck'])('%s is refused in a comment', (marker) => {
    expect(messages(checkWording(inLibrary('server/a.ts', `/* ${marker}: later */`)))).toEqual([
      `a comment holds ${marker}`,
    ])
    expect(checkWording(inLibrary('server/a.ts', `export const title = '${marker}'`))).toEqual([])
  })

  test.each(['const a = b as any', 'const a = <any>b'])('%s', (text) => {
    expect(messages(checkWording(inLibrary('server/a.test.ts', text)))).toEqual(['casts to any'])
  })
})

describe('placeholders', () => {
  test.each(['SEEDRESULTS', 'REALRESULTS', 'SOAKRESULTS'])('%s is refused in a document', (word) => {
    expect(checkPlaceholders(tree({ 'docs/a.md': `Results\n\n${word}\n` })).map(describeViolation)).toEqual([
      `docs/a.md:3 ${word} stands where results should (placeholders)`,
    ])
    expect(checkPlaceholders(tree({ 'docs/a.md': 'The results of each seed.\n' }))).toEqual([])
  })
})

describe('coverage', () => {
  const folders = ['bench', 'e2e']

  test('a folder of which no source was seen is reported, tests not counted', () => {
    const files = tree({ 'bench/a.mjs': '', 'e2e/a.test.ts': '' })
    expect(checkCoverage(files, folders).map(describeViolation)).toEqual([
      'e2e:1 no source was found here (coverage)',
    ])
  })

  test('a source outside the listed folders is reported', () => {
    const files = tree({ 'bench/a.mjs': '', 'e2e/a.ts': '', 'packages/new/a.ts': '' })
    expect(checkCoverage(files, folders).map(describeViolation)).toEqual([
      'packages/new/a.ts:1 lies outside the listed source folders (coverage)',
    ])
  })

  test('a source that does not parse is an error, not an empty file', () => {
    expect(() => checkArrows(tree({ 'bench/a.mjs': 'import {' }))).toThrow('bench/a.mjs does not parse')
  })
})

describe('lockfile', () => {
  test('a host is reported, a workspace is not', () => {
    const text =
      '"resolved": "packages/holdfast",\n"resolved": "https://registry.example/ws/-/ws-8.23.0.tgz",\n'
    expect(checkLockfile('package-lock.json', text).map(describeViolation)).toEqual([
      'package-lock.json:2 names the host registry.example (lockfile)',
    ])
  })
})

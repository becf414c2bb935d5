import { posix } from 'node:path'
import { isTest, type SourceTree } from './source-tree.ts'
import { isNode, parseSource, type SyntaxNode } from './syntax.ts'
import type { Violation } from './violation.ts'

export const libraryRoot = 'packages/holdfast/src'

/** What the sources of a folder may import, beside those of the folder itself. */
interface Arrows {
  readonly folders: readonly string[]
  /** Folders of which only types may be imported: nothing of them is loaded at run time. */
  readonly typesOf?: readonly string[]
  /** Packages by name; `node:*` stands for everything that Node brings. */
  readonly packages: readonly string[]
}

/** `testing` is missing on purpose: it may import anything. */
export const libraryArrows: Readonly<Record<string, Arrows>> = {
  core: { folders: [], packages: [] },
  engines: { folders: [], typesOf: ['core'], packages: [] },
  server: { folders: ['core', 'engines'], packages: ['ws', 'node:*'] },
  client: { folders: ['core'], packages: [] },
  'client-node': {
    folders: ['core', 'client'],
    packages: ['ws', 'node:http', 'node:https', 'node:stream/consumers'],
  },
  react: { folders: ['client', 'core'], packages: ['react'] },
}

/** The same between the folders of `core`, which share one TypeScript project. */
export const coreArrows: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  operations: ['wire', 'time'],
  time: [],
  client: ['operations', 'time', 'wire'],
  session: ['operations', 'time', 'wire'],
  link: ['operations', 'time', 'wire'],
  ask: ['wire'],
}

interface Import {
  /** Undefined when it is computed at run time. */
  readonly specifier: string | undefined
  readonly typesOnly: boolean
  readonly line: number
}

export function checkArrows(tree: SourceTree): Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of tree) {
    if (isTest(path) && !isBlackBox(path)) continue
    for (const found of importsOf(path, text)) {
      const message = path.startsWith(`${libraryRoot}/`)
        ? objectionInLibrary(path, found)
        : objectionOutside(path, found)
      if (message) violations.push({ rule: 'arrows', path, line: found.line, message })
    }
  }
  return violations
}

function objectionInLibrary(path: string, found: Import): string | undefined {
  const [from = '', fromPart] = foldersOf(path)
  if (from === 'testing') return undefined
  const arrows = libraryArrows[from]
  if (!arrows) return `lies in '${from}', a folder that the table of arrows does not know`
  if (found.specifier === undefined) return 'computes what it imports'
  if (!found.specifier.startsWith('.')) {
    return allowsPackage(arrows, found.specifier) ? undefined : `${from} must not import '${found.specifier}'`
  }
  const target = posix.join(posix.dirname(path), found.specifier)
  if (!target.startsWith(`${libraryRoot}/`)) return `imports '${found.specifier}' from outside the sources`
  const [to = '', toPart] = foldersOf(target)
  if (from !== to) return objectionBetween(from, arrows, to, found.typesOnly)
  return from === 'core' ? objectionInCore(fromPart, toPart) : undefined
}

function objectionBetween(from: string, arrows: Arrows, to: string, typesOnly: boolean): string | undefined {
  if (arrows.folders.includes(to)) return undefined
  if (!arrows.typesOf?.includes(to)) return `${from} must not import from ${to}`
  return typesOnly ? undefined : `${from} may import from ${to} with 'import type' only`
}

function objectionInCore(from: string | undefined, to: string | undefined): string | undefined {
  if (from === undefined || from === to) return undefined
  const allowed = coreArrows[from]
  if (!allowed) return `lies in 'core/${from}', a folder that the table of arrows does not know`
  return to !== undefined && allowed.includes(to)
    ? undefined
    : `core/${from} must not import from core/${to ?? ''}`
}

/** The conformance suite tests whatever speaks the protocol, so it takes nothing from who wrote one of them. */
const isBlackBox = (path: string): boolean =>
  path.startsWith('conformance/') && !path.startsWith('conformance/reference/')

/** Examples, end-to-end tests and benchmarks use the package by name: a second copy of its modules would not be equal. */
function objectionOutside(path: string, found: Import): string | undefined {
  if (isBlackBox(path) && /^holdfast(\/|$)|\/reference\//.test(found.specifier ?? '')) {
    return `imports '${found.specifier}', although it tests from outside`
  }
  if (!found.specifier?.startsWith('.')) return undefined
  const target = posix.join(posix.dirname(path), found.specifier)
  return target.startsWith('packages/') ? `imports '${found.specifier}' instead of 'holdfast/…'` : undefined
}

function allowsPackage(arrows: Arrows, specifier: string): boolean {
  return arrows.packages.some((name) =>
    name === 'node:*'
      ? specifier.startsWith('node:')
      : specifier === name || specifier.startsWith(`${name}/`),
  )
}

/** The folder of the library in which the file lies, and the folder within that, if any. */
function foldersOf(path: string): string[] {
  return path
    .slice(libraryRoot.length + 1)
    .split('/')
    .slice(0, -1)
}

function importsOf(path: string, text: string): Import[] {
  const source = parseSource(path, text)
  const imports: Import[] = []
  source.visit((node) => {
    const from = importedFrom(node)
    if (!from) return
    const specifier = typeof from.value === 'string' ? from.value : undefined
    const typesOnly = node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type'
    imports.push({ specifier, typesOnly, line: source.lineAt(node.start) })
  })
  return imports
}

/** The node that names the module, in each kind of syntax that names one. */
function importedFrom(node: SyntaxNode): SyntaxNode | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return isNode(node.source) ? node.source : undefined
    default:
      return undefined
  }
}

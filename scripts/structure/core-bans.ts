import { libraryRoot } from './arrows.ts'
import { isTest, type SourceTree } from './source-tree.ts'
import { isNode, parseSource, type Place, type SyntaxNode } from './syntax.ts'
import type { Violation } from './violation.ts'

/** Time, chance, I/O and everything asynchronous come into `core` as inputs and leave it as effects. */
const bannedNames = new Set([
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
  'performance',
  'Promise',
  'PromiseLike',
  'EventEmitter',
  'EventTarget',
  'console',
  'process',
  'globalThis',
])

export function checkCoreBans(tree: SourceTree): Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of tree) {
    if (!path.startsWith(`${libraryRoot}/core/`) || isTest(path)) continue
    const source = parseSource(path, text)
    source.visit((node, place) => {
      const banned = bannedIn(node, place)
      if (!banned) return
      const line = source.lineAt(node.start)
      violations.push({ rule: 'core-bans', path, line, message: `core must not use ${banned}` })
    })
  }
  return violations
}

function bannedIn(node: SyntaxNode, place: Place | undefined): string | undefined {
  if (node.type === 'Identifier' && !isFieldName(place) && bannedNames.has(String(node.name))) {
    return String(node.name)
  }
  if (node.async === true) return 'async'
  if (node.type === 'AwaitExpression' || node.await === true) return 'await'
  if (node.type === 'MemberExpression' && isMathRandom(node)) return 'Math.random'
  return undefined
}

/** A field of that name is harmless: `state.process` is not the global `process`. */
function isFieldName(place: Place | undefined): boolean {
  if (!place || place.parent.computed === true) return false
  if (place.parent.type === 'MemberExpression') return place.field === 'property'
  if (place.parent.type === 'TSQualifiedName') return place.field === 'right'
  return place.field === 'key'
}

function isMathRandom(node: SyntaxNode): boolean {
  const { object, property } = node
  if (!isNode(object) || object.name !== 'Math' || !isNode(property)) return false
  return property.name === 'random' || property.value === 'random'
}

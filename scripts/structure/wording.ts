import type { SourceTree } from './source-tree.ts'
import { isNode, parseSource, type ParsedSource, type SyntaxNode } from './syntax.ts'
import type { Violation } from './violation.ts'

/** Names that say nothing about what is inside. */
const drawers = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'types'])

/** Tests included: they are read as the specification. */
export function checkWording(tree: SourceTree): Violation[] {
  return [...tree].flatMap(([path, text]) => {
    const source = parseSource(path, text)
    return [...drawersIn(path), ...markersIn(path, source), ...castsIn(path, source)]
  })
}

/** Words that stand for figures which are still to be measured. */
export function checkPlaceholders(documents: SourceTree): Violation[] {
  return [...documents].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) =>
      [...line.matchAll(/\b(SEED|REAL|SOAK)RESULTS\b/g)].map(([word]) => ({
        rule: 'placeholders',
        path,
        line: index + 1,
        message: `${word} stands where results should`,
      })),
    ),
  )
}

function drawersIn(path: string): Violation[] {
  return path
    .split('/')
    .map((part) => part.replace(/\..*$/, ''))
    .filter((part) => drawers.has(part))
    .map((part) => ({ rule: 'drawers', path, line: 1, message: `'${part}' does not say what is inside` }))
}

function markersIn(path: string, source: ParsedSource): Violation[] {
  return source.comments.flatMap((comment) =>
    [...comment.value.matchAll(/\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck)\b/g)].map(([marker]) => ({
      rule: 'markers',
      path,
      line: source.lineAt(comment.start),
      message: `a comment holds ${marker}`,
    })),
  )
}

function castsIn(path: string, source: ParsedSource): Violation[] {
  const violations: Violation[] = []
  source.visit((node) => {
    if (!isCastToAny(node)) return
    violations.push({ rule: 'casts', path, line: source.lineAt(node.start), message: 'casts to any' })
  })
  return violations
}

function isCastToAny(node: SyntaxNode): boolean {
  if (node.type !== 'TSAsExpression' && node.type !== 'TSTypeAssertion') return false
  return isNode(node.typeAnnotation) && node.typeAnnotation.type === 'TSAnyKeyword'
}

import { parseSync, type Comment } from 'oxc-parser'

/** A node of the ESTree syntax tree; the fields beside these depend on `type`. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** Where a node sits: the node above it and the field of that node which holds it. */
export interface Place {
  readonly parent: SyntaxNode
  readonly field: string
}

export interface ParsedSource {
  readonly comments: readonly Comment[]
  lineAt(offset: number): number
  visit(visitor: (node: SyntaxNode, place: Place | undefined) => void): void
}

export function parseSource(path: string, text: string): ParsedSource {
  const { program, comments, errors } = parseSync(path, text, { sourceType: 'module' })
  const [firstError] = errors
  if (firstError) throw new Error(`${path} does not parse: ${firstError.message}`)
  return {
    comments,
    lineAt: (offset) => text.slice(0, offset).split('\n').length,
    visit: (visitor) => visitNode(program, undefined, visitor),
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function visitNode(
  value: unknown,
  place: Place | undefined,
  visitor: Parameters<ParsedSource['visit']>[0],
): void {
  if (!isNode(value)) return
  visitor(value, place)
  for (const [field, child] of Object.entries(value)) {
    const children: unknown[] = Array.isArray(child) ? child : [child]
    for (const each of children) visitNode(each, { parent: value, field }, visitor)
  }
}

import { isNode, type SyntaxNode } from './syntax.ts'

/** Of a test, or of a group of them. */
export interface Title {
  readonly text: string
  readonly start: number
}

/** What `test` and `describe` are told as a title; in a table of cases, the text that each row begins with too. */
export function titlesIn(node: SyntaxNode): Title[] {
  if (node.type !== 'CallExpression' || !Array.isArray(node.arguments)) return []
  const [first] = node.arguments as unknown[]
  if (!isNode(first) || !isRun(node.callee)) return []
  const rows = first.type === 'ArrayExpression' ? (first.elements as unknown[]) : [first]
  return rows.flatMap((row) => {
    const text = isNode(row) ? textOf(row.type === 'ArrayExpression' ? firstOf(row) : row) : undefined
    return text === undefined ? [] : [{ text, start: first.start }]
  })
}

const firstOf = (row: SyntaxNode): unknown => (row.elements as unknown[])[0]

const runNames = new Set(['test', 'it', 'describe'])

/** `test`, `test.each`, `it.each(cases)`, `overHttp.test` …, but nothing that is skipped. */
function isRun(callee: unknown): boolean {
  if (!isNode(callee)) return false
  if (callee.type === 'Identifier') return runNames.has(String(callee.name))
  if (callee.type === 'CallExpression') return isRun(callee.callee)
  if (callee.type !== 'MemberExpression' || !isNode(callee.property)) return false
  const name = String(callee.property.name)
  return name !== 'skip' && name !== 'todo' && (runNames.has(name) || isRun(callee.object))
}

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type !== 'TemplateLiteral') return undefined
  const parts = node.quasis as readonly { readonly value: { readonly raw: string } }[]
  return parts.map(({ value }) => value.raw).join('…')
}

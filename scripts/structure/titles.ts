import { isNode, type ParsedSource, type SyntaxNode } from './syntax.ts'

/** Of a test, or of a group of them. */
export interface Title {
  readonly text: string
  readonly start: number
}

/** The titles of all tests that run, and of the groups that hold one; in a table of cases, the text that each row begins with too. */
export function provenTitles(source: ParsedSource): Title[] {
  const blocks: Block[] = []
  source.visit((node) => {
    const block = blockOf(node)
    if (block) blocks.push(block)
  })
  const skipped = blocks.filter((block) => block.skipped)
  const running = blocks.filter(
    (block) => block.is === 'test' && !skipped.some((other) => holds(other, block)),
  )
  return blocks.filter((block) => running.some((test) => holds(block, test))).flatMap(({ titles }) => titles)
}

/** A test or a group as it is written, from `start` to `end`. */
interface Block {
  readonly is: 'test' | 'group'
  /** Always: where a condition decides, it runs. */
  readonly skipped: boolean
  readonly titles: readonly Title[]
  readonly start: number
  readonly end: number
}

/** Itself included. */
const holds = (outer: Block, inner: Block): boolean => outer.start <= inner.start && inner.end <= outer.end

/** `test('…', () => {})`, `describe.each(cases)('…', …)`, `overHttp.test('…', …)`: with a function, unlike `pattern.test(text)`. */
function blockOf(node: SyntaxNode): Block | undefined {
  if (node.type !== 'CallExpression') return undefined
  const callee = calleeOf(node.callee)
  const [title, ...others] = argumentsOf(node)
  if (!callee || !others.some(isFunction)) return undefined
  const titles = [title, ...callee.rows].flatMap((named) => {
    const text = textOf(named)
    return isNode(named) && text !== undefined ? [{ text, start: named.start }] : []
  })
  const skipped = callee.skipped || others.some(saysSkip)
  return { is: callee.is, skipped, titles, start: node.start, end: node.end }
}

interface Callee extends Pick<Block, 'is' | 'skipped'> {
  /** What names the cases, if it is a table of them. */
  readonly rows: readonly unknown[]
}

const kinds: Partial<Record<string, Block['is']>> = { test: 'test', it: 'test', describe: 'group' }

function calleeOf(node: unknown): Callee | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return begun(node.name)
  if (node.type === 'CallExpression') {
    const callee = calleeOf(node.callee)
    return callee && { ...callee, rows: [...callee.rows, ...argumentsOf(node).flatMap(rowsOf)] }
  }
  if (node.type !== 'MemberExpression' || !isNode(node.property) || !isNode(node.object)) return undefined
  const { name } = node.property
  const callee = calleeOf(node.object)
  if (callee) return { ...callee, skipped: callee.skipped || name === 'skip' || name === 'todo' }
  return node.object.type === 'Identifier' ? begun(name) : undefined
}

function begun(name: unknown): Callee | undefined {
  const is = kinds[String(name)]
  return is && { is, skipped: false, rows: [] }
}

function rowsOf(table: unknown): unknown[] {
  if (!isNode(table) || table.type !== 'ArrayExpression') return []
  return (table.elements as unknown[]).map((row) =>
    isNode(row) && row.type === 'ArrayExpression' ? (row.elements as unknown[])[0] : row,
  )
}

const argumentsOf = (call: SyntaxNode): unknown[] => call.arguments as unknown[]

const isFunction = (node: unknown): boolean =>
  isNode(node) && (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression')

/** `{ skip: true }`, as an option of the test. */
function saysSkip(node: unknown): boolean {
  if (!isNode(node) || node.type !== 'ObjectExpression') return false
  return (node.properties as readonly SyntaxNode[]).some(
    ({ key, value }) =>
      isNode(key) &&
      (key.name === 'skip' || key.name === 'todo') &&
      isNode(value) &&
      value.type === 'Literal' &&
      value.value !== false,
  )
}

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type !== 'TemplateLiteral') return undefined
  const parts = node.quasis as readonly { readonly value: { readonly raw: string } }[]
  return parts.map(({ value }) => value.raw).join('…')
}

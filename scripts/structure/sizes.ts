import { isTest, type SourceTree } from './source-tree.ts'
import { isNode, parseSource, type Place, type SyntaxNode } from './syntax.ts'
import type { Violation } from './violation.ts'

export const maxFileLines = 400
export const maxFunctionLines = 70

/** Something that is too long for a reason. */
export interface SizeException {
  readonly path: string
  /** The name of the function; without it the exception is for the length of the file. */
  readonly functionName?: string
  readonly reason: string
}

interface Measured {
  readonly path: string
  readonly functionName: string | undefined
  readonly line: number
  readonly lines: number
}

export function checkSizes(tree: SourceTree, exceptions: readonly SizeException[]): Violation[] {
  const tooLong = [...tree].filter(([path]) => !isTest(path)).flatMap(([path, text]) => tooLongIn(path, text))
  const excepts = (exception: SizeException, measured: Measured): boolean =>
    exception.path === measured.path && exception.functionName === measured.functionName
  return [
    ...tooLong
      .filter((measured) => !exceptions.some((exception) => excepts(exception, measured)))
      .map(asViolation),
    ...exceptions
      .filter((exception) => !tooLong.some((measured) => excepts(exception, measured)))
      .map(({ path, functionName }) => {
        const subject = functionName === undefined ? 'the file' : `'${functionName}'`
        return { rule: 'sizes', path, line: 1, message: `${subject} no longer needs its exception` }
      }),
  ]
}

function asViolation({ path, functionName, line, lines }: Measured): Violation {
  const message =
    functionName === undefined
      ? `the file has ${lines} lines, more than ${maxFileLines}`
      : `'${functionName}' has ${lines} lines, more than ${maxFunctionLines}`
  return { rule: 'sizes', path, line, message }
}

function tooLongIn(path: string, text: string): Measured[] {
  const found: Measured[] = []
  const fileLines = text.replace(/\n$/, '').split('\n').length
  if (fileLines > maxFileLines) found.push({ path, functionName: undefined, line: 1, lines: fileLines })
  const source = parseSource(path, text)
  source.visit((node, place) => {
    if (!isFunction(node)) return
    const line = source.lineAt(node.start)
    const lines = source.lineAt(node.end) - line + 1
    if (lines > maxFunctionLines) found.push({ path, functionName: nameOf(node, place), line, lines })
  })
  return found
}

function isFunction(node: SyntaxNode): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type)
}

/** The function's own name, or that of the variable, field or method which holds it. */
function nameOf(node: SyntaxNode, place: Place | undefined): string {
  for (const named of [node.id, place?.parent.id, place?.parent.key]) {
    if (isNode(named) && typeof named.name === 'string') return named.name
  }
  return 'a function without a name'
}

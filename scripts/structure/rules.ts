import type { SourceTree } from './source-tree.ts'
import { parseSource, type ParsedSource } from './syntax.ts'
import { provenTitles, type Title } from './titles.ts'
import type { Violation } from './violation.ts'

/** Every rule of the protocol is named by the title of a test that runs, and no title names a rule that there is not. */
export function checkRules(protocolPath: string, protocol: string, tree: SourceTree): Violation[] {
  const rules = rulesOf(protocol)
  const named = [...tree].flatMap(([path, text]) => namedIn(path, text))
  const untested = [...rules]
    .filter(([rule]) => !named.some((name) => name.rule === rule))
    .map(([rule, line]) => ({
      rule: 'rules',
      path: protocolPath,
      line,
      message: `no test names [${rule}] in its title`,
    }))
  const unknown = named
    .filter(({ rule }) => !rules.has(rule))
    .map(({ rule, path, line }) => ({
      rule: 'rules',
      path,
      line,
      message: `names ${rule}, a rule that ${protocolPath} does not have`,
    }))
  return [...untested, ...unknown]
}

interface NamedRule {
  readonly rule: string
  readonly path: string
  readonly line: number
}

/** The line of each rule's text, by the rule. */
function rulesOf(protocol: string): Map<string, number> {
  const rules = new Map<string, number>()
  for (const [index, line] of protocol.split('\n').entries()) {
    const [, rule] = /^- \*\*\[(R\d+)\]\*\*/.exec(line) ?? []
    if (rule) rules.set(rule, index + 1)
  }
  return rules
}

/** Suites that several test files run have titles too, so every source is looked at, but for these checks and their examples. */
function namedIn(path: string, text: string): NamedRule[] {
  if (path.startsWith('scripts/') || !/\[R\d/.test(text)) return []
  const source = parseSource(path, text)
  return provenTitles(source).flatMap((title) => rulesIn(title, path, source))
}

/** `[R13]`, or `[R13, R14]` */
function rulesIn({ text, start }: Title, path: string, source: ParsedSource): NamedRule[] {
  return [...text.matchAll(/\[(R\d+(?:, R\d+)*)\]/g)].flatMap(([, list = '']) =>
    list.split(', ').map((rule) => ({ rule, path, line: source.lineAt(start) })),
  )
}

import type { SourceTree } from './source-tree.ts'
import { parseSource } from './syntax.ts'
import { provenTitles } from './titles.ts'
import type { Violation } from './violation.ts'

/** Each scenario of the document is named by the title of a test in each file that its row names, and no test names another. */
export function checkScenarios(documentPath: string, document: string, tree: SourceTree): Violation[] {
  const rows = document.split('\n').flatMap((text, index) => rowIn(text, index + 1))
  const violation = (path: string, line: number, message: string): Violation => ({
    rule: 'scenarios',
    path,
    line,
    message,
  })
  const unproved = rows.flatMap(({ scenario, files, line }) =>
    files
      .filter((file) => !scenariosIn(file, tree.get(file) ?? '').has(scenario))
      .map((file) => violation(documentPath, line, `no test in ${file} names ${scenario} in its title`)),
  )
  const bare = rows
    .filter(({ files }) => files.length === 0)
    .map(({ scenario, line }) => violation(documentPath, line, `${scenario} names no test`))
  const listed = new Set(rows.map(({ scenario }) => scenario))
  const unlisted = [...tree].flatMap(([path, text]) =>
    [...scenariosIn(path, text)]
      .filter(([scenario]) => !listed.has(scenario))
      .map(([scenario, line]) =>
        violation(path, line, `names ${scenario}, which ${documentPath} does not list`),
      ),
  )
  return [...bare, ...unproved, ...unlisted]
}

interface Row {
  readonly scenario: string
  readonly files: readonly string[]
  readonly line: number
}

/** `| S1 | … | [links](../packages/…/links.test.ts) |` */
function rowIn(text: string, line: number): Row[] {
  const [, scenario] = /^\| (S\d+) \|/.exec(text) ?? []
  if (!scenario) return []
  const files = [...text.matchAll(/\]\(\.\.\/([^)]+\.ts)\)/g)].map(([, file = '']) => file)
  return [{ scenario, files, line }]
}

/** The line of a title that names each scenario. */
function scenariosIn(path: string, text: string): Map<string, number> {
  const found = new Map<string, number>()
  if (path.startsWith('scripts/') || !/\bS\d/.test(text)) return found
  const source = parseSource(path, text)
  for (const { text: title, start } of provenTitles(source)) {
    for (const [scenario] of title.matchAll(/\bS\d+\b/g)) found.set(scenario, source.lineAt(start))
  }
  return found
}

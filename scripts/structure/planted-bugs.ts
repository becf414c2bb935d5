import type { SourceTree } from './source-tree.ts'
import { isNode, parseSource, type SyntaxNode } from './syntax.ts'
import type { Violation } from './violation.ts'

/** The document's table has each bug that is planted, with the seed that catches it, and no other. */
export function checkPlantedBugs(documentPath: string, document: string, tree: SourceTree): Violation[] {
  const listed = document.split('\n').flatMap((text, index) => rowIn(documentPath, text, index + 1))
  const planted = [...tree]
    .filter(([path]) => plants.test(path))
    .flatMap(([path, text]) => bugsIn(path, text))
  const unlisted = planted.flatMap(({ name, seed, path, line }) => {
    const rows = listed.filter((row) => row.name === name)
    if (rows.some((row) => row.seed === seed) && rows.length === 1) return []
    const message = `plants ${name}, caught by seed ${seed}; ${documentPath} says: ${saidOf(rows)}`
    return [{ rule: 'planted bugs', path, line, message }]
  })
  const unknown = listed
    .filter(({ name }) => !planted.some((bug) => bug.name === name))
    .map(({ name, path, line }) => ({
      rule: 'planted bugs',
      path,
      line,
      message: `lists ${name}, which is planted nowhere`,
    }))
  return [...unlisted, ...unknown]
}

interface PlantedBug {
  readonly name: string
  readonly seed: number
  readonly path: string
  readonly line: number
}

const plants = /\/testing\/mutants\/of-[\w-]+\.ts$/

const saidOf = (rows: readonly PlantedBug[]): string =>
  rows.map(({ seed }) => seed).join(' and ') || 'nothing'

/** `| `stale-close` | what it does wrong | 1,354 |` */
function rowIn(path: string, text: string, line: number): PlantedBug[] {
  const [, name, seed] = /^\| `([\w-]+)` \| .* \| ([\d,]+) \|$/.exec(text) ?? []
  return name && seed ? [{ name, seed: Number(seed.replaceAll(',', '')), path, line }] : []
}

/** Objects with a name and a seed. */
function bugsIn(path: string, text: string): PlantedBug[] {
  const source = parseSource(path, text)
  const bugs: PlantedBug[] = []
  source.visit((node) => {
    if (node.type !== 'ObjectExpression') return
    const [name, seed] = [valueOf(node, 'name'), valueOf(node, 'seed')]
    if (typeof name !== 'string' || typeof seed !== 'number') return
    bugs.push({ name, seed, path, line: source.lineAt(node.start) })
  })
  return bugs
}

function valueOf(object: SyntaxNode, name: string): unknown {
  const property = (object.properties as readonly SyntaxNode[]).find(
    ({ key }) => isNode(key) && key.name === name,
  )
  return isNode(property?.value) && property.value.type === 'Literal' ? property.value.value : undefined
}

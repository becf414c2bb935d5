import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Source text by path, relative to the root of the repository, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>

const sourceRoots = ['packages', 'examples', 'e2e', 'conformance', 'bench', 'soak', 'scripts']
/** `data` is what the examples write while they run. */
const skippedFolders = new Set(['node_modules', 'dist', 'coverage', 'data'])

export function readSourceTree(root: string): SourceTree {
  return readFiles(root, sourceRoots, isSource)
}

/** Documents by path, read as sources are. */
export function readDocuments(root: string): SourceTree {
  const atRoot = readdirSync(root)
    .filter(isDocument)
    .map((path): [string, string] => [path, readFileSync(join(root, path), 'utf8')])
  return new Map([...atRoot, ...readFiles(root, ['docs', ...sourceRoots], isDocument)])
}

function isSource(path: string): boolean {
  return /\.(ts|tsx|mts|js|mjs)$/.test(path)
}

const isDocument = (path: string): boolean => path.endsWith('.md')

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path)
}

type Choice = (path: string) => boolean

function readFiles(root: string, folders: readonly string[], isChosen: Choice): SourceTree {
  const tree = new Map<string, string>()
  for (const folder of folders) {
    if (existsSync(join(root, folder))) readFolder(root, folder, isChosen, tree)
  }
  return tree
}

function readFolder(root: string, folder: string, isChosen: Choice, tree: Map<string, string>): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) readFolder(root, path, isChosen, tree)
    } else if (isChosen(path)) {
      tree.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Source text by path, relative to the root of the repository, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>

const sourceRoots = ['packages', 'examples', 'e2e', 'conformance', 'bench', 'soak', 'scripts']
/** `data` is what the examples write while they run. */
const skippedFolders = new Set(['node_modules', 'dist', 'coverage', 'data'])

export function readSourceTree(root: string): SourceTree {
  const tree = new Map<string, string>()
  for (const sourceRoot of sourceRoots) {
    if (existsSync(join(root, sourceRoot))) readFolder(root, sourceRoot, tree)
  }
  return tree
}

function isSource(path: string): boolean {
  return /\.(ts|tsx|mts|js|mjs)$/.test(path)
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path)
}

function readFolder(root: string, folder: string, tree: Map<string, string>): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) readFolder(root, path, tree)
    } else if (isSource(path)) {
      tree.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
}

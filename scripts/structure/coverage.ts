import { libraryRoot } from './arrows.ts'
import { isTest, type SourceTree } from './source-tree.ts'
import type { Violation } from './violation.ts'

/** Every folder with sources. The checks prove nothing about a folder of which they saw no file. */
export const sourceFolders: readonly string[] = [
  ...['core', 'engines', 'server', 'client', 'client-node', 'testing'].map(
    (name) => `${libraryRoot}/${name}`,
  ),
  'bench',
  'conformance',
  'e2e',
  'examples',
  'scripts',
  'soak',
]

export function checkCoverage(tree: SourceTree, folders: readonly string[]): Violation[] {
  const paths = [...tree.keys()].filter((path) => !isTest(path))
  const missing = folders
    .filter((folder) => !paths.some((path) => path.startsWith(`${folder}/`)))
    .map((folder) => ({ rule: 'coverage', path: folder, line: 1, message: 'no source was found here' }))
  const unlisted = paths
    .filter((path) => !folders.some((folder) => path.startsWith(`${folder}/`)))
    .map((path) => ({ rule: 'coverage', path, line: 1, message: 'lies outside the listed source folders' }))
  return [...missing, ...unlisted]
}

import { posix } from 'node:path'
import type { FileChange, Files } from './file-change.ts'

/** Something to be done to the files as they are when its turn comes. Plain data, so that the journal can keep it. */
export type Operation =
  | { readonly name: 'create'; readonly path: string; readonly content: string }
  | { readonly name: 'delete'; readonly path: string }
  | { readonly name: 'putOnTop'; readonly path: string; readonly text: string }
  | { readonly name: 'renameIdentifier'; readonly from: string; readonly to: string }
  | { readonly name: 'move'; readonly from: string; readonly to: string }
  | { readonly name: 'release'; readonly version: string; readonly notes: readonly string[] }

/** None if there is nothing to do. */
export function changesOf(operation: Operation, files: Files): FileChange[] {
  return wanted(operation, files)
    .map(([path, after]) => ({ path, before: files.get(path) ?? null, after }))
    .filter(({ before, after }) => before !== after)
}

type Wanted = readonly (readonly [path: string, content: string | null])[]

function wanted(operation: Operation, files: Files): Wanted {
  switch (operation.name) {
    case 'create':
      return [[operation.path, operation.content]]
    case 'delete':
      return [[operation.path, null]]
    case 'putOnTop': {
      const { path, text } = operation
      const content = files.get(path)
      return content === undefined || content.startsWith(text) ? [] : [[path, text + content]]
    }
    case 'renameIdentifier': {
      const identifier = new RegExp(`\\b${operation.from}\\b`, 'g')
      return sources(files).map(([path, content]) => [path, content.replace(identifier, operation.to)])
    }
    case 'move':
      return move(operation.from, operation.to, files)
    case 'release':
      return release(operation.version, operation.notes, files)
  }
}

function sources(files: Files): [string, string][] {
  return [...files].filter(([path]) => path.endsWith('.ts'))
}

/** The relative imports of a source, as they are written there and as paths of the project. */
export function importsOf(path: string, content: string): { written: string; path: string }[] {
  return [...content.matchAll(/\bfrom '(\.[^']*)'/g)].map(([, written = '']) => ({
    written,
    path: posix.join(posix.dirname(path), written),
  }))
}

/** The file, and the imports that name it. */
function move(from: string, to: string, files: Files): Wanted {
  const content = files.get(from)
  if (content === undefined) return []
  const importers = sources(files).flatMap(([path, content]): Wanted => {
    const [found] = importsOf(path, content).filter((imported) => imported.path === from)
    if (!found) return []
    const relative = posix.relative(posix.dirname(path), to)
    const specifier = relative.startsWith('.') ? relative : `./${relative}`
    return [[path, content.replaceAll(`'${found.written}'`, `'${specifier}'`)]]
  })
  return [[from, null], [to, content], ...importers]
}

function release(version: string, notes: readonly string[], files: Files): Wanted {
  const manifest = files.get('package.json')
  const changelog = files.get('CHANGELOG.md')
  if (manifest === undefined || changelog === undefined) return []
  const entry = `## ${version}\n\n${notes.map((note) => `- ${note}\n`).join('')}\n`
  return [
    ['package.json', manifest.replace(/"version": "[^"]*"/, `"version": "${version}"`)],
    [
      'CHANGELOG.md',
      changelog.includes(`## ${version}\n`) ? changelog : changelog.replace(/^(?=## )/m, entry),
    ],
  ]
}

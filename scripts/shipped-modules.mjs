// Holds what a package ships against what its exports reach.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'oxc-parser'

/**
 * What is wrong with an unpacked package: modules that no export reaches, modules that one reaches and that are not there, and
 * packages that it imports without depending on them.
 */
export function objectionsToModules(folder) {
  const { exports, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { reached, missing, packages } = follow(folder, filesIn(exports))
  const strangers = [...packages].filter((name) => !name.startsWith('node:') && !(name in dependencies))
  const superfluous = readdirSync(join(folder, 'dist'), { recursive: true })
    .filter((path) => /\.(js|d\.ts)(\.map)?$/.test(path))
    .map((path) => posix.join('dist', path))
    .filter((path) => !reached.has(moduleOf(path)))
  return [
    ...superfluous.map((path) => `${path} is shipped, but no export reaches it`),
    ...[...missing].map((path) => `${path} is reached by an export, but not shipped`),
    ...strangers.map((name) => `imports ${name}, on which it does not depend`),
  ]
}

/** Every module, without its extension, that the files lead to at run time or in types. */
function follow(folder, files) {
  const reached = new Set()
  const seen = new Set()
  const missing = new Set()
  const packages = new Set()
  const open = [...files]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    if (!existsSync(join(folder, path))) {
      missing.add(path)
      continue
    }
    reached.add(moduleOf(path))
    const extension = path.endsWith('.d.ts') ? '.d.ts' : '.js'
    for (const specifier of specifiersIn(path, readFileSync(join(folder, path), 'utf8'))) {
      if (!specifier.startsWith('.')) packages.add(packageOf(specifier))
      else open.push(moduleOf(posix.join(posix.dirname(path), specifier)) + extension)
    }
  }
  return { reached, missing, packages }
}

/** The modules that a compiled file imports or exports from, in types too. */
function specifiersIn(path, text) {
  const { staticImports, staticExports, dynamicImports } = parseSync(path, text).module
  const inTypes = path.endsWith('.d.ts') ? [...text.matchAll(/\bimport\(["']([^"']+)["']\)/g)] : []
  return [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...dynamicImports.map(({ moduleRequest }) => text.slice(moduleRequest.start + 1, moduleRequest.end - 1)),
    ...inTypes.map(([, specifier]) => specifier),
  ]
}

function filesIn(exports) {
  if (typeof exports === 'string') return /\.(js|d\.ts)$/.test(exports) ? [posix.normalize(exports)] : []
  return Object.values(exports).flatMap(filesIn)
}

const moduleOf = (path) => path.replace(/(\.d)?\.(js|ts)(\.map)?$/, '')

function packageOf(specifier) {
  if (specifier.startsWith('node:')) return specifier
  const [scope, name] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

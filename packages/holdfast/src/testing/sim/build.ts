import { readFile } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import { changed, type Mutant } from '../mutants/mutant.ts'

const packageFolder = new URL('../../../', import.meta.url)
const sourceFolder = fileURLToPath(new URL('src/', packageFolder))

/**
 * Builds the world and everything in it from the sources, with a bug planted if one is given.
 * @returns the address of a module with the exports of `world-module.ts`
 */
export async function buildWorld(mutant: Mutant | null): Promise<string> {
  const outfile = fileURLToPath(
    new URL(`node_modules/.simulation/${mutant?.name ?? 'sound'}-${process.pid}.mjs`, packageFolder),
  )
  await esbuild.build({
    entryPoints: [`${sourceFolder}testing/sim/world-module.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: mutant ? [planting(mutant)] : [],
  })
  return pathToFileURL(outfile).href
}

function planting({ name, changes }: Mutant): esbuild.Plugin {
  return {
    name,
    setup(build) {
      const planted = new Set<string>()
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = relative(sourceFolder, path).replaceAll(sep, '/')
        const concerning = changes.filter((change) => change.file === file)
        if (concerning.length === 0) return null
        planted.add(file)
        return { contents: concerning.reduce(changed, await readFile(path, 'utf8')), loader: 'ts' }
      })
      build.onEnd(() => {
        const missing = changes.find(({ file }) => !planted.has(file))
        if (missing) throw new Error(`${name} changes ${missing.file}, which the world does not contain`)
      })
    },
  }
}

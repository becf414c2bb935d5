import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface BuiltProgram {
  /** For Node to run. */
  readonly file: string
  /** Where it lies, for whoever built it to remove. */
  readonly folder: string
}

/** Makes one file of a program of the folder `programs`: of the sources where these run, of the build where that runs. */
export async function buildProgram(name: string): Promise<BuiltProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-program-'))
  const file = join(folder, `${name}.cjs`)
  const source = new URL(`programs/${name}${extname(import.meta.url)}`, import.meta.url)
  await build({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: file,
    logLevel: 'error',
  })
  return { file, folder }
}

// Packs the package as npm would publish it, lets publint and attw look at the tarball, and looks at what is in it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { objectionsToModules } from './shipped-modules.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
try {
  run('npm', ['pack', '--workspace', 'holdfast', '--pack-destination', folder])
  for (const tarball of readdirSync(folder)) {
    run('npx', ['publint', 'run', '--strict', join(folder, tarball)])
    run('npx', ['attw', '--profile', 'esm-only', join(folder, tarball)])
    run('tar', ['-xzf', join(folder, tarball), '-C', folder])
    for (const objection of objectionsToModules(join(folder, 'package'))) {
      console.error(`package: ${objection}`)
      process.exitCode = 1
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

function run(command, commandArguments) {
  console.log(`\n> ${command} ${commandArguments.join(' ')}`)
  const { status, error } = spawnSync(command, commandArguments, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exitCode = 1
}

// Packs the package as npm would publish it, and lets publint and attw look at the tarball.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
try {
  run('npm', ['pack', '--workspace', 'holdfast', '--pack-destination', folder])
  for (const tarball of readdirSync(folder)) {
    run('npx', ['publint', 'run', '--strict', join(folder, tarball)])
    run('npx', ['attw', '--profile', 'esm-only', join(folder, tarball)])
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

// `npm test`: sees to it that the end-to-end tests have a browser and nginx, then runs vitest. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Programs the tests need that npm does not bring. Tests find them by `variable`, or in `skipped` why they cannot run. */
const programs = [
  {
    what: 'browser',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'CHROMIUM_PATH',
    skipped: 'BROWSER_TESTS_SKIPPED',
    debianPackage: 'chromium',
  },
  {
    what: 'nginx',
    names: ['nginx'],
    variable: 'NGINX_PATH',
    skipped: 'NGINX_TESTS_SKIPPED',
    debianPackage: 'nginx',
  },
]
// Where Debian keeps servers; only root has it on the PATH.
const serverFolder = '/usr/sbin'
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))

process.exitCode = main()

function main() {
  const missing = programs.filter((program) => !find(program))
  if (missing.length > 0) install(missing)
  const env = { ...process.env }
  for (const program of programs) {
    const path = find(program)
    if (path) {
      env[program.variable] = path
      continue
    }
    env[program.skipped] = reasonOfMissing(program)
    console.error(`\n${env[program.skipped]}.`)
    if (process.env.CI === 'true') return 1
    console.error(`The tests that need it will be skipped. Install ${program.debianPackage} to run them.\n`)
  }
  return run(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { env })
}

function find({ names, variable }) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), serverFolder]
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return process.env[variable] || paths.find((path) => existsSync(path))
}

function reasonOfMissing({ what, names, variable }) {
  const tried = names.length > 1 ? `none of ${names.join(', ')} is` : `${names[0]} is not`
  return `no ${what}: ${tried} on the PATH, and ${variable} is not set`
}

/** Only where it can be done unasked: as root on Debian and its descendants. */
function install(missing) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  runAptGet('update')
  for (const { what, debianPackage } of missing) {
    console.error(`No ${what} found: installing ${debianPackage} with apt-get.`)
    runAptGet('install', '-y', '--no-install-recommends', debianPackage)
  }
}

function runAptGet(...aptArguments) {
  // Another installation may be under way: wait for its lock instead of failing.
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-q']
  run('apt-get', [...options, ...aptArguments], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function run(command, commandArguments, options) {
  const { status, error } = spawnSync(command, commandArguments, { stdio: 'inherit', ...options })
  if (error) throw error
  return status ?? 1
}

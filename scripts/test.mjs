// `npm test`: sees to it that the end-to-end tests have a browser, then runs vitest. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const browserNames = ['chromium', 'chromium-browser', 'google-chrome']
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))

process.exitCode = main()

function main() {
  const chromium = process.env.CHROMIUM_PATH || findBrowser() || installBrowser()
  const env = { ...process.env }
  if (chromium) {
    env.CHROMIUM_PATH = chromium
  } else {
    const reason = `no browser: none of ${browserNames.join(', ')} is on the PATH, and CHROMIUM_PATH is not set`
    console.error(`\n${reason}.`)
    if (process.env.CI === 'true') return 1
    console.error('The browser tests will be skipped. Install Chromium to run them.\n')
    env.BROWSER_TESTS_SKIPPED = reason
  }
  return run(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { env })
}

function findBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return browserNames.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync)
}

/** Only where it can be done unasked: as root on Debian and its descendants. */
function installBrowser() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  console.error('No browser found: installing chromium with apt-get.')
  // Another installation may be under way: wait for its lock instead of failing.
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-q']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', [...options, 'update'], { env })
  run('apt-get', [...options, 'install', '-y', '--no-install-recommends', 'chromium'], { env })
  return findBrowser()
}

function run(command, commandArguments, options) {
  const { status, error } = spawnSync(command, commandArguments, { stdio: 'inherit', ...options })
  if (error) throw error
  return status ?? 1
}

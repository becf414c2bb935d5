// `npm run conformance -- <address>`: tests the server at an address, or without one the reference program. Whatever else is
// given goes to vitest, such as `-t R13`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const [first, ...others] = process.argv.slice(2)
const address = first !== undefined && URL.canParse(first) ? first.replace(/\/$/, '') : undefined
const vitestArguments = address === undefined ? process.argv.slice(2) : others

process.exitCode = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'conformance', ...vitestArguments],
  {
    stdio: 'inherit',
    env: address === undefined ? process.env : { ...process.env, HOLDFAST_ADDRESS: address },
  },
).status

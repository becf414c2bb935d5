// `npm run conformance -- <address>`: tests the server at an address, or without one the reference program. Whatever else is
// given goes to vitest, such as `-t R13`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const [first, ...others] = process.argv.slice(2)

process.exitCode =
  first === undefined || first.startsWith('-') ? test(process.argv.slice(2), {}) : await testServer(first)

async function testServer(given) {
  const address = given.replace(/\/$/, '')
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    console.error(`An address begins with http:// or https://, unlike ${given}.`)
    return 2
  }
  const missing = await missingHubAt(new URL('impatient', address)).catch(
    (error) => error.cause?.message ?? error.message,
  )
  if (missing) {
    console.error(`${new URL('impatient', address).href}: ${missing}`)
    console.error(
      'The server has to serve the application that conformance/README.md describes, at two addresses.',
    )
    return 2
  }
  return test(others, { HOLDFAST_ADDRESS: address })
}

/** Why there is no hub; null if there is one. A hub refuses the preflight of no poll. */
async function missingHubAt(address) {
  const { status } = await fetch(`${address.href}/poll`, { method: 'OPTIONS' })
  return status === 404 ? 'no hub is there' : null
}

function test(vitestArguments, variables) {
  const env = { ...process.env, ...variables }
  const args = [vitest, 'run', '--project', 'conformance', ...vitestArguments]
  return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { post } from './http-request.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the server under test, such as `http://127.0.0.1:4000/holdfast`. */
    readonly conformanceAddress: string
  }
}

const program = fileURLToPath(new URL('../dist/reference/main.js', import.meta.url))

/** Tells the tests whom they test: the server at `HOLDFAST_ADDRESS`, else the reference program, which it starts. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['HOLDFAST_ADDRESS']
  if (given !== undefined) {
    for (const address of [given, new URL('impatient', given).href]) await assertHub(address)
    project.provide('conformanceAddress', given)
    return undefined
  }
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const [address] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  if (typeof address !== 'string') throw new Error('the reference program ended before it named its address')
  project.provide('conformanceAddress', address)
  return async () => {
    child.kill('SIGTERM')
    await ended
  }
}

/** Opens a link: one clear error is better than hundreds. */
async function assertHub(address: string): Promise<void> {
  const answer = await post(`${address}/poll`).catch((error: Error) => error.message)
  const how = typeof answer === 'string' ? answer : `it answers ${answer.status}`
  if (typeof answer === 'string' || answer.headers['holdfast-link'] === undefined) {
    throw new Error(`there is no hub at ${address}: ${how}`)
  }
}

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const script = `
import assert from 'node:assert/strict'
import test from 'node:test'
import { HoldfastError } from 'holdfast/client'
import { FaultProxy, HoldfastError as TestedError, simulate } from 'holdfast/testing'

test('the package is one', () => assert.equal(TestedError, HoldfastError))

test('a simulation runs', () =>
  simulate({ runs: 3 }, async (simulation) => {
    simulation.startHub((createHub) => createHub().onRequest('double', (value) => value * 2))
    const client = simulation.connect()
    simulation.misbehave({ faults: ['cut', 'hold'] })
    await simulation.clock.advance(60_000)
    assert.equal(await client.request('double', 21), 42)
    await assert.rejects(client.request('halve', 42), (error) => error instanceof HoldfastError)
  }))

test('a proxy listens', async () => {
  const proxy = await FaultProxy.before(1)
  assert.ok(proxy.port > 0)
  await proxy.close()
})
`

test('holdfast/testing works without vitest, in node:test', async () => {
  const { NODE_OPTIONS: _, VITEST: __, NODE_TEST_CONTEXT: ___, ...env } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--test-reporter=tap', '--eval', script],
    { cwd: root, timeout: 30_000, env },
  )
  expect(stdout).toContain('# pass 3')
  expect(stdout).toContain('# fail 0')
})

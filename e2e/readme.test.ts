import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

function blockBetween(readme: string, name: string): string {
  const [, rest = ''] = readme.split(`<!-- ${name}:start -->`)
  const [marked = ''] = rest.split(`<!-- ${name}:end -->`)
  const fence = '```'
  const [, block = ''] = marked.split(fence)
  return block.slice(block.indexOf('\n') + 1)
}

test('the first minute of the README runs as printed', async () => {
  const readme = await readFile(`${root}/README.md`, 'utf8')
  const script = blockBetween(readme, 'first-minute')
  expect(script).toContain('createHub')
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { cwd: root, timeout: 30_000 },
  )
  expect(stderr).toBe('')
  expect(stdout).toBe(blockBetween(readme, 'first-minute-output'))
})

test.each(['README.md', 'docs/testing-applications.md'])(
  'the test that %s shows is one that is run',
  async (name) => {
    const shown = blockBetween(await readFile(`${root}/${name}`, 'utf8'), 'testing')
    expect(shown).toContain('simulate({ runs: 100 }')
    expect(await readFile(`${root}/examples/testing/src/todo-list.test.ts`, 'utf8')).toContain(shown)
  },
)

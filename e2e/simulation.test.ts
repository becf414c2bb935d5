import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../packages/holdfast/dist/testing/sim/main.js', import.meta.url))

interface Run {
  readonly output: string
  readonly code: number
}

/** Runs the simulation as `npm run sim` does. */
async function simulate(...args: readonly string[]): Promise<Run> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { maxBuffer: 1e8 })
    return { output: stdout, code: 0 }
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number }
    return { output: stdout + stderr, code }
  }
}

test('lives through the seeds that are asked for, and tells that none broke a promise', async () => {
  const { output, code } = await simulate('--seeds', '60', '--from', '1001')
  expect(output).toMatch(/^60 worlds in [\d.]+ s, 0 broke a promise$/m)
  expect(code).toBe(0)
})

test('finds the same with one worker and with three', async () => {
  const found = async (workers: string): Promise<Run> => {
    const { output, code } = await simulate(
      '--mutant',
      'executed-again',
      '--seeds',
      '200',
      '--workers',
      workers,
    )
    return { output: output.replace(/ in [\d.]+ s|, \d at once|--workers \d/g, ''), code }
  }
  const alone = await found('1')
  expect(alone.output).toMatch(/broke a promise/)
  expect(await found('3')).toEqual(alone)
})

test('a failure names the command that replays it, and the replay tells what happened', async () => {
  const search = await simulate('--mutant', 'executed-again', '--seeds', '200')
  expect(search.code).toBe(1)
  const [, replay = ''] = /replay: npm run sim -- (.+)$/m.exec(search.output) ?? []
  const { output, code } = await simulate(...replay.split(' '))
  expect(code).toBe(1)
  expect(output).toMatch(/world {5}\{"at":/)
  expect(output).toMatch(/client \d {2}link \d\/\d writes \{"type":"hello"/)
  expect(output).toMatch(/VIOLATION of/)
})

test('a failing schedule is made small, and still fails', async () => {
  const search = await simulate('--mutant', 'executed-again', '--seeds', '200')
  const [, shrink = ''] = /as small as it gets: npm run sim -- (.+)$/m.exec(search.output) ?? []
  const { output } = await simulate(...shrink.split(' '))
  const [, before = '0', after = '0'] = /^(\d+) steps shrank to (\d+):$/m.exec(output) ?? []
  expect(Number(after)).toBeLessThan(Number(before) / 2)
  expect(output).toMatch(/VIOLATION of/)
})

test('what is interrupted tells how to go on', async () => {
  const child = spawn(process.execPath, [main, '--seeds', '1000000'])
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    if (output === '') child.kill('SIGINT')
    output += String(chunk)
  }
  if (child.exitCode === null) await once(child, 'exit')
  const [, lived = '', next = '', left = ''] =
    /^(\d+) worlds in [^]*go on: npm run sim -- --workers 2 --from (\d+) --seeds (\d+)$/m.exec(output) ?? []
  expect(Number(next)).toBe(Number(lived) + 1)
  expect(Number(left)).toBe(1_000_000 - Number(lived))
  expect(child.exitCode).toBe(1)
})

test('options that are none are refused, with how it is used', async () => {
  const { output, code } = await simulate('--seeds', 'many')
  expect(code).toBe(2)
  expect(output).toContain('--seeds is a number')
  expect(output).toContain('npm run sim -- --seed 4711')
})

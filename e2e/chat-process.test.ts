import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startChat } from './chat-server.ts'

test('npm start prints the address, serves the page there, and leaves nothing behind', async () => {
  await using server = await startChat({ command: ['npm', 'start'] })
  const page = await (await server.fetch('/')).text()
  expect(page).toContain('<title>Holdfast chat</title>')
  server.kill('SIGTERM')
  expect(await server.gone).toEqual({ code: 0, signal: null })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  'S12 after %s the chat closes in order and ends by itself',
  async (signal) => {
    await using server = await startChat()
    server.kill(signal)
    expect(await server.gone).toEqual({ code: 0, signal: null })
  },
)

test('S12 a second signal ends it at once, whatever the server is busy with', async () => {
  await using server = await startChat()
  await server.fault('block?ms=30000')
  server.kill('SIGTERM')
  await server.prints('Closing. Once more closes at once.')
  const started = performance.now()
  server.kill('SIGTERM')
  expect(await server.gone).toEqual({ code: 143, signal: null })
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('a foreign page cannot press the buttons', async () => {
  await using server = await startChat()
  const response = await server.fetch('/faults/crash', {
    method: 'POST',
    headers: { origin: 'https://elsewhere.example' },
  })
  expect(response.status).toBe(403)
})

test.each(['abc', '70000', '-1'])('PORT=%s is refused in a sentence', (PORT) => {
  const program = fileURLToPath(new URL('../examples/chat/dist/front/main.js', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [program], {
    env: { ...process.env, PORT },
    encoding: 'utf8',
    timeout: 10_000,
  })
  expect(stderr).toBe(`PORT must be a number from 0 to 65535, not ${PORT}.\n`)
  expect(status).toBe(1)
})

import { expect, test } from 'vitest'
import { ApprovalsServer } from './approvals-server.ts'

test('npm run example:approvals prints the address, serves the page there, and leaves nothing behind', async () => {
  await using server = await ApprovalsServer.start({ command: ['npm', 'run', 'example:approvals'] })
  const page = await (await fetch(server.url.replace('localhost', '127.0.0.1'))).text()
  expect(page).toContain('<title>Agent console</title>')
  expect(await server.stop()).toBe(0)
})

test('nobody can sign in but the people whom the console knows', async () => {
  await using server = await ApprovalsServer.start()
  const signIn = async (name: string): Promise<number> => {
    const url = new URL('/sign-in', server.url.replace('localhost', '127.0.0.1'))
    return (await fetch(url, { method: 'POST', body: JSON.stringify({ name }) })).status
  }
  expect(await Promise.all(['Ana', 'Ben', 'Eve', ''].map(signIn))).toEqual([200, 200, 400, 400])
})

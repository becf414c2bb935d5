import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locations, Nginx, nginxMissing } from './nginx.ts'

describe.skipIf(nginxMissing)(`nginx (${nginxMissing ?? 'found'})`, () => {
  let server: Server
  let port: number

  /** Says something at once, and ends half a second later. */
  beforeEach(async () => {
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
      response.write(': at once\n\n')
      void pause(500).then(() => response.end('data: at last\n\n'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => server.close())

  /** What comes first, over a connection of its own. */
  async function firstPieceThrough(nginx: Nginx): Promise<string> {
    const call = request({ port: nginx.port, method: 'POST', agent: false })
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    const [piece] = (await once(response, 'data')) as [Buffer]
    response.destroy()
    return piece.toString()
  }

  test('passes a response that asks not to be buffered piece by piece, unless it is told to buffer', async () => {
    await using nginx = await Nginx.before(port, locations.withoutUpgrade)
    expect(await firstPieceThrough(nginx)).toBe(': at once\n\n')
    await nginx.switchTo(locations.buffering)
    expect(await firstPieceThrough(nginx)).toBe(': at once\n\ndata: at last\n\n')
    await nginx.switchTo(locations.recommended)
    expect(await firstPieceThrough(nginx)).toBe(': at once\n\n')
  })

  test('leaves no process and no file behind', async () => {
    const nginx = await Nginx.before(port, locations.recommended)
    const { folder, processId = NaN } = nginx
    expect([existsSync(folder), process.kill(processId, 0)]).toEqual([true, true])
    await nginx[Symbol.asyncDispose]()
    expect(existsSync(folder)).toBe(false)
    expect(() => process.kill(processId, 0)).toThrow('ESRCH')
    await expect(fetch(nginx.origin)).rejects.toThrow('fetch failed')
  })

  test('says what it does not like about a configuration', async () => {
    await expect(Nginx.before(port, 'nonsense;')).rejects.toThrow('unknown directive "nonsense"')
    await using nginx = await Nginx.before(port, locations.recommended)
    await expect(nginx.switchTo('nonsense;')).rejects.toThrow('unknown directive "nonsense"')
  })
})

test('docs/proxies.md recommends for nginx what is tested here', async () => {
  const text = await readFile(fileURLToPath(new URL('../docs/proxies.md', import.meta.url)), 'utf8')
  const [, block = ''] = text.split('```nginx')
  const directives = block.split('```')[0]?.match(/^ *proxy_(http_version|set_header) .*;$/gm) ?? []
  const tested = locations.recommended.trim().split('\n')
  expect(directives.map((line) => line.trim())).toEqual(tested.map((line) => line.trim()))
})

import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Owner } from '../../testing/owner.ts'
import { helloFrame, RawLink } from '../../testing/raw-link.ts'
import { until } from '../../testing/until.ts'
import { upgradeByHand } from '../../testing/upgrade-by-hand.ts'
import { createHub, type Hub, type HubOptions } from '../index.ts'

const owner = new Owner()
let server: Server
let port = 0

beforeEach(async () => {
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  owner.own({
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
})
afterEach(() => owner.closeAll())

function makeHub(options: HubOptions = {}): Hub {
  const hub = createHub(options)
  owner.own({ close: () => hub.close({ drainMs: 1 }) })
  return hub
}

const httpUrl = (path: string): string => `http://127.0.0.1:${port}${path}`
const webSocketUrl = (path: string): string => `ws://127.0.0.1:${port}${path}`

async function welcomed(path: string): Promise<RawLink> {
  return owner.own(await RawLink.welcomed(webSocketUrl(path)))
}

async function plainGet(path: string): Promise<{ status: number | undefined; type: unknown; body: string }> {
  const request = get(httpUrl(path), { agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, type: response.headers['content-type'], body }
}

/** Asks for an upgrade and keeps its own side open; resolves with what came until the other side ended. */
async function refusedUpgrade(
  path: string,
  protocol: string | null,
): Promise<{ answer: string; socket: Socket }> {
  const socket = upgradeByHand(port, path, protocol)
  owner.own({ close: () => Promise.resolve(socket.destroy()) })
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  await once(socket, 'end')
  return { answer, socket }
}

function connectionCount(): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

describe('what is under the path', () => {
  it('is the hub’s alone: no other listener sees its requests or upgrades, those added later neither', async () => {
    const seen: (string | undefined)[] = []
    server.on('request', ({ url }) => seen.push(url))
    server.on('upgrade', ({ url }) => seen.push(url))
    makeHub().attach(server)
    server.prependListener('request', ({ url }) => seen.push(url))
    server.prependListener('upgrade', ({ url }) => seen.push(url))

    for (const path of ['/holdfast', '/holdfast/', '/holdfast/sub', '/holdfast?query=1']) {
      expect((await plainGet(path)).status).toBe(path === '/holdfast/sub' ? 404 : 426)
      await welcomed(path)
    }
    expect(seen).toEqual([])
  })

  it('answers a plain request with 426 and a typed error', async () => {
    makeHub().attach(server)
    const { status, type, body } = await plainGet('/holdfast')
    expect([status, type]).toEqual([426, 'application/json'])
    expect(JSON.parse(body)).toMatchObject({ code: 'version_unsupported' })
  })

  it('refuses a WebSocket that does not offer the subprotocol with 400 and a typed error, and lets go of it', async () => {
    makeHub().attach(server)
    for (const protocol of [null, 'chat']) {
      const { answer } = await refusedUpgrade('/holdfast', protocol)
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'version_unsupported' })
    }
    await expect.poll(connectionCount).toBe(0)
  })

  it('refuses a broken WebSocket handshake, and lets go of it', async () => {
    const hub = makeHub()
    hub.attach(server)
    const { answer } = await refusedUpgrade('/holdfast', 'holdfast.v1\r\nSec-WebSocket-Key: short')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    await expect.poll(connectionCount).toBe(0)
    expect(hub.stats().links).toBe(0)
  })

  it('S13 survives resets in the middle of a refused upgrade', async () => {
    makeHub().attach(server)
    for (const path of ['/holdfast', '/elsewhere']) {
      const { socket } = await refusedUpgrade(path, null)
      socket.resetAndDestroy()
    }
    await expect.poll(connectionCount).toBe(0)
    await welcomed('/holdfast')
  })

  it('is served under any path, and as a request listener of a framework', async () => {
    const hub = makeHub()
    hub.attach(server, { path: '/' })
    await welcomed('/anything')
    hub.attach(server, { path: '/slash/' })
    await welcomed('/slash')
    const framework = createServer((request, response) => hub.handle(request, response))
    framework.on('upgrade', (request, socket, head) => hub.handleUpgrade(request, socket, head))
    framework.listen(0, '127.0.0.1')
    await once(framework, 'listening')
    const link = await RawLink.welcomed(`ws://127.0.0.1:${(framework.address() as AddressInfo).port}/`)
    await link.close()
    framework.close()
  })
})

describe('what is elsewhere', () => {
  it('goes to the application as if the hub were not there', async () => {
    server.on('request', (request, response) => response.end(`application ${request.url}`))
    makeHub().attach(server)
    for (const path of ['/', '/holdfastness', '/other/holdfast', '/?/holdfast']) {
      expect(await plainGet(path)).toMatchObject({ status: 200, body: `application ${path}` })
    }
  })

  it('lets another WebSocket server on the same HTTP server work', async () => {
    makeHub().attach(server)
    const other = new WebSocketServer({ server, path: '/other' })
    other.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    )
    const socket = new WebSocket(webSocketUrl('/other'))
    await once(socket, 'open')
    socket.send('hi')
    const [echo] = (await once(socket, 'message')) as [Buffer]
    expect(echo.toString()).toBe('echo hi')
    await welcomed('/holdfast')
    socket.terminate()
    other.close()
  })

  it('gets a 404 for an upgrade that nobody else would answer, and is let go of', async () => {
    makeHub().attach(server)
    const { answer } = await refusedUpgrade('/elsewhere', null)
    expect(answer).toMatch(/^HTTP\/1\.1 404 /)
    await expect.poll(connectionCount).toBe(0)
  })

  it('gets a 404 for such an upgrade also where two hubs are attached', async () => {
    makeHub().attach(server, { path: '/one' })
    makeHub().attach(server, { path: '/two' })
    const { answer } = await refusedUpgrade('/elsewhere', null)
    expect(answer).toMatch(/^HTTP\/1\.1 404 /)
    await expect.poll(connectionCount).toBe(0)
  })
})

describe('several hubs on one server', () => {
  it('each serve their own path', async () => {
    const one = makeHub()
    const two = makeHub()
    one.attach(server, { path: '/one' })
    two.attach(server, { path: '/two' })
    await welcomed('/one')
    await welcomed('/two')
    expect([one.stats().sessions.live, two.stats().sessions.live]).toEqual([1, 1])
    expect(one.sessions()[0]?.id).not.toBe(two.sessions()[0]?.id)
  })

  it('detach in any order, and then the server is as it was before', async () => {
    const listeners = (): object => server.eventNames().map((name) => [name, server.listenerCount(name)])
    const before = listeners()
    for (let round = 0; round < 3; round++) {
      const detachOne = makeHub().attach(server, { path: '/one' })
      const detachTwo = makeHub().attach(server, { path: '/two' })
      detachOne()
      detachOne()
      await welcomed('/two')
      const detachOneAgain = makeHub().attach(server, { path: '/one' })
      detachTwo()
      await welcomed('/one')
      detachOneAgain()
      expect(listeners()).toEqual(before)
      expect(Object.hasOwn(server, 'emit')).toBe(false)
    }
  })

  it('detaching leaves open links alone, and further requests to the application', async () => {
    const hub = makeHub()
    const detach = hub.attach(server)
    const link = await welcomed('/holdfast')
    detach()
    server.on('request', (_request, response) => response.end('application'))
    expect(await plainGet('/holdfast')).toMatchObject({ status: 200, body: 'application' })
    link.send({ type: 'ping', id: 7 })
    expect(await link.next('pong')).toEqual({ type: 'pong', id: 7 })
  })

  it('closing a hub detaches it, by `await using` as well', async () => {
    const closed = createHub()
    closed.attach(server, { path: '/one' })
    const disposed = createHub()
    disposed.attach(server, { path: '/two' })
    await closed.close()
    await disposed[Symbol.asyncDispose]()
    expect(Object.hasOwn(server, 'emit')).toBe(false)
    expect(server.listenerCount('upgrade')).toBe(0)
  })
})

describe('origins', () => {
  /** What a page of an origin is told: the type of the first frame, and the code of a goodbye. */
  async function answerTo(origin: string | undefined, options: HubOptions): Promise<unknown> {
    const path = `/${Math.random()}`
    makeHub(options).attach(server, { path })
    const link = owner.own(await RawLink.open(webSocketUrl(path), origin === undefined ? {} : { origin }))
    link.send(helloFrame())
    await until(() => link.frames.length > 0, 'the hub answers')
    return link.frames[0]?.['code'] ?? link.frames[0]?.['type']
  }

  it('lets those in who send none, and the pages of the same host', async () => {
    expect(await answerTo(undefined, {})).toBe('welcome')
    expect(await answerTo(`http://127.0.0.1:${port}`, {})).toBe('welcome')
    expect(await answerTo(`https://127.0.0.1:${port}`, {})).toBe('welcome')
  })

  it('refuses the pages of others', async () => {
    expect(await answerTo('https://evil.example', {})).toBe('origin_forbidden')
    expect(await answerTo('http://127.0.0.1', {})).toBe('origin_forbidden')
    expect(await answerTo('null', {})).toBe('origin_forbidden')
    expect(await answerTo('nonsense', {})).toBe('origin_forbidden')
  })

  it('lets in exactly those that are listed, or all', async () => {
    const origins = ['https://app.example']
    expect(await answerTo('https://app.example', { origins })).toBe('welcome')
    expect(await answerTo(undefined, { origins })).toBe('welcome')
    expect(await answerTo(`http://127.0.0.1:${port}`, { origins })).toBe('origin_forbidden')
    expect(await answerTo('https://app.example.evil', { origins })).toBe('origin_forbidden')
    expect(await answerTo('https://evil.example', { origins: '*' })).toBe('welcome')
  })

  it('tells a refused page why, final, through a goodbye and the close code', async () => {
    const hub = makeHub()
    hub.attach(server)
    const link = owner.own(await RawLink.open(webSocketUrl('/holdfast'), { origin: 'https://evil.example' }))
    expect(await link.next('goodbye')).toMatchObject({ code: 'origin_forbidden', retry: false })
    expect(await link.closed).toBe(4406)
    await until(() => hub.stats().links === 0, 'the link is gone')
  })
})

import { getEventListeners, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Owner } from '../testing/owner.ts'
import { until } from '../testing/until.ts'
import type { FetchResponse } from '../client/fetch.ts'
import { nodeFetch } from './fetch.ts'

const owner = new Owner()
let abort: AbortController
beforeEach(() => {
  abort = new AbortController()
  owner.own({ close: () => Promise.resolve(abort.abort()) })
})
afterEach(() => owner.closeAll())

type Serve = (request: IncomingMessage, response: ServerResponse) => void

/** A server that answers by itself, and the sockets that are open to it. */
class Answerer {
  readonly sockets = new Set<Socket>()
  /** Connections there ever were. */
  connections = 0
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/path?query`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
}

async function answerWith(serve: Serve): Promise<Answerer> {
  const server = createServer(serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return owner.own(new Answerer(server))
}

function post(url: string, body?: string, signal = abort.signal): Promise<FetchResponse> {
  const headers = { 'holdfast-link': 'secret' }
  return nodeFetch(url, {
    method: 'POST',
    headers,
    credentials: 'same-origin',
    signal,
    ...(body && { body }),
  })
}

const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('a request', () => {
  it('carries its headers and body, and brings status, headers and text', async () => {
    const { url } = await answerWith((request, response) => {
      void text(request).then((body) => {
        const { method, headers } = request
        response.writeHead(201, { 'holdfast-sequence': '7' })
        response.end(
          JSON.stringify([method, request.url, headers['holdfast-link'], headers['content-length'], body]),
        )
      })
    })
    const response = await post(url, 'grüße')
    expect(response.status).toBe(201)
    expect(response.headers.get('holdfast-sequence')).toBe('7')
    expect(response.headers.get('holdfast-link')).toBeNull()
    expect(JSON.parse(await response.text())).toEqual(['POST', '/path?query', 'secret', '7', 'grüße'])
    const [, , , length, body] = JSON.parse(await (await post(url)).text()) as string[]
    expect({ length, body }).toEqual({ length: '0', body: '' })
  })

  it('brings a body piece by piece as it comes', async () => {
    let server: ServerResponse | undefined
    const { url } = await answerWith((_, response) => {
      server = response
      response.write('one')
    })
    const reader = (await post(url)).body?.getReader()
    expect(decode((await reader?.read())?.value)).toBe('one')
    server?.write('two')
    expect(decode((await reader?.read())?.value)).toBe('two')
    server?.end()
    expect(await reader?.read()).toEqual({ done: true })
  })

  it('fails if nobody listens, and if the connection breaks before the answer', async () => {
    const answerer = await answerWith((request) => void request.socket.resetAndDestroy())
    await expect(post(answerer.url)).rejects.toMatchObject({ code: 'ECONNRESET' })
    const { url } = answerer
    await answerer.close()
    await expect(post(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('fails while it is read if the answer breaks off', async () => {
    const { url } = await answerWith((_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half', () => response.socket?.resetAndDestroy())
    })
    await expect(post(url).then((response) => response.text())).rejects.toThrow()
    const reader = (await post(url)).body?.getReader()
    const readAll = async (): Promise<void> => {
      while (!(await reader?.read())?.done);
    }
    await expect(readAll()).rejects.toThrow()
  })

  it('that breaks off while nobody reads harms nothing', async () => {
    const answerer = await answerWith((_, response) => {
      response.write('half', () => response.socket?.resetAndDestroy())
    })
    await post(answerer.url)
    await until(() => answerer.sockets.size === 0, 'the connection is gone')
  })

  it('brings a refusal that comes before the body has been taken, or fails', async () => {
    const answerer = await answerWith((request, response) => {
      response.writeHead(413, { connection: 'close' })
      response.end('too large', () => request.socket.destroy())
    })
    const outcome = await post(answerer.url, 'x'.repeat(30_000_000)).then(
      ({ status }) => status,
      ({ code }: { code: string }) => code,
    )
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(outcome)
    await until(() => answerer.sockets.size === 0, 'the connection is gone')
  })
})

describe('a signal', () => {
  it('lets requests one after the other share connections, and holds on to none of them', async () => {
    const answerer = await answerWith((_, response) => response.end('answer'))
    for (let times = 0; times < 50; times++) await (await post(answerer.url, 'body')).text()
    expect(answerer.connections).toBeLessThanOrEqual(2)
    await until(() => getEventListeners(abort.signal, 'abort').length <= 1, 'only the connections listen')
  })

  it('closes idle connections when it fires, and only its own', async () => {
    const answerer = await answerWith((_, response) => response.end())
    const other = new AbortController()
    await (await post(answerer.url)).text()
    await (await post(answerer.url, 'body', other.signal)).text()
    expect(answerer.sockets.size).toBe(2)
    abort.abort()
    await until(() => answerer.sockets.size === 1, 'its connection is closed')
    other.abort()
    await until(() => answerer.sockets.size === 0, 'the other one is closed')
  })

  it('that has fired already lets nothing through', async () => {
    const answerer = await answerWith((_, response) => response.end())
    abort.abort()
    await expect(post(answerer.url)).rejects.toThrow()
    await until(() => answerer.sockets.size === 0, 'there is no connection')
  })

  it('ends a request in the turn it was made in', async () => {
    const answerer = await answerWith((_, response) => response.end())
    const outcome = post(answerer.url, 'body')
    abort.abort()
    await expect(outcome).rejects.toThrow()
    await until(() => answerer.sockets.size === 0, 'there is no connection')
  })

  it('ends a request whose peer accepts and never answers', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const mute = owner.own(new Answerer(server))
    const outcome = post(mute.url, 'body')
    await until(() => mute.sockets.size === 1, 'it is connected')
    abort.abort()
    await expect(outcome).rejects.toThrow()
    for (const socket of mute.sockets) socket.resume()
    await until(() => mute.sockets.size === 0, 'the connection is closed')
  })

  it('ends the reading of an answer', async () => {
    const answerer = await answerWith((_, response) => response.write('one'))
    const reader = (await post(answerer.url)).body?.getReader()
    await reader?.read()
    const outcome = reader?.read()
    abort.abort()
    await expect(outcome).rejects.toThrow()
    await expect(reader?.read()).resolves.toEqual({ done: true })
    await until(() => answerer.sockets.size === 0, 'the connection is closed')
  })

  it('ends many requests at once without a word', async () => {
    const answerer = await answerWith((_, response) => response.write('one'))
    const requests = Array.from({ length: 8 }, () => post(answerer.url, 'body'))
    await Promise.all(requests)
    const later = post(answerer.url).catch(() => 'failed')
    abort.abort()
    expect(await later).toBe('failed')
    await until(() => answerer.sockets.size === 0, 'all connections are closed')
  })
})

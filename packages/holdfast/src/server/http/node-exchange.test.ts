import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  connect,
  constants,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../../testing/deferred.ts'
import { Owner } from '../../testing/owner.ts'
import { RawConnection } from '../../testing/raw-connection.ts'
import { answerTo, ask, beginRequest, codeIn, framesIn } from '../../testing/raw-http.ts'
import { RawHttpLink } from '../../testing/raw-http-link.ts'
import { helloFrame } from '../../testing/raw-link.ts'
import { until } from '../../testing/until.ts'
import { createHub, type Hub } from '../index.ts'
import { NodeExchange } from './node-exchange.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

function makeHub(): Hub {
  const hub = createHub()
  owner.own({ close: () => hub.close({ drainMs: 1 }) })
  return hub
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await until(() => server.address() !== null, 'it listens')
  return (server.address() as AddressInfo).port
}

/** A server with a listener of its own. */
async function serverOf(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; port: number }> {
  const server = createServer(listener)
  const port = await listening(server)
  owner.own({
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
  return { url: `http://127.0.0.1:${port}`, port }
}

describe('hub.handle in a framework', () => {
  it('serves links over HTTP, whether the prefix was taken off or not', async () => {
    const hub = makeHub()
    const { url } = await serverOf((request, response) => {
      request.url = request.url?.replace(/^\/stripped/, '') ?? ''
      hub.handle(request, response)
    })
    for (const prefix of ['', '/stripped', '/some/where']) {
      const link = owner.own(await RawHttpLink.welcomed(`${url}${prefix}`, 'sse'))
      await link.send({ type: 'ping', id: 1 })
      expect(await link.next('pong')).toEqual({ type: 'pong', id: 1 })
    }
    for (const root of ['/', '/stripped', '/stripped?a=1']) {
      expect((await ask(`${url}${root}`, { method: 'GET' })).status).toBe(426)
    }
  })

  it('S4 makes nothing of a request whose client went away while the framework took its time', async () => {
    const hub = makeHub()
    const came = deferred<() => void>()
    const { url } = await serverOf((request, response) => {
      came.resolve(() => hub.handle(request, response))
    })
    const begun = beginRequest(`${url}/sse`)
    begun.end()
    const handle = await came.promise
    const gone = new Promise((resolve) => begun.on('close', resolve))
    begun.destroy()
    await gone
    await until(() => {
      handle()
      return true
    }, 'it is handled')
    await until(() => hub.stats().links === 0, 'nothing is left')
    expect(hub.stats()).toMatchObject({ deadlines: 0, orphans: 0 })
  })

  it('refuses a request whose body somebody else has read', async () => {
    const hub = makeHub()
    const { url } = await serverOf((request, response) => {
      if (request.url !== '/send') return hub.handle(request, response)
      request.resume().on('end', () => setImmediate(() => hub.handle(request, response)))
    })
    const link = owner.own(await RawHttpLink.open(url, 'sse'))
    const answer = await link.send({ type: 'ping', id: 1 })
    expect([answer.status, codeIn(answer)]).toEqual([400, 'request_invalid'])
  })
})

describe('over HTTP/2', () => {
  /** What a stream was answered, up to a text or to its end. */
  async function read(stream: ClientHttp2Stream, until?: string): Promise<{ head: object; text: string }> {
    const [head] = (await once(stream, 'response')) as [object]
    let text = ''
    for await (const chunk of stream.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      text += chunk
      if (until !== undefined && text.includes(until)) break
    }
    return { head, text }
  }

  async function startHttp2(hub: Hub) {
    const server = createHttp2Server((request, response) => {
      hub.handle(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    })
    const port = await listening(server)
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', () => {})
    owner.own({
      async close() {
        session.destroy()
        await new Promise((resolve) => server.close(resolve))
      },
    })
    const post = (path: string, headers: object = {}): ClientHttp2Stream => {
      const stream = session.request({ ':method': 'POST', ':path': path, ...headers }, { endStream: false })
      return stream.on('error', () => {})
    }
    return { session, post }
  }

  /** The server has seen all that was sent. */
  const answered = (session: ClientHttp2Session): Promise<void> =>
    new Promise((resolve) => void session.ping(() => resolve()))

  const uplink = (name: unknown, sequence: number): object => ({
    'content-type': 'application/x-ndjson',
    'holdfast-link': name,
    'holdfast-sequence': String(sequence),
  })

  it('links are served, many requests at the same time on one connection', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    const hub = makeHub()
    const { post } = await startHttp2(hub)
    const origin = { origin: 'http://a.example', ':authority': 'a.example' }
    const down = post('/sse', origin).end()
    const { head, text } = await read(down, '\n\n')
    expect(text).toMatch(/^:/)
    const name = (head as Record<string, unknown>)['holdfast-link']
    const sent = post('/send', uplink(name, 1)).end(JSON.stringify(helloFrame()))
    expect((await read(sent)).head).toMatchObject({ ':status': 204 })
    let events = ''
    down.on('data', (chunk: string) => (events += chunk))
    await until(() => events.includes('welcome'), 'the welcome comes')
    expect(framesIn(events)).toMatchObject([{ type: 'welcome' }])

    const poll = (await read(post('/poll').end())).head as Record<string, unknown>
    const headers = { 'holdfast-link': poll['holdfast-link'], 'holdfast-received': '0' }
    const waiting = read(post('/poll', headers).end())
    await read(post('/send', uplink(poll['holdfast-link'], 1)).end('{"type":"ping","id":1}'))
    expect((await waiting).text).toBe('data: {"type":"pong","id":1}\n\n')

    down.close()
    await until(() => hub.stats().links === 1, 'the link ends with its response')
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  it('a foreign page is refused, and a request that breaks off is not taken', async () => {
    const hub = makeHub()
    const { post, session } = await startHttp2(hub)
    const foreign = await read(
      post('/sse', { origin: 'http://evil.example', ':authority': 'a.example' }).end(),
    )
    expect([foreign.head, JSON.parse(foreign.text)]).toMatchObject([
      { ':status': 403 },
      { code: 'origin_forbidden' },
    ])
    const opened = (await read(post('/poll').end())).head as Record<string, unknown>
    const name = opened['holdfast-link']
    const broken = post('/send', uplink(name, 1))
    broken.write('{"type":"ping","id":1}\n')
    await answered(session)
    await nextTurn()
    broken.destroy(new Error('broken off'))
    await answered(session)
    const sent = post('/send', uplink(name, 1)).end('{"type":"ping","id":2}')
    expect((await read(sent)).head).toMatchObject({ ':status': 204 })
    const polled = post('/poll', { 'holdfast-link': name, 'holdfast-received': '0' }).end()
    expect((await read(polled)).text).toBe('data: {"type":"pong","id":2}\n\n')
  })

  it('one whose body is stuck is let go of when it comes again', async () => {
    const hub = makeHub()
    const { post, session } = await startHttp2(hub)
    const opened = (await read(post('/poll').end())).head as Record<string, unknown>
    const stuck = post('/send', uplink(opened['holdfast-link'], 1))
    stuck.write('{')
    await answered(session)
    const again = post('/send', uplink(opened['holdfast-link'], 1)).end('{"type":"ping","id":1}')
    expect((await read(again)).head).toMatchObject({ ':status': 204 })
    await until(() => stuck.closed, 'the stream is closed')
    expect(stuck.rstCode).toBe(constants.NGHTTP2_CANCEL)
  })

  it('a body that is too large and goes on is refused, and its stream is let go of', async () => {
    const hub = makeHub()
    const { post } = await startHttp2(hub)
    const opened = (await read(post('/poll').end())).head as Record<string, unknown>
    const stream = post('/send', uplink(opened['holdfast-link'], 1))
    stream.write('x'.repeat(300_000))
    const { head, text } = await read(stream)
    expect([head, JSON.parse(text)]).toMatchObject([{ ':status': 413 }, { code: 'frame_too_large' }])
    await until(() => stream.closed, 'the stream is closed')
  })
})

describe('an exchange', () => {
  it('over HTTP/2 is not read if its body broke off, although Node says that it ended', async () => {
    const events: string[] = []
    const server = createHttp2Server((request, response) => {
      const exchange = new NodeExchange(
        request as unknown as IncomingMessage,
        response as unknown as ServerResponse,
      )
      request.on('end', () => events.push('end'))
      exchange.readBody(1_000, () => events.push('read'))
      exchange.onClosed(() => events.push('closed'))
    })
    const session = connect(`http://127.0.0.1:${await listening(server)}`)
    const stream = session.request({ ':method': 'POST' }, { endStream: false })
    stream.on('error', () => {})
    stream.write('{}')
    await new Promise((resolve) => session.ping(resolve))
    // From within what Node calls back here a reset would not be sent.
    await nextTurn()
    stream.destroy(new Error('broken off'))
    await until(() => events.length === 2, 'its end is noticed')
    expect(events).toEqual(['closed', 'end'])
    session.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('tells whether a write had to wait for the peer', async () => {
    const exchanges: NodeExchange[] = []
    const { port } = await serverOf((request, response) => {
      exchanges.push(new NodeExchange(request, response))
    })
    const connection = owner.own(new RawConnection(port))
    connection.post('/')
    await until(() => exchanges.length === 1, 'it comes')
    const [exchange] = exchanges
    if (!exchange) throw new Error('no exchange')
    exchange.begin(200, {})
    const write = (bytes: number): Promise<boolean> =>
      new Promise((resolve) => exchange.write([Buffer.alloc(bytes, 'x'), Buffer.from('y')], resolve))
    expect(await write(100)).toBe(false)
    connection.socket.pause()
    const large = write(50_000_000)
    const first = await Promise.race([large, nextTurn('nothing')])
    expect(first).toBe('nothing')
    connection.socket.resume()
    expect(await large).toBe(true)
    expect(await write(100)).toBe(false)
  })

  it('reads a body in as many pieces as it comes in, and closes after a refusal that says so', async () => {
    const { url } = await serverOf((request, response) => {
      const exchange = new NodeExchange(request, response)
      exchange.readBody(10, (body) => {
        exchange.answer(200, { connection: 'close' }, [
          Buffer.from(body ? `read ${Buffer.from(body).toString()}` : 'too much'),
        ])
      })
    })
    for (const [body, answer] of [
      ['', 'read '],
      ['0123456789', 'read 0123456789'],
      ['0123456789a', 'too much'],
    ] as const) {
      const begun = beginRequest(url)
      for (const character of body) begun.write(character)
      begun.end()
      expect(await answerTo(begun)).toMatchObject({ body: answer, headers: { connection: 'close' } })
    }
  })
})

import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Owner } from '../../testing/owner.ts'
import { RawConnection } from '../../testing/raw-connection.ts'
import { ask, codeIn } from '../../testing/raw-http.ts'
import { RawHttpLink, type Downlink } from '../../testing/raw-http-link.ts'
import { helloFrame, randomId, type RawFrame } from '../../testing/raw-link.ts'
import { startHub, type RealHub } from '../../testing/real-hub.ts'
import { until } from '../../testing/until.ts'
import type { HubOptions } from '../index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

const start = async (options: HubOptions = {}): Promise<RealHub> => owner.own(await startHub(options))

const welcomed = async (real: RealHub, downlink: Downlink, hello: RawFrame = {}): Promise<RawHttpLink> =>
  owner.own(await RawHttpLink.welcomed(real.url, downlink, hello))

const connectionTo = ({ port }: RealHub): RawConnection => owner.own(new RawConnection(port))

function connectionCount({ server }: RealHub): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

const ndjson = { 'content-type': 'application/x-ndjson' }
const endless = { 'content-length': '1000' }
const chunked = { 'transfer-encoding': 'chunked', 'content-length': '' }

describe('100 bad requests leave no open socket and no link', () => {
  const bad: Readonly<Record<string, readonly [path: string, headers: object, body?: string]>> = {
    'to a path that is none': ['/nothing', {}],
    'to a path that is none, whose body never ends': ['/nothing', endless, 'x'],
    'with no name of a link': ['/send', ndjson],
    'with a name that is unknown, whose body never ends': [
      '/send',
      { ...ndjson, ...endless, 'holdfast-link': `abcdef.${randomId()}`, 'holdfast-sequence': '1' },
      '{',
    ],
    'that poll a link which is unknown': ['/poll', { 'holdfast-link': 'x', 'holdfast-received': '0' }],
    'of another content type, whose body never ends': ['/send', { ...endless, 'content-type': 'text/plain' }],
    'from a foreign page, whose body never ends': [
      '/sse',
      { ...endless, origin: 'https://evil.example' },
      'x',
    ],
    'that name a link where one is opened, whose body never ends': [
      '/sse',
      { ...endless, 'holdfast-link': 'x' },
      'x',
    ],
    'with an endless body in chunks': ['/send', { ...ndjson, ...chunked }, '1\r\n{\r\n'],
  }

  it.each(Object.entries(bad))('%s', async (_kind, [path, headers, body]) => {
    const real = await start()
    for (let count = 0; count < 100; count++) {
      const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
      connectionTo(real).post(`/holdfast${path}`, sent, body)
    }
    await until(() => real.hub.stats().links === 0, 'no link')
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(0)
  })

  it.each(['1000000', ''])('with a body that is too large, of %s bytes', async (length) => {
    const real = await start()
    const link = await welcomed(real, 'sse')
    const connections = Array.from({ length: 100 }, () => connectionTo(real))
    const piece = 'x'.repeat(64_000)
    for (const connection of connections) {
      const size = length === '' ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }
      connection.post('/holdfast/send', { ...link.uplinkHeaders(2), ...size })
      const part = length === '' ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece
      for (let count = 0; count < 5; count++) connection.socket.write(part)
    }
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(1)
    expect(real.hub.stats().links).toBe(1)
  })

  it('whose bodies never end, of a link that is open: one is left, and ends with the link', async () => {
    const real = await start()
    const link = await welcomed(real, 'sse')
    for (let count = 0; count < 100; count++) {
      connectionTo(real).post('/holdfast/send', { ...link.uplinkHeaders(2), ...endless }, '{')
    }
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(2)
    await link.close()
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(0)
    expect(real.hub.stats()).toMatchObject({ links: 0, orphans: 0 })
  })

  it('that poll a response again and never read it: one is left, and ends with the link', async () => {
    const real = await start({ retention: { bytes: 40_000_000 } })
    const link = await welcomed(real, 'poll', { subscriptions: [{ topic: 't', intent: 1, from: 'now' }] })
    await link.next('subscribed')
    // More than the kernel takes for a peer that does not read.
    await real.hub.publish('t', 'x'.repeat(16_000_000))
    for (let count = 0; count < 100; count++) {
      const connection = connectionTo(real)
      connection.socket.pause()
      connection.post('/holdfast/poll', link.pollHeaders())
    }
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(1)
    await link.send({ type: 'leave' })
    await expect.poll(() => connectionCount(real), { timeout: 5_000 }).toBe(0)
    expect(real.hub.stats()).toMatchObject({ links: 0, writing: 0, orphans: 0 })
  })
})

it.each(['/sse', '/poll'])(
  'a large body that %s has no use for does not hide the end of its connection',
  async (path) => {
    const real = await start()
    const link = await welcomed(real, 'poll')
    const { deadlines, links } = real.hub.stats()
    const connection = connectionTo(real)
    const headers = path === '/poll' ? link.pollHeaders() : {}
    connection.post(`/holdfast${path}`, { ...headers, 'content-length': '10000000' }, 'x'.repeat(5_000_000))
    await until(() => real.hub.stats().deadlines === deadlines + 1, 'it is served')
    await until(() => connection.socket.writableLength === 0, 'the body is dropped')
    connection.socket.destroy()
    // The link of a poll that nobody asks again is over; that of sse is over at once.
    const left = path === '/poll' ? links - 1 : links
    await until(() => real.hub.stats().links === left, 'its end is noticed')
  },
)

describe('[R55] a pipelined request', () => {
  const send = (link: { readonly name: string }, frame: RawFrame): [Record<string, string>, string] => {
    const body = JSON.stringify(frame)
    const headers = {
      ...ndjson,
      'holdfast-link': link.name,
      'holdfast-sequence': '1',
      'content-length': String(body.length),
    }
    return [headers, body]
  }

  it('behind the response of sse ends the link, and is refused and not executed', async () => {
    const real = await start()
    const connection = connectionTo(real)
    connection.post('/holdfast/sse')
    await connection.has(': open')
    const [, name = ''] = /holdfast-link: (\S+)/i.exec(connection.text) ?? []
    connection.post('/holdfast/send', ...send({ name }, helloFrame()))
    await until(() => connection.ended, 'the connection ends')
    expect(connection.text).toMatch(
      /"type":"goodbye","code":"frame_invalid"[^]*HTTP\/1\.1 400 [^]*request_invalid/,
    )
    expect(real.hub.stats()).toMatchObject({ links: 0, sessions: { live: 0, resting: 0 }, orphans: 0 })
    await expect.poll(() => connectionCount(real)).toBe(0)
  })

  it('behind a poll that waits does so as well', async () => {
    const real = await start()
    const link = owner.own(await RawHttpLink.open(real.url, 'poll'))
    const connection = connectionTo(real)
    connection.post('/holdfast/poll', link.pollHeaders())
    connection.post('/holdfast/send', ...send(link, helloFrame()))
    await until(() => connection.ended, 'the connection ends')
    expect(connection.text).toMatch(
      /"type":"goodbye","code":"frame_invalid"[^]*HTTP\/1\.1 400 [^]*request_invalid/,
    )
    await until(() => real.hub.stats().links === 0, 'the link is gone')
    expect(codeIn(await link.poll())).toBe('link_unknown')
  })

  it('behind a request whose answer has not ended is not executed either', async () => {
    const real = await start()
    const link = await welcomed(real, 'sse')
    const connection = connectionTo(real)
    const requests = [2, 3].map((sequence) => {
      const body = JSON.stringify({ type: 'ping', id: sequence })
      const fields = { ...link.uplinkHeaders(sequence), host: 'a', 'content-length': String(body.length) }
      const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
      return `POST /holdfast/send HTTP/1.1\r\n${head.join('')}\r\n${body}`
    })
    connection.socket.write(requests.join(''))
    expect(await link.next('goodbye')).toMatchObject({ code: 'frame_invalid' })
    await until(() => connection.ended, 'the connection ends')
    expect(link.frames.filter(({ type }) => type === 'pong')).toEqual([])
    // The link ended before the first was taken, which is refused as well, and closes the connection.
    expect(connection.text).toMatch(/^HTTP\/1\.1 410 /)
  })

  it('behind an answer of the application is refused', async () => {
    const real = await start()
    const answers: (() => void)[] = []
    real.server.on('request', (_request, response) => void answers.push(() => response.end('application')))
    const connection = connectionTo(real)
    connection.post('/elsewhere')
    connection.post('/holdfast/sse')
    await until(() => answers.length === 1, 'the application is asked')
    expect(real.hub.stats().links).toBe(0)
    for (const answer of answers) answer()
    await until(() => connection.ended, 'the connection ends')
    expect(connection.text).toMatch(/application[^]*HTTP\/1\.1 400 /)
  })

  it('is none on a connection that is used again', async () => {
    const real = await start()
    const connection = connectionTo(real)
    for (let count = 1; count <= 5; count++) {
      connection.post('/holdfast/poll')
      await until(() => connection.text.split('holdfast-link').length === count + 1, 'the answer comes')
    }
    expect(real.hub.stats().links).toBe(5)
    expect(connection.text).not.toContain('400')
  })
})

describe('S9 a reader that never reads', () => {
  const subscriptions = [{ topic: 'flood', intent: 1, from: 'now' }]
  const retention = { messages: 500, bytes: 2_000_000 }

  let lastOffset = 0

  function heldBytes(): number {
    globalThis.gc?.()
    return process.memoryUsage().arrayBuffers
  }

  async function flood({ hub }: RealHub, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const batch = Array.from({ length: 100 }, () => hub.publish('flood', 'x'.repeat(2_000)))
      for (const { offset } of await Promise.all(batch)) lastOffset = offset
      await nextTurn()
    }
  }

  it('over sse is held back by its socket; when it reads again it gets a gap, and catches up', async () => {
    const real = await start({ retention })
    const other = await welcomed(real, 'sse', { subscriptions })
    const link = await welcomed(real, 'sse', { subscriptions })
    await link.next('subscribed')
    link.response?.pause()
    while (real.hub.stats().writing === 0) await flood(real, 5)
    const onTime = (): Promise<void> =>
      until(() => other.frames.at(-1)?.['offset'] === lastOffset, 'the other is on time')
    await flood(real, 20)
    await onTime()
    const before = heldBytes()
    // 20 MB, of which 2 MB are kept.
    await flood(real, 100)
    await onTime()
    await until(() => heldBytes() - before < 8_000_000, 'little is held')
    expect(real.hub.stats().links).toBe(2)
    link.response?.resume()
    const gap = await link.next('gap')
    expect(gap).toMatchObject({ reason: 'slow' })
    await until(() => link.frames.at(-1)?.['offset'] === lastOffset, 'it catches up')
    expectSound(link.frames)
  })

  it('over poll has one response waiting; when it polls again it gets a gap, and catches up', async () => {
    const real = await start({ retention })
    const link = await welcomed(real, 'poll', { subscriptions })
    await link.next('subscribed')
    await flood(real, 50)
    const before = heldBytes()
    await flood(real, 100)
    expect(heldBytes() - before).toBeLessThan(8_000_000)
    expect(await link.next('gap')).toMatchObject({ reason: 'slow' })
    while (link.frames.at(-1)?.['offset'] !== lastOffset) await link.poll()
    expectSound(link.frames)
  })

  it('pins no more than its budget: those that stall longest end', async () => {
    const real = await start({ retention, limits: { maxPinnedBytes: 200_000 } })
    for (let count = 0; count < 6; count++) {
      // Each stops at a message of its own, so that none shares what it pins.
      const link = await welcomed(real, 'poll', { subscriptions })
      await link.next('subscribed')
      await flood(real, 1)
      await link.poll()
    }
    await until(() => real.hub.stats().sessions.resting > 0, 'the slowest are ended')
    await flood(real, 5)
    expect(real.hub.stats().sessions.live).toBeGreaterThan(0)
    expect(real.hub.stats().orphans).toBe(0)
  })

  /** Offsets ascend by one, but for gaps that name what is missing. */
  function expectSound(frames: readonly RawFrame[]): void {
    let next = 1
    for (const frame of frames) {
      if (frame['type'] === 'gap') next = (frame['next'] as { offset: number }).offset
      if (frame['type'] === 'message') expect(frame['offset']).toBe(next++)
    }
  }
})

describe('S11 hub.close()', () => {
  it('tells sse and waiting polls, ends their responses, and leaves nothing', async () => {
    const real = await start()
    const links: RawHttpLink[] = []
    for (const downlink of ['sse', 'poll', 'sse', 'poll'] as const) {
      links.push(await RawHttpLink.welcomed(real.url, downlink))
    }
    const early = [await RawHttpLink.open(real.url, 'sse'), await RawHttpLink.open(real.url, 'poll')]
    links.push(...early)
    const goodbyes = links.map((link) => link.next('goodbye'))
    await until(() => real.hub.stats().deadlines === 9, 'the polls wait')
    await real.hub.close({ drainMs: 50 })
    for (const goodbye of await Promise.all(goodbyes)) {
      expect(goodbye).toMatchObject({ code: 'hub_closing', retry: true, retryAfterMs: expect.any(Number) })
    }
    expect(real.hub.stats()).toMatchObject({ links: 0, deadlines: 0, writing: 0, orphans: 0 })
    expect(real.timers.pending).toBe(0)
    await expect.poll(() => connectionCount(real)).toBe(0)
  })

  it('does not wait for those that read or poll no more, nor for bodies that never end', async () => {
    const real = await start()
    const subscriptions = [{ topic: 'flood', intent: 1, from: 'now' }]
    const link = await RawHttpLink.welcomed(real.url, 'sse', { subscriptions })
    await RawHttpLink.welcomed(real.url, 'poll')
    connectionTo(real).post('/holdfast/send', { ...link.uplinkHeaders(2), ...endless }, '{')
    link.response?.pause()
    while (real.hub.stats().writing < 2) {
      await Promise.all(Array.from({ length: 50 }, () => real.hub.publish('flood', 'x'.repeat(60_000))))
      await nextTurn()
    }
    await real.hub.close({ drainMs: 20 })
    expect(real.hub.stats()).toMatchObject({ links: 0, deadlines: 0, writing: 0, orphans: 0 })
    expect(real.timers.pending).toBe(0)
    await expect.poll(() => connectionCount(real)).toBe(0)
  })

  it('lets a poll fetch the goodbye while the hub refuses new links', async () => {
    const real = await start()
    const link = await RawHttpLink.welcomed(real.url, 'poll')
    const closed = real.hub.close({ drainMs: 1 })
    await until(() => real.hub.stats().sessions.live === 0, 'the sessions have ended')
    expect(codeIn(await ask(`${real.url}/sse`))).toBe('hub_closing')
    expect(await link.next('goodbye')).toMatchObject({ code: 'hub_closing' })
    await closed
  })
})

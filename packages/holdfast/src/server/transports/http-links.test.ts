import { afterEach, describe, expect, it } from 'vitest'
import { Owner } from '../../testing/owner.ts'
import { ask, codeIn, framesIn } from '../../testing/raw-http.ts'
import { RawHttpLink, type Downlink } from '../../testing/raw-http-link.ts'
import { helloFrame, randomId, type RawFrame } from '../../testing/raw-link.ts'
import { startHub, type RealHub } from '../../testing/real-hub.ts'
import { until } from '../../testing/until.ts'
import type { HubOptions } from '../index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

const start = async (options: HubOptions = {}): Promise<RealHub> => owner.own(await startHub(options))

const open = async (real: RealHub, downlink: Downlink): Promise<RawHttpLink> =>
  owner.own(await RawHttpLink.open(real.url, downlink))

const welcomed = async (real: RealHub, downlink: Downlink, hello: RawFrame = {}): Promise<RawHttpLink> =>
  owner.own(await RawHttpLink.welcomed(real.url, downlink, hello))

/** A hub that counts what it is asked to do. */
async function startCounting(options: HubOptions = {}): Promise<{ real: RealHub; asked: unknown[] }> {
  const real = await start(options)
  const asked: unknown[] = []
  real.hub.onRequest('note', (data) => void asked.push(data))
  return { real, asked }
}

const note = (number: number, data: unknown = number): RawFrame => ({
  type: 'request',
  number,
  method: 'note',
  data,
})
const lines = (...frames: RawFrame[]): string => frames.map((frame) => JSON.stringify(frame)).join('\n')

describe('[R49] a request', () => {
  it('that the hub refuses gets a typed error with the status of its kind, and its connection is closed', async () => {
    const real = await start()
    const link = await open(real, 'poll')
    const ndjson = { 'content-type': 'application/x-ndjson' }
    const named = { 'holdfast-link': link.name }
    const refusals = [
      [405, 'request_invalid', ask(`${real.url}/sse`, { method: 'GET' })],
      [405, 'request_invalid', ask(`${real.url}/poll`, { method: 'PUT' })],
      [405, 'request_invalid', ask(`${real.url}/send`, { method: 'DELETE' })],
      [404, 'request_invalid', ask(`${real.url}/other`)],
      [404, 'request_invalid', ask(`${real.url}/sse/`)],
      [404, 'request_invalid', ask(`${real.url}/constructor`)],
      [404, 'request_invalid', ask(`${real.url}/__proto__`)],
      [415, 'request_invalid', ask(`${real.url}/send`, { headers: named })],
      [
        415,
        'request_invalid',
        ask(`${real.url}/send`, { headers: { ...named, 'content-type': 'text/plain' } }),
      ],
      [400, 'request_invalid', ask(`${real.url}/send`, { headers: { ...named, ...ndjson } })],
      [400, 'request_invalid', ask(`${real.url}/poll`, { headers: named })],
      [400, 'request_invalid', ask(`${real.url}/sse`, { headers: named })],
      [410, 'link_unknown', ask(`${real.url}/send`, { headers: ndjson })],
    ] as const
    for (const [status, code, answer] of refusals) {
      const { headers, ...refused } = await answer
      expect(refused.status).toBe(status)
      const goodbye = { type: 'goodbye', code, message: expect.any(String), retry: true }
      expect(JSON.parse(refused.body)).toEqual(goodbye)
      expect(headers).toMatchObject({ 'content-type': 'application/json', connection: 'close' })
    }
    expect(real.hub.stats().links).toBe(1)
  })

  it('may have a query, and the hub’s path answers plain requests as ever', async () => {
    const real = await start()
    expect((await ask(`${real.url}/sse?tenant=1&a=/poll`, { method: 'GET' })).status).toBe(405)
    expect((await ask(`${real.url}?a=/sse`)).status).toBe(426)
    expect(codeIn(await ask(real.url, { method: 'GET' }))).toBe('version_unsupported')
  })

  it('that would open a link is refused with 503 once the hub refuses', async () => {
    const real = await start()
    await real.hub.close()
    real.server.on('request', (request, response) => real.hub.handle(request, response))
    for (const path of ['/sse', '/poll']) {
      const answer = await ask(`${real.url}${path}`)
      expect([answer.status, codeIn(answer)]).toEqual([503, 'hub_closing'])
    }
    expect(real.hub.stats()).toMatchObject({ links: 0, deadlines: 0, orphans: 0 })
  })
})

describe.each<Downlink>(['sse', 'poll'])('over %s', (downlink) => {
  it('[R49] a link carries hello, welcome, requests and results, and topics in order', async () => {
    const { real, asked } = await startCounting()
    const link = await open(real, downlink)
    await link.send({ type: 'ping', id: 1 })
    expect(await link.next('pong')).toEqual({ type: 'pong', id: 1 })
    const subscriptions = [{ topic: 'news', intent: 1, from: 'now' }]
    expect((await link.send(helloFrame({ subscriptions }))).status).toBe(204)
    await link.next('subscribed')
    for (let index = 1; index <= 3; index++) await real.hub.publish('news', `ünï ${index}\u2028`)
    expect((await link.send(note(1), note(2))).status).toBe(204)
    for (let index = 1; index <= 3; index++) {
      expect(await link.next('message')).toMatchObject({ offset: index, data: `ünï ${index}\u2028` })
    }
    expect(await link.next('result')).toMatchObject({ number: 1 })
    expect(await link.next('result')).toMatchObject({ number: 2 })
    expect(asked).toEqual([1, 2])
  })

  it('[R50] a link’s name is a fresh secret that names its hub', async () => {
    const real = await start()
    const names = [await open(real, downlink), await open(real, downlink)].map(({ name }) => name)
    const link = await welcomed(real, downlink)
    const [session] = real.hub.sessions()
    for (const name of [...names, link.name]) {
      expect(name).toMatch(/^[\w-]{6}\.[\w-]{22}$/)
      expect(name.split('.')[0]).toBe(session?.id.split('.')[0])
    }
    expect(new Set([...names, link.name]).size).toBe(3)
  })

  it('[R50] authenticate sees the request that opened the link', async () => {
    const seen: unknown[] = []
    const real = await start({
      authenticate: ({ token, request }) => {
        seen.push([token, request.headers.cookie, request.remoteAddress])
        return { user: 'ada' }
      },
    })
    const link = owner.own(await RawHttpLink.open(real.url, downlink, { cookie: 'a=1' }))
    await link.send(helloFrame({ token: 't' }))
    expect(await link.next('welcome')).toMatchObject({ subject: { user: 'ada' } })
    expect(seen).toEqual([['t', 'a=1', '127.0.0.1']])
  })

  it('[R13] [R50] a superseded link’s requests are refused, and nothing of them is taken', async () => {
    const { real, asked } = await startCounting()
    const hello = { instance: 'tab', producer: { id: randomId(), highest: 0, open: [] } }
    const first = await welcomed(real, downlink, hello)
    const second = await welcomed(real, downlink, { ...hello, attempt: 2 })
    const refused = await first.send(note(1, 'stale'))
    expect([refused.status, codeIn(refused)]).toEqual([410, 'link_unknown'])
    expect(await first.next('goodbye')).toMatchObject({ code: 'superseded' })
    await second.send(note(1, 'fresh'))
    await second.next('result')
    expect(asked).toEqual(['fresh'])
    await until(() => real.hub.stats().links === 1, 'the first is gone')
  })

  it('[R43] ends with a goodbye, and is then unknown', async () => {
    const real = await start()
    const link = await open(real, downlink)
    await link.send({ type: 'leave' })
    expect(await link.next('goodbye')).toMatchObject({ code: 'hello_expected', retry: false })
    await until(() => real.hub.stats().links === 0, 'it is gone')
    if (downlink === 'sse') await until(() => link.ended, 'the response ends')
    else expect(codeIn(await link.poll())).toBe('link_unknown')
    expect(codeIn(await link.send({ type: 'ping', id: 1 }))).toBe('link_unknown')
    expect(real.hub.stats()).toMatchObject({ deadlines: 0, orphans: 0 })
  })

  it('S6 without a hello it ends at the deadline, also if nobody fetches the goodbye', async () => {
    const real = await start({ timeouts: { helloMs: 20 } })
    await open(real, downlink)
    await until(() => real.hub.stats().links === 0, 'it is gone')
    expect(real.hub.stats()).toMatchObject({ deadlines: 0, orphans: 0 })
  })

  it('S7 a hub with too many links says so through a goodbye', async () => {
    const real = await start({ limits: { maxLinks: 1 } })
    await open(real, downlink)
    const late = await open(real, downlink)
    expect(await late.next('goodbye')).toMatchObject({ code: 'sessions_full', retry: true })
    await until(() => real.hub.stats().links === 1, 'it is gone')
  })
})

describe('[R52] the downlink of sse', () => {
  it('begins at once with a comment, and tells proxies to let it pass', async () => {
    const link = await open(await start(), 'sse')
    await until(() => link.opening !== '', 'the first bytes come')
    expect(link.opening).toMatch(/^:.*\n\n$/)
    expect(link.response?.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
  })

  it('ends with its response: the session rests', async () => {
    const real = await start()
    const link = await welcomed(real, 'sse')
    await link.close()
    await until(() => real.hub.stats().sessions.resting === 1, 'the session rests')
    expect(real.hub.stats()).toMatchObject({ links: 0, orphans: 0 })
    expect(codeIn(await link.send({ type: 'ping', id: 1 }))).toBe('link_unknown')
  })
})

describe('[R53] a poll', () => {
  it('is answered at once when there is something, with the next number, else after the wait', async () => {
    const real = await start()
    const link = await open(real, 'poll')
    expect((await link.poll({ 'holdfast-wait': '0' })).status).toBe(204)
    expect((await link.poll({ 'holdfast-wait': '20' })).status).toBe(204)
    await link.send(helloFrame({ subscriptions: [{ topic: 'news', intent: 1, from: 'now' }] }))
    await until(() => real.hub.stats().writing === 1, 'the welcome waits')
    const first = await link.poll()
    expect(first).toMatchObject({ status: 200, headers: { 'holdfast-sequence': '1' } })
    expect(first.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    await link.next('subscribed')
    const waiting = link.poll()
    await until(() => real.hub.stats().deadlines === 2, 'the poll waits')
    await real.hub.publish('news', 'late')
    expect(framesIn((await waiting).body)).toMatchObject([{ type: 'message', data: 'late' }])
  })

  it('S45 whose response was lost gets it again, unchanged, until one names it received', async () => {
    const real = await start()
    const link = await open(real, 'poll')
    await link.send(helloFrame({ subscriptions: [{ topic: 'news', intent: 1, from: 'now' }] }))
    await until(() => real.hub.stats().writing === 1, 'the welcome waits')
    const again = { 'holdfast-received': '0' }
    const { body } = await link.poll(again)
    await real.hub.publish('news', 1)
    for (let time = 0; time < 3; time++) {
      expect(await link.poll(again)).toMatchObject({ headers: { 'holdfast-sequence': '1' }, body })
    }
    expect(real.hub.stats().writing).toBe(1)
    const second = await link.poll({ 'holdfast-received': '1' })
    expect(second.headers['holdfast-sequence']).toBe('2')
    expect(second.body).not.toContain('welcome')
  })

  it('that names any other response is refused, and changes nothing', async () => {
    const real = await start()
    const link = await welcomed(real, 'poll')
    await link.poll({ 'holdfast-received': '1', 'holdfast-wait': '0' })
    for (const received of ['0', '2', '99', '-1', '1.5', 'x', '', '9007199254740992']) {
      const answer = await link.poll({ 'holdfast-received': received })
      expect([answer.status, codeIn(answer)]).toEqual([400, 'request_invalid'])
    }
    for (const wait of ['-1', 'x', '1e3']) {
      expect((await link.poll({ 'holdfast-wait': wait })).status).toBe(400)
    }
    await link.send({ type: 'ping', id: 5 })
    expect(await link.next('pong')).toEqual({ type: 'pong', id: 5 })
  })

  it('ends the one that still waits', async () => {
    const real = await start()
    const link = await open(real, 'poll')
    const first = link.poll()
    await until(() => real.hub.stats().deadlines === 2, 'the first waits')
    const second = link.poll()
    expect((await first).status).toBe(204)
    await link.send({ type: 'ping', id: 1 })
    expect(framesIn((await second).body)).toEqual([{ type: 'pong', id: 1 }])
  })

  it('of a link that has no polls is refused', async () => {
    const real = await start()
    const link = await open(real, 'sse')
    expect((await link.poll()).status).toBe(400)
  })

  it('fetches the goodbye of a link that was closed while another response was on its way', async () => {
    const real = await start()
    const link = await open(real, 'poll')
    await link.send({ type: 'ping', id: 1 })
    await until(() => real.hub.stats().writing === 1, 'the pong waits')
    await link.poll()
    await link.send({ type: 'leave' })
    expect(framesIn((await link.poll()).body)).toMatchObject([{ type: 'goodbye' }])
    await until(() => real.hub.stats().links === 0, 'it is gone')
  })
})

describe('[R54] other origins', () => {
  const page = 'https://app.example'
  const evil = 'https://evil.example'

  it('that are listed are answered with themselves and credentials', async () => {
    const real = await start({ origins: [page] })
    const link = owner.own(await RawHttpLink.open(real.url, 'sse', { origin: page }))
    const allowed = {
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      vary: 'origin',
      'access-control-expose-headers': 'holdfast-link, holdfast-sequence',
    }
    expect(link.response?.headers).toMatchObject(allowed)
    const headers = { origin: page }
    expect((await ask(`${real.url}/poll`, { headers })).headers).toMatchObject(allowed)
    const refused = await ask(`${real.url}/send`, { headers })
    expect([refused.status, refused.headers]).toMatchObject([415, allowed])
  })

  it('are answered with * and no credentials where all are allowed', async () => {
    const real = await start({ origins: '*' })
    const { headers } = await ask(`${real.url}/poll`, { headers: { origin: evil } })
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('that are forbidden open nothing, and are told so without the right to read it', async () => {
    const { real, asked } = await startCounting({ origins: [page] })
    const link = await welcomed(real, 'poll')
    const headers = { origin: evil }
    const answers = [
      await ask(`${real.url}/sse`, { headers }),
      await ask(`${real.url}/poll`, { headers }),
      await ask(`${real.url}/send`, {
        headers: { ...link.uplinkHeaders(2), ...headers },
        body: lines(note(1)),
      }),
      await ask(`${real.url}/poll`, { method: 'OPTIONS', headers }),
    ]
    for (const answer of answers) {
      expect([answer.status, codeIn(answer)]).toEqual([403, 'origin_forbidden'])
      expect(Object.keys(answer.headers).join()).not.toContain('access-control')
    }
    expect([real.hub.stats().links, asked]).toEqual([1, []])
  })

  it('learn from OPTIONS the method, the headers and a day', async () => {
    const real = await start({ origins: [page] })
    const { status, headers } = await ask(`${real.url}/send`, {
      method: 'OPTIONS',
      headers: { origin: page },
    })
    expect([status, headers]).toMatchObject([
      204,
      {
        'access-control-allow-origin': page,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers':
          'content-type, holdfast-link, holdfast-sequence, holdfast-received, holdfast-wait',
        'access-control-max-age': '86400',
      },
    ])
  })

  it('are not concerned when there is none, or it is the hub’s own', async () => {
    const real = await start()
    expect((await ask(`${real.url}/poll`)).headers).not.toHaveProperty('access-control-allow-origin')
    const own = await ask(`${real.url}/poll`, { headers: { origin: `http://127.0.0.1:${real.port}` } })
    expect(own.status).toBe(204)
  })
})

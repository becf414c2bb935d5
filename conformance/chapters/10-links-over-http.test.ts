import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Device } from '../wire/device.ts'
import { errorTable } from '../wire/error-table.ts'
import { eventually } from '../wire/eventually.ts'
import type { HttpLink } from '../wire/http-link.ts'
import {
  beginPost,
  framesIn,
  post,
  refusalIn,
  type HttpAnswer,
  type HttpQuestion,
} from '../wire/http-request.ts'
import { addressOf, openLink } from '../wire/open-link.ts'
import { randomId } from '../wire/random-id.ts'
import { RawConnection } from '../wire/raw-connection.ts'

type Downlink = 'sse' | 'poll'

const downlinks: readonly Downlink[] = ['sse', 'poll']
const uplinkType = 'application/x-ndjson'
const page = 'https://allowed.example'
const foreignPage = 'https://foreign.example'

const ask = (path: string, question?: HttpQuestion): Promise<HttpAnswer> =>
  post(`${addressOf()}${path}`, question)

async function opened(transport: Downlink, options: { readonly polls?: boolean } = {}): Promise<HttpLink> {
  return (await openLink({ transport, ...options })) as HttpLink
}

/** By the time that these were answered, the hub has read what was written to other connections before. */
async function othersAreAnswered(): Promise<void> {
  for (const _ of [1, 2, 3]) await opened('poll', { polls: false })
}

/** A polled link that was welcomed, and polls when it is told to. */
async function polled(): Promise<{ device: Device; link: HttpLink }> {
  const device = await Device.opened({ transport: 'poll', polls: false })
  const link = device.link as HttpLink
  await Promise.all([device.greet(), link.poll()])
  return { device, link }
}

function expectRefusal(answer: HttpAnswer, code: string, status = errorTable().get(code)?.httpStatus): void {
  expect(answer.status).toBe(status)
  expect(refusalIn(answer)).toMatchObject({ type: 'goodbye', code, message: expect.any(String) })
  expect(answer.headers.connection).toBe('close')
}

describe('requests', () => {
  test.each([
    ['another method', '/poll', { method: 'PUT' }, 405],
    ['a GET', '/sse', { method: 'GET' }, 405],
    ['another path', '/push', {}, 404],
    ['no content type', '/send', { body: '{}' }, 415],
    ['another content type', '/send', { headers: { 'content-type': 'application/json' }, body: '{}' }, 415],
  ])('[R49] %s is refused with a goodbye as the body', async (_, path, question, status) => {
    expectRefusal(await ask(path, question), 'request_invalid', status)
  })

  test('[R49] a query of the hub’s URL is kept', async () => {
    const answer = await ask('/poll?tenant=acme')
    expect(answer.status).toBe(204)
    expect(answer.headers['holdfast-link']).toBeDefined()
  })

  test.each(downlinks)(
    '[R50] the answer that opens a link over %s names it, with a secret',
    async (downlink) => {
      const names = await Promise.all([opened(downlink), opened(downlink)])
      expect(names[0].name).not.toBe(names[1].name)
      // 128 random bits, six to a character at most.
      for (const { name } of names) expect(name.length).toBeGreaterThanOrEqual(22)
    },
  )

  test('[R50] a name that is unknown is refused whole', async () => {
    const headers = { 'holdfast-link': randomId(), 'holdfast-received': '0', 'holdfast-sequence': '1' }
    expectRefusal(await ask('/poll', { headers }), 'link_unknown')
    const body = '{"type":"ping","id":1}'
    expectRefusal(
      await ask('/send', { headers: { ...headers, 'content-type': uplinkType }, body }),
      'link_unknown',
    )
  })

  test.each(downlinks)('[R50] a link over %s that was superseded takes nothing', async (downlink) => {
    const device = await Device.connected({ transport: downlink })
    const first = device.link as HttpLink
    const name = randomId()
    await device.resume()
    const late = { type: 'request', number: 1, method: 'count', data: { name } }
    expectRefusal(await first.sendAs(2, JSON.stringify(late)), 'link_unknown')
    expect(await device.call('counted', { name })).toBe(0)
  })

  test('[R50, R43] a poll may still fetch the goodbye, and nothing after it', async () => {
    const { device, link } = await polled()
    await device.resume({}, { polls: true })
    const answer = await link.poll()
    expect(framesIn(answer.body)?.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { type: 'goodbye', code: 'superseded' },
    ])
    expectRefusal(await link.poll(), 'link_unknown')
  })
})

describe.each(downlinks)('the uplink of %s', (downlink) => {
  const ping = (id: number): string => JSON.stringify({ type: 'ping', id })

  test('[R51] a request carries one frame or more, and is answered 204', async () => {
    const link = await opened(downlink)
    expect((await link.sendAs(1, `${ping(1)}\n${ping(2)}\n`)).status).toBe(204)
    expect((await link.sendAs(2, ping(3))).status).toBe(204)
    for (const id of [1, 2, 3]) await link.next('pong', { id })
  })

  test('[R51] a number that was taken is answered 204 and executes nothing', async () => {
    const device = await Device.connected({ transport: downlink })
    const link = device.link as HttpLink
    const name = randomId()
    const body = JSON.stringify({ type: 'request', number: 1, method: 'count', data: { name } })
    for (const _ of [1, 2, 3]) expect((await link.sendAs(2, body)).status).toBe(204)
    expect((await link.sendAs(2, ping(9))).status).toBe(204)
    expect((await link.sendAs(3, ping(10))).status).toBe(204)
    await link.next('pong')
    expect(link.all('pong').map(({ id }) => id)).toEqual([10])
    const count = JSON.stringify({ type: 'request', number: 2, method: 'counted', data: { name } })
    await link.sendAs(4, count)
    expect(await device.result(2)).toMatchObject({ value: 1 })
  })

  test.each(['2', '0', '-1', 'one', '1.0', ''])(
    '[R51] the number %j is not the next one',
    async (sequence) => {
      const link = await opened(downlink)
      expectRefusal(await link.sendAs(sequence, ping(1)), 'request_invalid')
      await link.sendAs(1, ping(2))
      await link.next('pong', { id: 2 })
    },
  )

  test.each([
    ['nothing', new Uint8Array()],
    ['empty lines', Buffer.from('\n \n')],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('[R51] a body with %s is refused, and the link survives', async (_, body) => {
    const link = await opened(downlink)
    expectRefusal(await link.sendAs(1, body), 'request_invalid')
    await link.sendAs(1, ping(1))
    await link.next('pong', { id: 1 })
  })

  test('[R51] a body has 65,536 bytes at most before welcome, then maxFrameBytes', async () => {
    const device = await Device.opened({ transport: downlink })
    const link = device.link as HttpLink
    const padded = (bytes: number): string => `${ping(1)}${' '.repeat(bytes - ping(1).length)}`
    expectRefusal(await link.sendAs(1, padded(65_537)), 'frame_too_large')
    expect((await link.sendAs(1, padded(65_536))).status).toBe(204)
    await link.sendAs(2, JSON.stringify(device.nextHello()))
    const { limits } = await link.next('welcome')
    const { maxFrameBytes } = limits as { maxFrameBytes: number }
    expectRefusal(await link.sendAs(3, padded(maxFrameBytes + 1)), 'frame_too_large')
    expect((await link.sendAs(3, padded(maxFrameBytes))).status).toBe(204)
    for (const _ of [1, 2]) await link.next('pong')
  })

  test('[R51] a request is taken only when its body has arrived whole, and dropped for one that is sent again', async () => {
    const link = await opened(downlink)
    const body = `${ping(1)}\n${ping(2)}`
    const cut = beginPost(`${addressOf()}/send`, {
      headers: { ...link.uplinkHeaders(1), 'content-length': String(body.length) },
    })
    const dropped = once(cut, 'error')
    cut.write(`${ping(1)}\n`)
    await othersAreAnswered()
    expect((await link.sendAs(1, body)).status).toBe(204)
    await dropped
    await link.next('pong', { id: 2 })
    expect(link.all('pong')).toHaveLength(2)
  })
})

describe('the downlink', () => {
  const headers = {
    'content-type': expect.stringMatching(/^text\/event-stream/),
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  }

  test('[R52] of sse begins at once with a comment', async () => {
    const connection = new RawConnection(addressOf())
    onTestFinished(() => connection.close())
    connection.post('/sse')
    await connection.has(/\r\n\r\n(?:[\da-f]+\r\n)?:/i)
    const link = await opened('sse')
    expect(link.head.headers).toMatchObject(headers)
    expect(link.head.statusCode).toBe(200)
  })

  test('[R52] of sse is the link: its end is the link’s end', async () => {
    const backstage = await Device.connected({ hub: 'impatient' })
    const device = await Device.connected({ hub: 'impatient', transport: 'sse' })
    const reply = backstage.call('request-back', { session: device.session.id, method: 'name', data: 1 })
    await device.link.next('request')
    await device.link.drop()
    // The session rests from then on, and ends; long before the heartbeat would have noticed.
    expect(await reply).toEqual({ error: { code: 'session_ended', outcome: 'unknown' } })
  })

  test('[R52] of poll has the same form', async () => {
    const { link } = await polled()
    await link.send({ type: 'ping', id: 1 })
    const answer = await link.poll()
    expect(answer.headers).toMatchObject(headers)
    expect(answer.body).toBe('data: {"type":"pong","id":1}\n\n')
  })
})

describe('polling', () => {
  test('[R53] a poll is answered at once with what there is, under the next number', async () => {
    const { link } = await polled()
    for (const id of [1, 2]) {
      await link.send({ type: 'ping', id })
      const answer = await link.poll()
      expect(answer.headers['holdfast-sequence']).toBe(String(id + 1))
    }
    expect(link.all('pong').map(({ id }) => id)).toEqual([1, 2])
  })

  test('[R53] without anything it waits, as long as it says, and is answered 204 with the last number', async () => {
    const { link } = await polled()
    const answer = await link.poll({ 'holdfast-wait': '50' })
    expect(answer).toMatchObject({ status: 204, headers: { 'holdfast-sequence': '1' } })
    const waiting = link.poll()
    await link.send({ type: 'ping', id: 1 })
    expect((await waiting).status).toBe(200)
  })

  test('[R53] a response is kept until it is named, and given again unchanged', async () => {
    const { link } = await polled()
    await link.send({ type: 'ping', id: 1 })
    const first = await link.poll()
    await link.send({ type: 'ping', id: 2 })
    for (const _ of [1, 2]) {
      const again = await link.poll({ 'holdfast-received': '1' })
      expect([again.body, again.headers['holdfast-sequence']]).toEqual([first.body, '2'])
    }
    expect((await link.poll()).headers['holdfast-sequence']).toBe('3')
    expectRefusal(await link.poll({ 'holdfast-received': '1' }), 'request_invalid')
  })

  test.each(['2', '7', '-1', 'one', ''])('[R53] %j is no response that was', async (received) => {
    const { link } = await polled()
    expectRefusal(await link.poll({ 'holdfast-received': received }), 'request_invalid')
    await link.send({ type: 'ping', id: 1 })
    await link.poll()
    expect(link.all('pong')).toHaveLength(1)
  })

  test('[R53] a new poll ends one that still waits', async () => {
    const { link } = await polled()
    const first = link.poll()
    await othersAreAnswered()
    const second = link.poll()
    expect((await first).status).toBe(204)
    await link.send({ type: 'ping', id: 1 })
    expect((await second).status).toBe(200)
  })

  test('[R53] a link whose waiting poll was cut lives on if another comes within 5 s, and else it ends', async () => {
    const cutPoll = async (link: HttpLink): Promise<void> => {
      const poll = beginPost(`${addressOf()}/poll`, {
        headers: { 'holdfast-link': link.name, 'holdfast-received': '1' },
      })
      poll.on('error', () => {})
      poll.end()
      await othersAreAnswered()
      poll.destroy()
    }
    const [kept, lost] = await Promise.all([polled(), polled()])
    await Promise.all([cutPoll(kept.link), cutPoll(lost.link)])
    await kept.link.send({ type: 'ping', id: 1 })
    expect((await kept.link.poll()).status).toBe(200)
    const backstage = await Device.connected()
    await eventually(async () => {
      const rows = (await backstage.call('sessions')) as { id: string; live: boolean }[]
      return rows.some(({ id, live }) => id === lost.device.session.id && !live)
    }, 'the link ends')
    expectRefusal(await lost.link.sendAs(9, '{}'), 'link_unknown')
  })
})

describe('other origins', () => {
  test.each(['/sse', '/poll', '/send'])('[R54] a foreign one is refused at %s', async (path) => {
    expectRefusal(await ask(path, { headers: { origin: foreignPage } }), 'origin_forbidden')
  })

  test('[R54] an allowed one is answered with itself', async () => {
    expect(await ask('/poll', { headers: { origin: page } })).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': page,
        'access-control-allow-credentials': 'true',
        vary: expect.stringMatching(/\borigin\b/i),
      },
    })
  })

  test('[R54] a refusal can be read by an allowed one too', async () => {
    const answer = await ask('/push', { headers: { origin: page } })
    expectRefusal(answer, 'request_invalid', 404)
    expect(answer.headers['access-control-allow-origin']).toBe(page)
  })

  test('[R54] OPTIONS names the method, the headers and a day', async () => {
    const { status, headers } = await ask('/send', { method: 'OPTIONS', headers: { origin: page } })
    expect(status).toBe(204)
    expect(headers['access-control-allow-methods']).toContain('POST')
    expect(headers['access-control-max-age']).toBe('86400')
    const allowed = String(headers['access-control-allow-headers']).split(/,\s*/)
    expect(allowed).toEqual(
      expect.arrayContaining([
        'content-type',
        'holdfast-link',
        'holdfast-sequence',
        'holdfast-received',
        'holdfast-wait',
      ]),
    )
  })
})

describe('pipelining', () => {
  test('[R55] a request behind an open response is not executed, and the response’s link ends', async () => {
    const other = await opened('poll', { polls: false })
    const connection = new RawConnection(addressOf())
    onTestFinished(() => connection.close())
    connection.post('/sse')
    await connection.has(/\r\n\r\n(?:[\da-f]+\r\n)?:/i)
    const body = '{"type":"ping","id":1}'
    connection.post('/send', { ...other.uplinkHeaders(1), 'content-length': String(body.length) }, body)
    await connection.has(/"type":"goodbye","code":"frame_invalid"/)
    expect((await other.sendAs(1, '{"type":"ping","id":2}')).status).toBe(204)
    await other.poll()
    expect(other.all('pong').map(({ id }) => id)).toEqual([2])
  })
})

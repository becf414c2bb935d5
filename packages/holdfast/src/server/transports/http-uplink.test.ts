import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Owner } from '../../testing/owner.ts'
import { answerTo, beginRequest, codeIn } from '../../testing/raw-http.ts'
import { RawHttpLink } from '../../testing/raw-http-link.ts'
import { helloFrame, type RawFrame } from '../../testing/raw-link.ts'
import { startHub, type RealHub } from '../../testing/real-hub.ts'
import { until } from '../../testing/until.ts'

const owner = new Owner()
let real: RealHub
let link: RawHttpLink
let asked: unknown[]
/** How many came after the hello. */
let requests: number

const countRequest = (): void => void requests++

beforeEach(async () => {
  real = owner.own(await startHub())
  asked = []
  real.hub.onRequest('note', (data) => void asked.push(data))
  link = owner.own(await RawHttpLink.welcomed(real.url, 'sse'))
  requests = 0
  subscribe('http.server.request.start', countRequest)
})
afterEach(async () => {
  unsubscribe('http.server.request.start', countRequest)
  await owner.closeAll()
})

const note = (number: number, data: unknown = number): RawFrame => ({
  type: 'request',
  number,
  method: 'note',
  data,
})
const line = (frame: RawFrame): string => JSON.stringify(frame)
const ping = line({ type: 'ping', id: 1 })

/** Begins the request with a number and sends the first part of its body, which has two. */
async function halfSent(sequence: number, first: string, second: string): Promise<ClientRequest> {
  const headers = { ...link.uplinkHeaders(sequence), 'content-length': `${first.length + second.length}` }
  const begun = beginRequest(`${real.url}/send`, { headers })
  begun.write(first)
  const [socket] = (await once(begun, 'socket')) as [Socket]
  if (socket.connecting) await once(socket, 'connect')
  return begun
}

/** Resolves when the request's connection is gone, for whatever reason. */
const closed = (begun: ClientRequest): Promise<void> =>
  new Promise((resolve) => void begun.on('close', () => resolve()))

/** The hub has begun to read the first request after the hello. */
const hubReads = (): Promise<void> => until(() => requests === 1, 'the hub reads it')

describe('[R51] a request of the uplink', () => {
  it('carries one or more frames, one in each line; empty lines are none', async () => {
    expect((await link.sendAs(2, `${line(note(1))}\r\n\n${line(note(2))}\n`)).status).toBe(204)
    await link.next('result')
    await link.next('result')
    expect(asked).toEqual([1, 2])
  })

  it('that was taken already is answered and executes nothing', async () => {
    const body = line(note(1))
    for (let time = 0; time < 3; time++) expect((await link.sendAs(2, body)).status).toBe(204)
    expect((await link.sendAs(1, line(note(2)))).status).toBe(204)
    await link.sendAs(3, line(note(2, 'next')))
    await link.next('result')
    await link.next('result')
    expect(asked).toEqual([1, 'next'])
    expect(link.frames.filter(({ type }) => type === 'result')).toHaveLength(2)
  })

  it('that is not the next one, or has no sound number, is refused, and nothing of it is taken', async () => {
    for (const sequence of ['3', '0', '-1', '1.5', 'x', '2, 2', '9007199254740992', '1e0']) {
      const answer = await link.sendAs(sequence, line(note(1, 'refused')))
      expect([answer.status, codeIn(answer)]).toEqual([400, 'request_invalid'])
    }
    await link.sendAs(2, line(note(1)))
    await link.next('result')
    expect(asked).toEqual([1])
  })

  it('without frames, or that is no UTF-8, is refused; its number is still to come', async () => {
    for (const body of ['', '\n \r\n', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const answer = await link.sendAs(2, body)
      expect([answer.status, codeIn(answer)]).toEqual([400, 'request_invalid'])
    }
    expect((await link.sendAs(2, ping)).status).toBe(204)
    await link.next('pong')
  })

  it('has at most maxFrameBytes bytes; a larger one is refused and the link goes on', async () => {
    const most = 262_144
    const padded = (bytes: number): string => ping.padEnd(bytes, ' ')
    const answer = await link.sendAs(2, padded(most + 1))
    expect([answer.status, codeIn(answer)]).toEqual([413, 'frame_too_large'])
    expect((await link.sendAs(2, padded(most))).status).toBe(204)
    await link.next('pong')
  })

  it('[R1] with a hello of more than 65,536 bytes is refused', async () => {
    const early = owner.own(await RawHttpLink.open(real.url, 'sse'))
    const { status, body } = await early.sendAs(1, line(helloFrame()).padEnd(65_537, ' '))
    expect([status, JSON.parse(body)]).toMatchObject([413, { code: 'frame_too_large' }])
  })

  it('may end the link half-way: the rest is ignored', async () => {
    const frames = [note(1), { type: 'leave' }, note(2)]
    expect((await link.sendAs(2, frames.map(line).join('\n'))).status).toBe(204)
    await link.next('goodbye')
    await until(() => real.hub.stats().links === 0, 'the link is gone')
    expect(asked).toEqual([1])
  })

  it('[R3] with a line that is no frame is taken: the line is answered, the others count', async () => {
    expect((await link.sendAs(2, `no JSON\n${line(note(1))}`)).status).toBe(204)
    expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
    await link.next('result')
    expect(asked).toEqual([1])
  })

  it('may arrive byte by byte', async () => {
    const begun = beginRequest(`${real.url}/send`, { headers: link.uplinkHeaders(2) })
    for (const byte of Buffer.from(line(note(1, 'ü')))) begun.write(Buffer.from([byte]))
    begun.end()
    expect((await answerTo(begun)).status).toBe(204)
    await link.next('result')
    expect(asked).toEqual(['ü'])
  })

  it('is taken only when it has arrived whole: one that breaks off takes nothing', async () => {
    const begun = await halfSent(2, `${line(note(1, 'broken'))}\n`, ping)
    await hubReads()
    begun.destroy()
    expect((await link.sendAs(2, line(note(1, 'again')))).status).toBe(204)
    await link.next('result')
    expect(asked).toEqual(['again'])
  })

  it('takes the place of an earlier one that is stuck, whose connection is dropped', async () => {
    const body = line(note(1))
    const stuck = await halfSent(2, body.slice(0, 10), body.slice(10))
    await hubReads()
    const dropped = closed(stuck)
    expect((await link.sendAs(2, body)).status).toBe(204)
    await dropped
    await link.next('result')
    expect(asked).toEqual([1])
  })

  it('S22 that is a late copy, stuck until its retry was answered and acknowledged, executes nothing', async () => {
    const body = line(note(1))
    const late = await halfSent(2, body.slice(0, 10), body.slice(10))
    await hubReads()
    // The connection of the first was dropped; a proxy sends it once more, as late as can be.
    late.destroy()
    await link.sendAs(2, body)
    await link.next('result')
    await link.sendAs(3, line({ type: 'ack', numbers: [[1, 1]] }))
    expect((await link.sendAs(2, body)).status).toBe(204)
    await link.sendAs(4, line(note(2)))
    await link.next('result')
    expect(asked).toEqual([1, 2])
  })

  it('is not disturbed by a late copy of an earlier one', async () => {
    const body = line(note(1))
    const current = await halfSent(2, body.slice(0, 10), body.slice(10))
    await hubReads()
    expect((await link.sendAs(1, ping)).status).toBe(204)
    current.end(body.slice(10))
    expect((await answerTo(current)).status).toBe(204)
    await link.next('result')
    expect(asked).toEqual([1])
  })

  it('that is under way when the link ends is dropped', async () => {
    const stuck = await halfSent(2, '{', '}')
    await hubReads()
    const dropped = closed(stuck)
    await link.close()
    await dropped
    expect(real.hub.stats()).toMatchObject({ links: 0, orphans: 0 })
  })
})

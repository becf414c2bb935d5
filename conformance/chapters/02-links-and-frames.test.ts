import { describe, expect, test } from 'vitest'
import { Device } from '../wire/device.ts'
import type { Fields } from '../wire/frame.ts'
import { transports } from '../wire/link.ts'
import { addressOf, openLink } from '../wire/open-link.ts'
import { randomId } from '../wire/random-id.ts'
import { upgraded } from '../wire/raw-upgrade.ts'
import { WebSocketLink } from '../wire/websocket-link.ts'

const helloBytes = 65_536

/** A text of that many bytes that is the frame, with a field that nobody knows. */
function padded(frame: Fields, bytes: number): string {
  const padding = bytes - JSON.stringify({ ...frame, padding: '' }).length
  return JSON.stringify({ ...frame, padding: 'x'.repeat(padding) })
}

/** Arrays in arrays, so many levels deep. */
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

describe('one WebSocket message', () => {
  test('[R1] is one frame: a text, unfragmented, and not compressed although that was offered', async () => {
    const device = await Device.opened()
    const { head, messages } = await upgraded(addressOf(), [
      JSON.stringify(device.nextHello()),
      JSON.stringify({ type: 'request', number: 1, method: 'echo', data: 'é'.repeat(50_000) }),
      JSON.stringify({ type: 'leave' }),
    ])
    expect(head).toContain('101 Switching Protocols')
    expect(head.toLowerCase()).not.toContain('sec-websocket-extensions')
    expect(messages.slice(0, -1).map(({ opcode, final, reserved }) => ({ opcode, final, reserved }))).toEqual(
      messages.slice(0, -1).map(() => ({ opcode: 1, final: true, reserved: 0 })),
    )
    const types = messages.slice(0, -1).map(({ body }) => (JSON.parse(body.toString()) as Fields)['type'])
    expect(types).toEqual(['welcome', 'result', 'goodbye'])
    expect(messages.at(-1)).toMatchObject({ opcode: 8 })
  })

  test('[R1] is refused when it is binary; before hello that ends the link', async () => {
    const { link } = await Device.connected()
    ;(link as WebSocketLink).socket.send(Buffer.from('{"type":"ping","id":1}'))
    expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
    await link.roundTrip()
    const early = await WebSocketLink.open(addressOf())
    early.socket.send(Buffer.from('{"type":"ping","id":1}'))
    expect(await early.goodbye()).toMatchObject({ code: 'frame_invalid' })
  })

  test('[R1] has at most maxFrameBytes bytes; beyond, the link ends with 1009', async () => {
    const { link, welcome } = await Device.connected()
    const { maxFrameBytes } = welcome['limits'] as { maxFrameBytes: number }
    await link.sendText(padded({ type: 'ping', id: 5 }, maxFrameBytes))
    await link.next('pong', { id: 5 })
    await link.sendText(padded({ type: 'ping', id: 6 }, maxFrameBytes + 1))
    expect(await link.ended).toBe(1_009)
    expect(link.all('pong')).toHaveLength(1)
  })

  test('[R1] has at most 65,536 bytes before welcome', async () => {
    const device = await Device.opened()
    await device.link.sendText(padded(device.nextHello(), helloBytes))
    await device.link.next('welcome')
    const large = await Device.opened()
    await large.link.sendText(padded(large.nextHello(), helloBytes + 1))
    expect(await large.link.goodbye()).toMatchObject({ code: 'frame_too_large', retry: false })
  })
})

describe.each(transports)('over %s', (transport) => {
  test('[R2] fields and frames that the hub does not know are ignored', async () => {
    const device = await Device.opened({ transport })
    await device.link.send({ type: 'weather', token: 7 })
    await device.greet({ weather: 'fine', session_of_the_day: { id: 3 } })
    await device.link.send({ type: 'weather', critical: 'no' })
    await device.link.send({ type: 'constructor' })
    expect(await device.call('echo', 1)).toBe(1)
    expect(device.link.all('error')).toEqual([])
  })

  test.each(['before hello', 'after welcome'])(
    '[R2] a critical unknown frame ends the link %s',
    async (when) => {
      const device = await Device.opened({ transport })
      if (when === 'after welcome') await device.greet()
      await device.link.send({ type: 'weather', critical: true })
      expect(await device.link.goodbye()).toMatchObject({ code: 'frame_unknown', retry: false })
    },
  )

  test('[R3] an unsound operation with a sound number gets a result, and its number is used up', async () => {
    const device = await Device.connected({ transport })
    const faults: readonly [Parameters<Device['operate']>[0], Fields, string][] = [
      ['publish', { topic: '', data: 1 }, 'topic_invalid'],
      ['publish', { topic: randomId() }, 'frame_invalid'],
      ['request', { method: 7, data: 1 }, 'method_invalid'],
      ['request', { method: 'echo', data: 1, timeoutMs: 'soon' }, 'frame_invalid'],
      ['answer', { id: 'no id', data: 1 }, 'frame_invalid'],
    ]
    for (const [type, fields, code] of faults) {
      const number = await device.operate(type, fields)
      expect(await device.result(number)).toMatchObject({ number, error: { code } })
    }
    expect(await device.call('echo', 'next')).toBe('next')
  })

  test('[R3] an unsound subscribe with a sound topic and intent is answered with unsubscribed', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    const intent = await device.subscribe(topic, 'yesterday')
    expect(await device.link.next('unsubscribed')).toMatchObject({
      topic,
      intent,
      error: { code: 'frame_invalid', retry: false },
    })
    await device.subscribed(topic)
  })

  test.each([
    ['{"type":"ping"', 'frame_invalid'],
    ['[{"type":"ping","id":1}]', 'frame_invalid'],
    ['"ping"', 'frame_invalid'],
    ['null', 'frame_invalid'],
    ['{"id":1}', 'frame_invalid'],
    ['{"type":1}', 'frame_invalid'],
    ['{"type":"ping","id":"1"}', 'frame_invalid'],
    ['{"type":"subscribe","topic":"","intent":1,"from":"now"}', 'topic_invalid'],
    ['{"type":"unsubscribe","topic":"","intent":1}', 'topic_invalid'],
    ['{"type":"request","number":0,"method":"echo","data":1}', 'frame_invalid'],
    ['{"type":"ack","numbers":[[2,1]]}', 'frame_invalid'],
    ['{"type":"result","number":1}', 'frame_invalid'],
  ])('[R3] %s is answered with an error frame, and the link survives', async (text, code) => {
    const { link } = await Device.connected({ transport })
    await link.sendText(text)
    expect(await link.next('error')).toMatchObject({ code })
    await link.roundTrip()
  })

  test.each(['{"type":"ping"', '{"type":"hello"}', '{"type":"subscribe","topic":"a","intent":1}'])(
    '[R3] %s ends the link before hello',
    async (text) => {
      const link = await openLink({ transport })
      await link.sendText(text)
      expect(await link.goodbye()).toMatchObject({ code: 'frame_invalid', retry: false })
    },
  )

  test('[R4] a frame may be 64 levels deep, and no deeper', async () => {
    const { link } = await Device.connected({ transport })
    const request = (number: number, levels: number): Promise<void> =>
      link.sendText(`{"type":"request","number":${number},"method":"echo","data":${nested(levels)}}`)
    await request(1, 63)
    expect(JSON.stringify((await link.next('result'))['value'])).toBe(nested(63))
    await request(2, 64)
    expect(await link.next('result')).toMatchObject({ number: 2, error: { code: 'frame_invalid' } })
    await request(3, 50_000)
    expect(await link.next('result')).toMatchObject({ number: 3, error: { code: 'frame_invalid' } })
  })

  test.each(['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"\\u005f_proto__":1}'])(
    '[R4] a key __proto__ makes a frame invalid: %s',
    async (data) => {
      const { link } = await Device.connected({ transport })
      await link.sendText(`{"type":"request","number":1,"method":"echo","data":${data}}`)
      expect(await link.next('result')).toMatchObject({ number: 1, error: { code: 'frame_invalid' } })
    },
  )
})

describe('numbers and names', () => {
  test.each(['0', '-1', '1.5', '"1"', 'null', '9007199254740992', '1e300', 'true', '[1]'])(
    '[R5] %s is no intent, no number and no attempt',
    async (value) => {
      const { link } = await Device.connected()
      await link.sendText(`{"type":"subscribe","topic":"a","intent":${value},"from":"now"}`)
      expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
      await link.sendText(`{"type":"request","number":${value},"method":"echo","data":1}`)
      expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
      const other = await Device.opened()
      const hello = JSON.stringify(other.nextHello()).replace('"attempt":1', `"attempt":${value}`)
      await other.link.sendText(hello)
      expect(await other.link.goodbye()).toMatchObject({ code: 'frame_invalid' })
    },
  )

  test('[R5] intents and attempts go up to 2^53 − 1', async () => {
    const device = await Device.opened()
    await device.greet({ attempt: 2 ** 53 - 1 })
    const subscribe = { type: 'subscribe', topic: randomId(), intent: 2 ** 53 - 1, from: 'now' }
    await device.link.send(subscribe)
    await device.link.next('subscribed', { intent: 2 ** 53 - 1 })
  })

  test.each([
    ['instance', { instance: '' }],
    ['instance', { instance: 'a b' }],
    ['instance', { instance: 'x'.repeat(129) }],
    ['producer id', { producer: { id: 'x'.repeat(21), highest: 0, open: [] } }],
    ['producer id', { producer: { id: `${'x'.repeat(22)}é`, highest: 0, open: [] } }],
    ['session key', { session: { id: 'a', key: 'a/b' } }],
  ])('[R5] an identifier that is none ends the greeting: %s %j', async (_, fields) => {
    const device = await Device.opened()
    await device.hello(fields)
    expect(await device.link.goodbye()).toMatchObject({ code: 'frame_invalid' })
  })

  test('[R5] an identifier has up to 128 characters of its alphabet', async () => {
    const device = await Device.opened()
    const id = '.~_-'.repeat(32)
    await device.greet({ instance: id, producer: { id, highest: 0, open: [] } })
  })

  test.each([
    ['without characters', '""'],
    ['of 256 bytes', JSON.stringify('é'.repeat(128))],
    ['with a control character', '"a\\u0000"'],
    ['with another', '"\\u009f"'],
    ['with a lone surrogate', '"\\ud800"'],
    ['that is no text', '7'],
  ])('[R6] a name %s is none', async (_, name) => {
    const { link } = await Device.connected()
    await link.sendText(`{"type":"publish","number":1,"topic":${name},"data":1}`)
    expect(await link.next('result')).toMatchObject({ number: 1, error: { code: 'topic_invalid' } })
    await link.sendText(`{"type":"request","number":2,"method":${name},"data":1}`)
    expect(await link.next('result')).toMatchObject({ number: 2, error: { code: 'method_invalid' } })
  })

  test.each([`${'é'.repeat(116)}${randomId()}x`, `😀 ${randomId()}`])('[R6] %s is a topic', async (topic) => {
    const device = await Device.connected()
    await device.subscribed(topic)
    await device.publish(topic, 'hi')
    expect(await device.link.next('message')).toMatchObject({ topic, data: 'hi' })
  })
})

describe('what travels', () => {
  test('[R7] durations travel in milliseconds; a clock time only with what it is given for', async () => {
    const user = randomId()
    const device = await Device.connected({ token: { user } })
    await device.link.send({ type: 'asks', known: [] })
    await device.call('ask', { users: [user], method: 'approve', data: 1, deadlineMs: 60_000 })
    const left = Number((await device.link.next('ask'))['timeoutMs'])
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
    const expiring = await Device.connected({ token: { user, expiresInMs: 1_000 } })
    const within = Number((await expiring.link.next('reauthenticate'))['withinMs'])
    expect(within).toBeLessThanOrEqual(500)
  })

  test('[R8] what a URL says is no token', async () => {
    const token = encodeURIComponent(JSON.stringify({ user: 'eve' }))
    const link = await WebSocketLink.open(`${addressOf()}?token=${token}`)
    const device = await Device.opened()
    await link.send(device.nextHello())
    expect(await link.next('welcome')).toMatchObject({ subject: { user: null } })
    await link.drop()
  })
})

test('a WebSocket that does not offer the subprotocol is refused with 400 (chapter 2)', async () => {
  const refused = WebSocketLink.open(addressOf(), { protocols: ['holdfast.v0'] })
  await expect(refused).rejects.toThrow('400')
})

test('a foreign origin is refused over an accepted WebSocket, so that a page can read why (chapter 2)', async () => {
  const link = await openLink({ headers: { origin: 'https://foreign.example' } })
  expect(await link.goodbye()).toMatchObject({ code: 'origin_forbidden', retry: false })
  expect(await link.ended).toBe(4_406)
  const allowed = (await openLink({ headers: { origin: 'https://allowed.example' } })) as WebSocketLink
  expect(allowed.socket.protocol).toBe('holdfast.v1')
})

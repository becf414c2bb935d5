import { describe, expect, test } from 'vitest'
import { Device } from '../wire/device.ts'
import { errorTable } from '../wire/error-table.ts'
import type { Fields } from '../wire/frame.ts'
import { transports, type Link } from '../wire/link.ts'
import { addressOf, openLink } from '../wire/open-link.ts'
import { randomId } from '../wire/random-id.ts'
import { upgraded } from '../wire/raw-upgrade.ts'

const table = errorTable()

const after = async (device: Device, ...frames: Parameters<Link['send']>): Promise<Link> => {
  await device.link.send(...frames)
  return device.link
}

/** How to make a hub end a link, by the code that it gives. */
const causes: Readonly<Record<string, () => Promise<Link>>> = {
  frame_invalid: async () => after(await Device.opened(), { type: 'ping' }),
  frame_unknown: async () => after(await Device.connected(), { type: 'weather', critical: true }),
  hello_expected: async () => after(await Device.opened(), { type: 'leave' }),
  version_unsupported: async () => refused({}, { versions: [99] }),
  unauthenticated: () => refused({ verdict: 'deny' }),
  authenticate_failed: () => refused({ verdict: 'fail' }),
  number_skipped: async () => after(await Device.connected(), { type: 'cancel', number: 2 }),
  origin_forbidden: () => openLink({ headers: { origin: 'https://foreign.example' } }),
  superseded: async () => {
    const device = await Device.connected()
    const { link } = device
    await device.resume()
    return link
  },
  disconnected: async () => {
    const { link, session } = await Device.connected()
    await (await Device.connected()).call('disconnect', { session: session.id, retry: false })
    return link
  },
}

async function refused(token: object, fields: Fields = {}): Promise<Link> {
  const device = await Device.opened()
  await device.hello({ token: JSON.stringify(token), ...fields })
  return device.link
}

describe('the end of a link', () => {
  test.each(Object.entries(causes))(
    '[R43] %s is said in a goodbye, then by its close code',
    async (code, cause) => {
      const link = await cause()
      expect(await link.goodbye()).toMatchObject({ code, retry: table.get(code)?.retry })
      expect(await link.ended).toBe(table.get(code)?.closeCode)
      expect(link.frames.at(-1)).toMatchObject({ type: 'goodbye' })
    },
  )

  test('[R43] is the end of the connection, even if the peer never closes it', async () => {
    const { messages } = await upgraded(addressOf(), ['{"type":"leave"}'])
    expect(messages).toMatchObject([{ opcode: 1 }, { opcode: 8 }])
  })
})

describe.each(transports)('over %s', (transport) => {
  test.each([false, true])(
    '[R43] a session that ends with its link says what it received; retry is %s',
    async (retry) => {
      const device = await Device.connected({ transport })
      const backstage = await Device.connected()
      await device.call('echo', 1)
      await device.call('echo', 2)
      expect(await backstage.call('disconnect', { session: device.session.id, retry })).toBe(true)
      expect(await device.link.goodbye()).toMatchObject({ code: 'disconnected', retry, received: 2 })
      expect(await device.resume()).toMatchObject({ resumed: false })
    },
  )

  test('[R43] a session that lives on does not', async () => {
    const device = await Device.connected({ transport })
    const first = device.link
    await device.resume()
    expect(await first.goodbye()).not.toHaveProperty('received')
  })

  test.each([
    ['deny', 'unauthenticated', false],
    ['fail', 'authenticate_failed', true],
  ] as const)(
    '[R43] credentials on which authenticate says %s end the link with %s',
    async (verdict, code, retry) => {
      const device = await Device.opened({ transport, token: { verdict } })
      await device.hello()
      expect(await device.link.goodbye()).toMatchObject({ code, retry })
    },
  )

  test('[R47] error changes nothing: subscriptions, numbers and results go on', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.subscribed(topic)
    const number = await device.request('echo', 'kept')
    await device.result(number)
    await device.link.send({ type: 'ack', numbers: [[2, 1]] })
    await device.link.send({ type: 'subscribe', topic: '', intent: 0, from: 'now' })
    for (const _ of [1, 2]) await device.link.next('error')
    await device.call('publish', { topic, data: 1 })
    expect(device.offsets(topic)).toEqual([1])
    await device.resume({ producer: device.producerWith([number, number]) })
    expect(await device.result(number)).toMatchObject({ value: 'kept' })
  })

  test('[R48] leave ends the session at once', async () => {
    const device = await Device.connected({ transport })
    await device.link.send({ type: 'leave' })
    await device.link.goodbye()
    expect(await device.resume()).toMatchObject({ resumed: false })
  })
})

describe('a token that expires', () => {
  const expiring = (user: string, ms: number): string => JSON.stringify({ user, expiresInMs: ms })

  test('[R46] is asked for again over the live link at half its life, and replaced by the answer', async () => {
    const lives = transports.map(async (transport) => {
      const user = randomId()
      const { link } = await Device.connected({ transport, token: { user, expiresInMs: 1_000 } })
      const { withinMs } = await link.next('reauthenticate')
      expect(withinMs).toBeLessThanOrEqual(500)
      await link.send({ type: 'token', token: expiring(user, 2_000) })
      // Half of the new one's life later than the old one's end.
      await link.next('reauthenticate')
      return link.all('goodbye')
    })
    expect(await Promise.all(lives)).toEqual([[], [], []])
  })

  test('[R46] ends the link if no answer comes in time', async () => {
    const goodbyes = transports.map(async (transport) => {
      const { link } = await Device.connected({ transport, token: { user: 'ada', expiresInMs: 400 } })
      return link.goodbye()
    })
    for (const goodbye of await Promise.all(goodbyes)) {
      expect(goodbye).toMatchObject({ code: 'token_expired', retry: true })
    }
  })

  test('[R46] that is replaced by one of another subject, one refused, or one that cannot be checked, ends the link', async () => {
    const codes = new Map<string, object>([
      ['identity_changed', { user: 'eve' }],
      ['unauthenticated', { verdict: 'deny' }],
      ['authenticate_failed', { verdict: 'fail' }],
    ])
    const ends = Array.from(codes, async ([code, token]) => {
      const { link } = await Device.connected({ token: { user: 'ada', expiresInMs: 2_000 } })
      await link.next('reauthenticate')
      await link.send({ type: 'token', token: JSON.stringify(token) })
      expect(await link.goodbye()).toMatchObject({ code, retry: table.get(code)?.retry })
      expect(await link.ended).toBe(table.get(code)?.closeCode)
    })
    await Promise.all(ends)
  })

  test('[R46] a token that nobody asked for is ignored', async () => {
    const { link } = await Device.connected({ token: { user: 'ada' } })
    await link.send({ type: 'token', token: expiring('eve', 60_000) })
    await link.send({ type: 'token', token: 'nonsense' })
    await link.roundTrip()
    expect(link.all('goodbye')).toEqual([])
  })
})

describe('the error table', () => {
  test.each([
    ['reject', { reason: 'name_taken', message: 'Taken.', data: { name: 'Ada' } }, 'rejected'],
    ['fail', null, 'handler_failed'],
    ['no such method', null, 'method_unknown'],
  ])('a request %s fails with its code (chapter 7)', async (method, data, code) => {
    const device = await Device.connected()
    const { error } = await device.result(await device.request(method, data))
    expect(error).toMatchObject({ code, ...data })
    expect(table.has(code)).toBe(true)
  })
})

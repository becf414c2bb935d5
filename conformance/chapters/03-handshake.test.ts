import { describe, expect, test } from 'vitest'
import { Device, type Token } from '../wire/device.ts'
import { eventually } from '../wire/eventually.ts'
import type { Fields, Frame } from '../wire/frame.ts'
import { openGate } from '../wire/gates.ts'
import { transports } from '../wire/link.ts'
import { openLink } from '../wire/open-link.ts'
import { randomId } from '../wire/random-id.ts'

interface SessionRow {
  readonly id: string
  readonly user: string | null
  readonly live: boolean
}

describe.each(transports)('over %s', (transport) => {
  test('[R9] 16 pings are answered before hello, and no more', async () => {
    const device = await Device.opened({ transport })
    await device.link.sendAll(pings(16))
    await device.link.next('pong', { id: 16 })
    expect(device.link.all('pong')).toHaveLength(16)
    await device.greet()
    const greedy = await Device.opened({ transport })
    await greedy.link.sendAll(pings(17))
    expect(await greedy.link.goodbye()).toMatchObject({ code: 'hello_expected', retry: false })
  })

  test.each<[string, Fields]>([
    ['publish', { number: 1, topic: 'a', data: 1 }],
    ['pong', { id: 1 }],
    ['leave', {}],
  ])('[R9] a %s before hello ends the link', async (type, fields) => {
    const link = await openLink({ transport })
    await link.send({ type, ...fields })
    expect(await link.goodbye()).toMatchObject({ code: 'hello_expected', retry: false })
  })

  test('[R9] a client is silent between hello and welcome', async () => {
    const device = await Device.opened({ transport })
    await device.hello({ token: JSON.stringify({ user: 'a', gate: randomId() }) })
    await device.publish('a')
    expect(await device.link.goodbye()).toMatchObject({ code: 'hello_expected' })
  })

  test('[R10] the hub picks the highest version that both speak', async () => {
    const device = await Device.opened({ transport })
    expect(await device.greet({ versions: [99, 1, 98] })).toMatchObject({ version: 1 })
  })

  test('[R10] without a common version the link ends', async () => {
    const device = await Device.opened({ transport })
    await device.hello({ versions: [98, 99] })
    expect(await device.link.goodbye()).toMatchObject({ code: 'version_unsupported', retry: false })
  })

  test('[R11] who has read welcome can be reached over the link', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const reply = backstage.call('request-back', { session: device.session.id, method: 'name', data: 1 })
    const { number } = await device.link.next('request', { method: 'name' })
    await device.link.send({ type: 'result', number, value: 'Ada' })
    expect(await reply).toEqual({ value: 'Ada' })
  })

  test('[R12] a session is resumed by its id and key, or by its producer alone', async () => {
    const device = await Device.connected({ transport, token: { user: 'ada', tenant: 'acme' } })
    expect(device.welcome).toMatchObject({ resumed: false, subject: { user: 'ada', tenant: 'acme' } })
    const { session } = device
    expect(await device.resume()).toMatchObject({ resumed: true, session })
    await device.openAnother()
    await device.link.send(without('session', device.nextHello()))
    expect(await device.link.next('welcome')).toMatchObject({ resumed: true, session })
  })

  test('[R13] a link of a lower attempt is ended with superseded', async () => {
    const device = await Device.connected({ transport })
    const first = device.link
    await device.resume()
    expect(await first.goodbye()).toMatchObject({ code: 'superseded', retry: false })
    await device.link.roundTrip()
  })

  test.each([1, 2])('[R13] attempt %i is ended with superseded when 2 was seen', async (attempt) => {
    const device = await Device.connected({ transport, hello: { attempt: 2 } })
    const current = device.link
    const late = await device.openAnother()
    await device.hello({ attempt })
    expect(await late.goodbye()).toMatchObject({ code: 'superseded', retry: false })
    await current.roundTrip()
  })

  test('[R13] what a superseded link handed over runs on, and its result goes to the current link', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const gate = randomId()
    const number = await device.request('wait', { gate })
    await device.link.roundTrip()
    await device.resume({ producer: device.producerWith([number, number]) })
    await openGate(backstage, gate)
    expect(await device.result(number)).toMatchObject({ value: 'opened' })
  })

  test('[R15] a hello of more than 65,536 bytes is too large; what did not fit follows', async () => {
    const device = await Device.connected({ transport })
    const subscriptions = Array.from({ length: 1_000 }, (_, index) => ({
      topic: `${index} ${'x'.repeat(80)} ${randomId()}`,
      intent: index + 1,
      from: 'now',
    }))
    const half = subscriptions.length / 2
    for (const some of [subscriptions.slice(0, half), subscriptions.slice(half)]) {
      await device.link.sendAll(some.map((subscription) => ({ type: 'subscribe', ...subscription })))
    }
    await device.link.next('subscribed', { intent: 1_000 })
    const link = await device.openAnother()
    await device.hello({ subscriptions })
    // Over HTTP the request is refused, and the link survives [R51].
    if (transport === 'websocket') expect(await link.goodbye()).toMatchObject({ code: 'frame_too_large' })
    else await link.roundTrip()
    expect(link.all('welcome')).toEqual([])
  })
})

describe('a session', () => {
  const token: Token = { user: 'ada', tenant: 'acme' }
  const other = JSON.stringify

  test.each<[string, Fields]>([
    ['key', { session: { key: randomId() } }],
    ['id', { session: { id: randomId() } }],
    ['producer', { producer: { id: randomId(), highest: 0, open: [] } }],
    ['instance', { instance: randomId() }],
    ['user', { token: other({ user: 'eve', tenant: 'acme' }) }],
    ['tenant', { token: other({ user: 'ada', tenant: 'other' }) }],
    ['subject', { token: other({ user: 'ada' }) }],
  ])('[R12] is not resumed with another %s', async (_, fields) => {
    const device = await Device.connected({ token })
    const { session } = device
    const hello = device.nextHello()
    const claim = { ...session, ...(fields['session'] as Fields | undefined) }
    const link = await device.openAnother()
    await link.send({ ...hello, ...fields, session: claim })
    const welcome = await link.next('welcome')
    expect(welcome).toMatchObject({ resumed: false })
    expect(welcome['session']).not.toMatchObject({ id: session.id })
    expect(welcome['session']).not.toMatchObject({ key: session.key })
  })

  test('[R12] is not found by a session that is unknown, though the producer is known', async () => {
    const device = await Device.connected()
    const unknown = { id: randomId(), key: randomId() }
    expect(await device.resume({ session: unknown })).toMatchObject({ resumed: false })
  })

  test('[R11] is not made for a link that went away during authenticate', async () => {
    const backstage = await Device.connected()
    const gate = randomId()
    const user = randomId()
    const device = await Device.opened({ token: { user, gate } })
    await device.hello()
    await device.link.drop()
    // By then the hub has heard that the link is gone.
    for (const _ of [1, 2, 3]) await (await Device.connected()).call('echo', 1)
    await openGate(backstage, gate)
    await backstage.call('echo', 1)
    const sessions = (await backstage.call('sessions')) as SessionRow[]
    expect(sessions.filter((session) => session.user === user)).toEqual([])
  })

  test('[R14] rests without a link, and is resumed from there', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected()
    await device.link.drop()
    await eventually(async () => (await rowOf(backstage, device))?.live === false, 'the session rests')
    expect(await device.resume()).toMatchObject({ resumed: true })
  })

  test('[R14] that has rested for long ends: its handlers are aborted, the hub’s requests settle, its ledgers are gone', async () => {
    const backstage = await Device.connected({ hub: 'impatient' })
    const device = await Device.connected({ hub: 'impatient' })
    const { id } = device.session
    const gate = randomId()
    const number = await device.request('wait', { gate })
    const reply = backstage.call('request-back', { session: id, method: 'name', data: 1 })
    await device.link.next('request')
    await device.link.drop()
    expect(await reply).toEqual({ error: { code: 'session_ended', outcome: 'unknown' } })
    await eventually(async () => !(await rowOf(backstage, device)), 'the session ends')
    await eventually(
      async () => (await backstage.call('counted', { name: `wait ${gate}` })) === 1,
      'the handler is aborted',
    )
    await device.resume({ producer: device.producerWith([number, number]) })
    expect(device.welcome).toMatchObject({ resumed: false })
    expect(device.session.id).not.toBe(id)
  })
})

describe('what takes too long', () => {
  test('[R9] over each transport, a link without hello ends with hello_timeout', async () => {
    const goodbyes = transports.map(async (transport) => {
      const link = await openLink({ transport, hub: 'impatient' })
      const goodbye = await link.goodbye()
      expect(await link.ended).toBe(transport === 'websocket' ? 4_408 : null)
      return goodbye
    })
    for (const goodbye of await Promise.all(goodbyes)) {
      expect(goodbye).toMatchObject({ code: 'hello_timeout', retry: true })
    }
  })

  test('[R9] over each transport, one whose credentials are not checked in time ends with authenticate_failed', async () => {
    const goodbyes = transports.map(async (transport) => {
      const device = await Device.opened({ transport, hub: 'impatient', token: { verdict: 'hang' } })
      await device.hello()
      return device.link.goodbye()
    })
    for (const goodbye of await Promise.all(goodbyes)) {
      expect(goodbye).toMatchObject({ code: 'authenticate_failed', retry: true })
    }
  })
})

const pings = (count: number): Frame[] =>
  Array.from({ length: count }, (_, index) => ({ type: 'ping', id: index + 1 }))

async function rowOf(backstage: Device, { session }: Device): Promise<SessionRow | undefined> {
  const sessions = (await backstage.call('sessions')) as SessionRow[]
  return sessions.find(({ id }) => id === session.id)
}

function without<Whole extends Fields>(name: string, whole: Whole): Whole {
  return Object.fromEntries(Object.entries(whole).filter(([field]) => field !== name)) as Whole
}

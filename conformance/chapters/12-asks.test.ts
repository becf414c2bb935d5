import { describe, expect, test } from 'vitest'
import { Device, type DeviceOptions } from '../wire/device.ts'
import type { Fields, Frame } from '../wire/frame.ts'
import { transports } from '../wire/link.ts'
import { randomId } from '../wire/random-id.ts'

/** A device that takes part in asks. */
async function taking(
  user: string,
  options: DeviceOptions = {},
  known: readonly string[] = [],
): Promise<Device> {
  const device = await Device.connected({ token: { user }, ...options })
  await device.link.send({ type: 'asks', known })
  return device
}

/** Has the application ask; returns the ask's id. */
async function ask(backstage: Device, users: readonly string[], options: Fields = {}): Promise<string> {
  return String(await backstage.call('ask', { users, method: 'approve', data: { step: 1 }, ...options }))
}

const answer = (device: Device, id: string, data: unknown = 'yes'): Promise<number> =>
  device.operate('answer', { id, data })

const errorOf = (code: string): Fields => ({ error: { code } })

describe.each(transports)('over %s', (transport) => {
  const setting = async (): Promise<{ backstage: Device; user: string; device: Device }> => {
    const user = randomId()
    return { backstage: await Device.connected(), user, device: await taking(user, { transport }) }
  }

  test('[R62] an ask reaches every device of its users that takes part, and nobody else', async () => {
    const { backstage, user, device } = await setting()
    const other = randomId()
    const [colleague, silent, stranger, foreign, nobody] = await Promise.all([
      taking(other, { transport }),
      Device.connected({ transport, token: { user } }),
      taking(randomId(), { transport }),
      taking(user, { transport, token: { user, tenant: 'elsewhere' } }),
      Device.connected({ transport }),
    ])
    await nobody.link.send({ type: 'asks', known: [] })
    const id = await ask(backstage, [user, other])
    expect(await device.link.next('ask')).toEqual({ type: 'ask', id, method: 'approve', data: { step: 1 } })
    expect(await colleague.link.next('ask')).toMatchObject({ id })
    for (const { link } of [silent, stranger, foreign, nobody]) {
      await link.roundTrip()
      expect(link.all('ask')).toEqual([])
    }
    expect(await stranger.result(await answer(stranger, id))).toMatchObject(errorOf('ask_unknown'))
    expect(await nobody.result(await answer(nobody, id))).toMatchObject(errorOf('ask_unknown'))
  })

  test('[R62] who takes part by a tenant is asked in that tenant', async () => {
    const user = randomId()
    const backstage = await Device.connected()
    const device = await taking(user, { transport, token: { user, tenant: 'acme' } })
    const id = await ask(backstage, [user], { tenant: 'acme' })
    expect(await device.link.next('ask')).toMatchObject({ id })
  })

  test('[R63] the hub answers asks with the difference to what the client holds', async () => {
    const { backstage, user, device } = await setting()
    const [held, ended, fresh] = [
      await ask(backstage, [user]),
      await ask(backstage, [user]),
      await ask(backstage, [user]),
    ]
    await device.result(await answer(device, ended))
    const foreign = await ask(backstage, [randomId()])
    const unknown = randomId()
    await device.resume()
    await device.link.send({ type: 'asks', known: [held, ended, foreign, unknown] })
    await device.link.roundTrip()
    expect(device.link.all('ask').map(({ id }) => id)).toEqual([fresh])
    const concluded = new Map(device.link.all('concluded').map(({ id, status }) => [id, status]))
    expect(concluded).toEqual(
      new Map([
        [ended, 'answered'],
        [foreign, 'unknown'],
        [unknown, 'unknown'],
      ]),
    )
  })

  test('[R63] from then on the link gets each new ask and each conclusion', async () => {
    const { backstage, user, device } = await setting()
    const id = await ask(backstage, [user])
    await device.link.next('ask', { id })
    expect(await backstage.call('withdraw', { id })).toBe(true)
    expect(await device.link.next('concluded')).toEqual({ type: 'concluded', id, status: 'cancelled' })
  })

  test('[R64] timeoutMs is what is left of the deadline; without one there is none', async () => {
    const { backstage, user, device } = await setting()
    await ask(backstage, [user], { deadlineMs: 60_000 })
    expect((await device.link.next('ask'))['timeoutMs']).toBeLessThanOrEqual(60_000)
    await ask(backstage, [user])
    expect(await device.link.next('ask')).not.toHaveProperty('timeoutMs')
  })

  test('[R65, R67] the first answer is taken; the conclusion comes before the result that it decides', async () => {
    const { backstage, user, device } = await setting()
    const second = await taking(user, { transport })
    const id = await ask(backstage, [user])
    const first = await answer(device, id, { allow: 'once' })
    expect(await device.result(first)).toMatchObject({ value: null })
    const late = await answer(second, id, 'no')
    expect(await second.result(late)).toMatchObject(errorOf('already_answered'))
    for (const [{ link }, number] of [
      [device, first],
      [second, late],
    ] as const) {
      const concluded = link.frames.findIndex((frame) => frame.type === 'concluded')
      const result = link.frames.findIndex((frame) => frame.type === 'result' && frame['number'] === number)
      expect(link.frames[concluded]).toMatchObject({
        id,
        status: 'answered',
        by: { user, session: device.session.id },
      })
      expect(concluded).toBeGreaterThanOrEqual(0)
      expect(concluded).toBeLessThan(result)
    }
    expect(await backstage.call('concluded', { id })).toMatchObject({
      value: { value: { allow: 'once' }, user, session: device.session.id },
    })
  })

  test('[R65] answers of several devices at the same time: one is taken, the others are too late', async () => {
    const { backstage, user, device } = await setting()
    const devices = [device, await taking(user, { transport }), await taking(user, { transport })]
    const id = await ask(backstage, [user])
    const results = await Promise.all(
      devices.map(async (each, index) => each.result(await answer(each, id, index))),
    )
    const codes = results.map(({ error }) => (error as Fields | undefined)?.['code'] ?? 'taken')
    expect(codes.map(String).toSorted()).toEqual(['already_answered', 'already_answered', 'taken'])
  })

  test.each([
    ['deny', 'rejected'],
    ['fail', 'handler_failed'],
  ])('[R65] an answer on which the validator says %s is %s, and the ask goes on', async (verdict, code) => {
    const { backstage, user, device } = await setting()
    const id = await ask(backstage, [user])
    expect(await device.result(await answer(device, id, { verdict }))).toMatchObject(errorOf(code))
    expect(await device.result(await answer(device, id))).toMatchObject({ value: null })
  })

  test('[R65] an answer to an ask that is over says how it ended', async () => {
    const { backstage, user, device } = await setting()
    const withdrawn = await ask(backstage, [user])
    await backstage.call('withdraw', { id: withdrawn })
    expect(await device.result(await answer(device, withdrawn))).toMatchObject(errorOf('ask_cancelled'))
    const expired = await ask(backstage, [user], { deadlineMs: 30 })
    expect(await device.link.next('concluded', { id: expired })).toMatchObject({ status: 'expired' })
    expect(await device.result(await answer(device, expired))).toMatchObject(errorOf('ask_expired'))
    expect(await device.result(await answer(device, randomId()))).toMatchObject(errorOf('ask_unknown'))
    expect(await backstage.call('concluded', { id: expired })).toMatchObject(errorOf('ask_expired'))
  })

  test('[R65] while an answer of a session is judged, a further one is overloaded, and cancel takes it back', async () => {
    const { backstage, user, device } = await setting()
    const id = await ask(backstage, [user])
    const first = await answer(device, id, { verdict: 'hang' })
    expect(await device.result(await answer(device, id))).toMatchObject(errorOf('overloaded'))
    await device.link.send({ type: 'cancel', number: first })
    expect(await device.result(first)).toMatchObject(errorOf('cancelled'))
    expect(await device.result(await answer(device, id))).toMatchObject({ value: null })
  })

  test('[R66] the answer that concluded an ask gets the same result again, though the ledger was lost', async () => {
    const { backstage, user, device } = await setting()
    const id = await ask(backstage, [user])
    await device.result(await answer(device, id, { allow: 'once' }))
    await device.link.send({ type: 'leave' })
    await device.link.goodbye()
    expect(await device.resume()).toMatchObject({ resumed: false })
    expect(await device.result(await answer(device, id, { allow: 'once' }))).toMatchObject({ value: null })
    expect(await device.result(await answer(device, id, 'other'))).toMatchObject(errorOf('already_answered'))
  })

  test('[R68] who asks with the key of a pending ask shares it, and gets its answer once it is answered', async () => {
    const { backstage, user, device } = await setting()
    const key = randomId()
    const id = await ask(backstage, [user], { key, data: { a: 1, b: 2 } })
    expect(await ask(backstage, [user], { key, data: { b: 2, a: 1 } })).toBe(id)
    await device.result(await answer(device, id, 'once'))
    expect(await ask(backstage, [user], { key, data: { a: 1, b: 2 } })).toBe(id)
    expect(await backstage.call('concluded', { id })).toMatchObject({ value: { value: 'once' } })
    expect(device.link.all('ask')).toHaveLength(1)
  })

  test('[R68] an ask that was withdrawn frees its key; asked again it is the same question', async () => {
    const { backstage, user, device } = await setting()
    const key = randomId()
    const id = await ask(backstage, [user], { key })
    await backstage.call('withdraw', { id })
    expect(await ask(backstage, [user], { key })).toBe(id)
    await device.link.next('concluded', { id })
    expect(await device.result(await answer(device, id))).toMatchObject({ value: null })
    expect(device.link.all('ask').map((frame) => frame['id'])).toEqual([id, id])
  })
})

describe('keys', () => {
  test.each<[string, Fields]>([
    ['method', { method: 'choose' }],
    ['data', { data: { step: 2 } }],
  ])('[R68] another %s under the key is key_reused', async (_, other) => {
    const user = randomId()
    const backstage = await Device.connected()
    const key = randomId()
    const id = await ask(backstage, [user], { key })
    const reused = await ask(backstage, [user], { key, ...other })
    expect(await backstage.call('concluded', { id: reused })).toMatchObject(errorOf('key_reused'))
    const device = await taking(user)
    await device.link.roundTrip()
    expect(device.link.all('ask').map((frame: Frame) => frame['id'])).toEqual([id])
  })

  test('[R68] a key belongs to a tenant', async () => {
    const user = randomId()
    const backstage = await Device.connected()
    const key = randomId()
    const ids = [await ask(backstage, [user], { key }), await ask(backstage, [user], { key, tenant: 'acme' })]
    expect(new Set(ids).size).toBe(2)
  })
})

describe('a validator', () => {
  test('[R65] that takes too long is timeout, and the ask goes on', async () => {
    const user = randomId()
    const backstage = await Device.connected({ hub: 'impatient' })
    const device = await taking(user, { hub: 'impatient' })
    const id = await ask(backstage, [user])
    expect(await device.result(await answer(device, id, { verdict: 'hang' }))).toMatchObject(
      errorOf('timeout'),
    )
    expect(await device.result(await answer(device, id))).toMatchObject({ value: null })
  })

  test('[R65] that is still judging at the deadline does not save the answer', async () => {
    const user = randomId()
    const backstage = await Device.connected()
    const device = await taking(user)
    const id = await ask(backstage, [user], { deadlineMs: 200 })
    const number = await answer(device, id, { verdict: 'hang' })
    expect(await device.result(number)).toMatchObject(errorOf('ask_expired'))
    expect(await device.link.next('concluded')).toMatchObject({ id, status: 'expired' })
  })
})

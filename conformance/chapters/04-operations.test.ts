import { describe, expect, test } from 'vitest'
import { Device } from '../wire/device.ts'
import { eventually } from '../wire/eventually.ts'
import { openGate } from '../wire/gates.ts'
import { transports } from '../wire/link.ts'
import { randomId } from '../wire/random-id.ts'

const counted = (device: Device, name: string): Promise<unknown> => device.call('counted', { name })

describe.each(transports)('over %s', (transport) => {
  test('[R16] operations are started in the order of their numbers', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    const numbers: number[] = []
    for (let sent = 0; sent < 50; sent++) numbers.push(await device.publish(topic, sent))
    const results = await Promise.all(numbers.map((number) => device.result(number)))
    expect(results.map(({ value }) => (value as { offset: number }).offset)).toEqual(numbers)
  })

  test('[R16] the hub numbers what it asks for 1, 2, 3 …, and says so in welcome', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const back = { session: device.session.id, method: 'name', data: 1 }
    const replies = [1, 2, 3].map(() => backstage.call('request-back', back))
    for (const number of [1, 2, 3]) {
      expect(await device.link.next('request')).toMatchObject({ number })
      await device.link.send({ type: 'result', number, value: number })
    }
    expect(await Promise.all(replies)).toEqual([1, 2, 3].map((value) => ({ value })))
    expect(await device.resume({ received: 3 })).toMatchObject({ producer: { highest: 3, open: [] } })
  })

  test('[R18, R22] an operation whose link was cut is executed once, and its result is sent over the next link', async () => {
    const device = await Device.connected({ transport })
    const name = randomId()
    const number = await device.request('count', { name })
    await device.resume({ producer: device.producerWith([number, number]) })
    if (Number(device.welcome['received']) < number) {
      await device.link.send({ type: 'request', number, method: 'count', data: { name } })
    }
    expect(await device.result(number)).toMatchObject({ value: 1 })
    expect(await counted(device, name)).toBe(1)
  })

  test.each(['publish', 'request', 'answer', 'cancel'])(
    '[R19] a %s above the next number ends the link',
    async (type) => {
      const device = await Device.connected({ transport })
      await device.call('echo', 1)
      await device.link.send({ type, number: 3, topic: 'a', method: 'echo', id: 'a', data: 1 })
      expect(await device.link.goodbye()).toMatchObject({ code: 'number_skipped', retry: false })
    },
  )

  test('[R20] a number that comes again executes nothing: it gets its result, again and again', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const gate = randomId()
    const frame = { type: 'request', number: 1, method: 'wait', data: { gate } } as const
    await device.link.send(frame)
    await device.link.send(frame)
    await device.link.roundTrip()
    expect(device.link.all('result')).toEqual([])
    await openGate(backstage, gate)
    const first = await device.result(1)
    expect(first).toMatchObject({ value: 'opened' })
    await device.link.send(frame)
    expect(await device.result(1)).toEqual(first)
    expect(device.link.all('result')).toHaveLength(2)
  })

  test('[R20] a number with other content is number_reused, and the first one is unaffected', async () => {
    const device = await Device.connected({ transport })
    const name = randomId()
    const number = await device.request('count', { name })
    await device.result(number)
    await device.link.send({ type: 'request', number, method: 'count', data: { name, again: true } })
    expect(await device.link.next('error')).toMatchObject({ code: 'number_reused' })
    expect(await counted(device, name)).toBe(1)
  })

  test('[R20] a number that is no longer open is not answered and executes nothing', async () => {
    const device = await Device.connected({ transport })
    const name = randomId()
    await device.call('count', { name })
    await device.link.send({ type: 'request', number: 1, method: 'count', data: { name } })
    await device.link.send({ type: 'request', number: 1, method: 'count', data: { name, again: true } })
    expect(await counted(device, name)).toBe(1)
    expect(device.link.all('error')).toEqual([])
    expect(device.link.all('result').filter(({ number }) => number === 1)).toHaveLength(1)
  })

  test('[R21] ack releases a result: it is not sent again', async () => {
    const device = await Device.connected({ transport })
    for (const data of ['a', 'b', 'c']) await device.result(await device.request('echo', data))
    await device.ack(1, 3)
    await device.resume({ producer: device.producerWith([1, 3]) })
    expect(await device.result(2)).toMatchObject({ value: 'b' })
    await device.link.roundTrip()
    expect(device.link.all('result')).toHaveLength(1)
  })

  test('[R21] hello releases the results of all numbers that are not open', async () => {
    const device = await Device.connected({ transport })
    for (const data of ['a', 'b', 'c']) await device.result(await device.request('echo', data))
    await device.resume({ producer: device.producerWith([2, 2]) })
    expect(await device.result(2)).toMatchObject({ value: 'b' })
    await device.link.send({ type: 'request', number: 1, method: 'echo', data: 'a' })
    await device.link.roundTrip()
    expect(device.link.all('result')).toHaveLength(1)
  })

  test('[R22] welcome says what was received, and every finished result that is open is sent again', async () => {
    const device = await Device.connected({ transport })
    for (const data of ['a', 'b']) await device.result(await device.request('echo', data))
    await device.resume({ producer: device.producerWith([1, 2]) })
    expect(device.welcome).toMatchObject({ resumed: true, received: 2 })
    expect([await device.result(1), await device.result(2)]).toMatchObject([{ value: 'a' }, { value: 'b' }])
  })

  test('[R22] the hub sends again what is above the client’s received, in order', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const back = { session: device.session.id, method: 'name', data: 1 }
    const replies = [1, 2, 3].map(() => backstage.call('request-back', back))
    await device.link.next('request', { number: 3 })
    await device.resume({ received: 1 })
    expect(device.welcome).toMatchObject({ producer: { highest: 3, open: [[1, 3]] } })
    await device.link.next('request', { number: 3 })
    expect(device.link.all('request').map(({ number }) => number)).toEqual([2, 3])
    for (const number of [1, 2, 3]) await device.link.send({ type: 'result', number, value: number })
    expect(await Promise.all(replies)).toEqual([1, 2, 3].map((value) => ({ value })))
    await device.link.next('ack')
  })

  test('[R24] cancel aborts a running handler, which still produces the result', async () => {
    const device = await Device.connected({ transport })
    const number = await device.request('wait', { gate: randomId() })
    await device.link.send({ type: 'cancel', number })
    expect(await device.result(number)).toMatchObject({ value: 'aborted' })
  })

  test('[R24] cancel uses up a number that is not yet started', async () => {
    const device = await Device.connected({ transport })
    const name = randomId()
    await device.link.send({ type: 'cancel', number: 1 })
    expect(await device.result(1)).toMatchObject({ error: { code: 'cancelled' } })
    const second = { type: 'request', number: 2, method: 'counted', data: { name } } as const
    await device.link.send({ type: 'request', number: 1, method: 'count', data: { name } })
    await device.link.send(second)
    expect(await device.result(2)).toMatchObject({ value: 0 })
  })

  test('[R24] cancel does nothing to a number that is finished', async () => {
    const device = await Device.connected({ transport })
    const number = await device.request('echo', 1)
    await device.result(number)
    await device.link.send({ type: 'cancel', number })
    await device.link.roundTrip()
    expect(device.link.all('result')).toHaveLength(1)
    expect(device.link.all('error')).toEqual([])
  })

  test('[R25] when timeoutMs has passed the handler is aborted, and the result is timeout', async () => {
    const device = await Device.connected({ transport })
    const gate = randomId()
    const number = await device.request('wait', { gate }, { timeoutMs: 50 })
    expect(await device.result(number)).toMatchObject({ error: { code: 'timeout' } })
    await eventually(async () => (await counted(device, `wait ${gate}`)) === 1, 'the handler is aborted')
  })

  test('[R25] timeoutMs counts from the first receipt, whatever becomes of the link', async () => {
    const device = await Device.connected({ transport })
    const number = await device.request('wait', { gate: randomId() }, { timeoutMs: 100 })
    await device.link.roundTrip()
    await device.resume({ producer: device.producerWith([number, number]) })
    expect(await device.result(number)).toMatchObject({ error: { code: 'timeout' } })
  })

  test('[R26] a result is written after the messages that were accepted before it', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.subscribed(topic)
    for (let round = 1; round <= 5; round++) {
      await device.call('publish', { topic, data: 'x'.repeat(10_000), times: 10 })
      expect(device.offsets(topic)).toHaveLength(11 * round - 1)
      const own = await device.publish(topic, 'own')
      await device.result(own)
      expect(device.offsets(topic)).toHaveLength(11 * round)
    }
  })
})

describe('how much a session may have open', () => {
  test('[R17] one more open operation than there may be ends the link', async () => {
    const device = await Device.connected()
    const { maxOpenOperations } = device.welcome['limits'] as { maxOpenOperations: number }
    expect(maxOpenOperations).toBeLessThanOrEqual(1_024)
    // What is acknowledged does not count.
    await device.call('echo', 1)
    const gate = randomId()
    for (let open = 0; open < maxOpenOperations; open++) void device.request('wait', { gate })
    await device.link.roundTrip()
    expect(device.link.all('goodbye')).toEqual([])
    await device.request('wait', { gate })
    expect(await device.link.goodbye()).toMatchObject({ code: 'too_many_open', retry: false })
  })

  test('[R27] results beyond 4,194,304 characters are dropped, those of the lowest numbers first', async () => {
    const device = await Device.connected()
    const data = 'x'.repeat(200_000)
    const numbers = Array.from({ length: 22 }, (_, index) => index + 1)
    for (const _ of numbers) await device.result(await device.request('echo', data))
    await device.resume({ producer: device.producerWith([1, 22]) })
    const results = await Promise.all(numbers.map((number) => device.result(number)))
    const dropped = results.filter(({ error }) => error !== undefined)
    expect(dropped.map(({ number }) => number)).toEqual([1, 2])
    expect(dropped.map(({ error }) => error)).toMatchObject(dropped.map(() => ({ code: 'result_dropped' })))
    expect(results.slice(2).every(({ value }) => value === data)).toBe(true)
  })
})

describe('a ledger that is lost', () => {
  test('[R23] leaves every number up to producer.highest used up', async () => {
    const device = await Device.connected()
    const name = randomId()
    await device.call('count', { name })
    await device.request('wait', { gate: randomId() })
    await device.link.roundTrip()
    await device.link.send({ type: 'leave' })
    await device.link.goodbye()
    await device.resume({ producer: { id: device.producer, highest: 5, open: [[2, 5]] } })
    expect(device.welcome).toMatchObject({ resumed: false, received: 5 })
    for (const number of [1, 3, 5]) {
      await device.link.send({ type: 'request', number, method: 'count', data: { name } })
    }
    await device.link.send({ type: 'request', number: 6, method: 'counted', data: { name } })
    expect(await device.result(6)).toMatchObject({ value: 1 })
    expect(device.link.all('result')).toHaveLength(1)
  })
})

import { describe, expect, test } from 'vitest'
import { delivered } from '../wire/delivery.ts'
import { Device } from '../wire/device.ts'
import { eventually } from '../wire/eventually.ts'
import type { Fields } from '../wire/frame.ts'
import { openGate } from '../wire/gates.ts'
import type { HttpLink } from '../wire/http-link.ts'
import { transports } from '../wire/link.ts'
import { randomId } from '../wire/random-id.ts'

interface Position {
  readonly epoch: string
  readonly offset: number
}

/** More than the server keeps. */
const many = 1_000

/** A topic with so many messages, and where it stands. */
async function topicWith(backstage: Device, times: number): Promise<{ topic: string; head: Position }> {
  const topic = randomId()
  const { epoch, offset } = (await backstage.call('publish', { topic, data: 'old', times })) as Position
  return { topic, head: { epoch, offset } }
}

const firstOffset = async ({ link }: Device, topic: string): Promise<unknown> =>
  (await link.next('message', { topic }))['offset']

const rights = (backstage: Device, topic: string, verdict: string): Promise<unknown> =>
  backstage.call('rights', { topic, verdict })

const publish = (backstage: Device, topic: string, data: unknown = 1): Promise<unknown> =>
  backstage.call('publish', { topic, data })

describe.each(transports)('over %s', (transport) => {
  test('[R29] a later subscribe replaces the earlier one', async () => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, 3)
    await device.subscribed(topic, 'now')
    expect(await device.subscribed(topic, { ...head, offset: 1 })).toMatchObject({ intent: 2 })
    await device.link.next('message', { offset: 3 })
    expect(delivered(device.link.frames, topic, 2).offsets).toEqual([2, 3])
  })

  test('[R29] a subscribe whose intent is not higher is ignored', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.link.send({ type: 'subscribe', topic, intent: 5, from: 'now' })
    await device.link.next('subscribed')
    for (const intent of [5, 4]) {
      await device.link.send({ type: 'subscribe', topic, intent, from: 'start' })
    }
    await publish(device, topic)
    await device.link.roundTrip()
    expect(device.link.all('subscribed').map(({ intent }) => intent)).toEqual([5])
    expect(device.offsets(topic)).toEqual([1])
  })

  test('[R29] unsubscribe ends the subscription whose intent it names, and no other', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.subscribed(topic)
    const { intent } = await device.subscribed(topic)
    await device.link.send({ type: 'unsubscribe', topic, intent: Number(intent) - 1 })
    await publish(device, topic)
    expect(device.offsets(topic)).toEqual([1])
    await device.link.send({ type: 'unsubscribe', topic, intent })
    await publish(device, topic)
    await device.link.roundTrip()
    expect(device.offsets(topic)).toEqual([1])
  })

  test('[R30] subscribed comes before the first message of its intent', async () => {
    const device = await Device.connected({ transport })
    const { topic } = await topicWith(device, 5)
    for (const _ of [1, 2, 3, 4]) await device.subscribe(topic, 'start')
    await device.link.next('subscribed', { intent: 4 })
    await publish(device, topic)
    const ofTopic = device.link.frames.filter((frame) => frame['topic'] === topic)
    expect(ofTopic[0]).toMatchObject({ type: 'subscribed' })
    // An offset that came before its intent's subscribed is missing after it.
    for (const { intent } of device.link.all('subscribed')) {
      expect(() => delivered(device.link.frames, topic, Number(intent))).not.toThrow()
    }
    expect(delivered(device.link.frames, topic, 4).offsets).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('[R31] every message after the position comes, ascending by one, over one link and the next', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    const intent = Number((await device.subscribed(topic))['intent'])
    for (let round = 0; round < 5; round++) {
      await device.call('publish', { topic, data: 'x'.repeat(5_000), times: 10 })
    }
    const { offsets, position } = delivered(device.link.frames, topic, intent)
    expect(offsets).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    const backstage = await Device.connected()
    await device.link.drop()
    await publish(backstage, topic)
    await device.resume({ subscriptions: [{ topic, intent: intent + 1, from: position }] })
    expect(await device.link.next('subscribed')).toMatchObject({ intent: intent + 1, position })
    expect(await firstOffset(device, topic)).toBe(51)
  })

  test('[R32] from says where delivery begins', async () => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, 10)
    const starts: readonly (readonly [from: unknown, offset: number])[] = [
      ['now', 10],
      ['start', 0],
      [{ last: 3 }, 7],
      [{ last: 0 }, 10],
      [{ last: 1_000 }, 0],
      [{ ...head, offset: 4 }, 4],
      [head, 10],
    ]
    for (const [from, offset] of starts) {
      const subscribed = await device.subscribed(topic, from)
      expect(subscribed).toMatchObject({ position: { epoch: head.epoch, offset } })
      expect(subscribed).not.toHaveProperty('gap')
      if (offset < head.offset) await device.link.next('message', { topic, offset: head.offset })
      // A barrier, for what must not come.
      await publish(device, randomId())
      const { offsets } = delivered(device.link.frames, topic, Number(subscribed['intent']))
      expect(offsets).toEqual(Array.from({ length: 10 - offset }, (_, index) => offset + index + 1))
    }
  })

  test('[R32] the beginning that is no longer kept is a gap after null', async () => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, many)
    const subscribed = await device.subscribed(topic, 'start')
    const { offset } = subscribed['position'] as Position
    expect(offset).toBeGreaterThan(0)
    expect(subscribed['gap']).toEqual({
      after: null,
      next: { epoch: head.epoch, offset: offset + 1 },
      lost: offset,
      reason: 'pruned',
    })
    await device.link.next('message', { offset: many })
    expect(delivered(device.link.frames, topic, 1).offsets[0]).toBe(offset + 1)
  })

  test('[R33] a position that is older than what is kept gets a gap with the number of messages lost', async () => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, many)
    const asked = { ...head, offset: 10 }
    const subscribed = await device.subscribed(topic, asked)
    const { offset } = subscribed['position'] as Position
    expect(subscribed['gap']).toEqual({
      after: asked,
      next: { epoch: head.epoch, offset: offset + 1 },
      lost: offset - 10,
      reason: 'pruned',
    })
    await device.link.next('message', { offset: many })
    expect(delivered(device.link.frames, topic, 1).offsets[0]).toBe(offset + 1)
  })

  test.each<[string, Partial<Position>]>([
    ['of another epoch', { epoch: 'elsewhere.0' }],
    ['ahead of the head', { offset: 11 }],
  ])('[R33] a position %s gets a gap of reason epoch', async (_, other) => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, 10)
    const asked = { ...head, ...other }
    const subscribed = await device.subscribed(topic, asked)
    const { epoch, offset } = subscribed['position'] as Position
    expect(subscribed['gap']).toEqual({
      after: asked,
      next: { epoch, offset: offset + 1 },
      lost: null,
      reason: 'epoch',
    })
  })

  test('[R35] an epoch never names two contents: whoever reads again reads the same', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    const epochs = new Set<string>()
    for (const data of ['a', 'b', 'c'])
      epochs.add(((await device.call('publish', { topic, data })) as Position).epoch)
    for (const _ of [1, 2]) {
      const { position } = await device.subscribed(topic, 'start')
      epochs.add((position as Position).epoch)
      await device.link.next('message', { topic, offset: 3 })
      expect(device.link.all('message').map(({ data }) => data)).toEqual(['a', 'b', 'c'])
      await device.resume()
    }
    expect(epochs.size).toBe(1)
  })

  test('[R36] authorize is asked for every subscribe and every publish', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await rights(device, topic, 'deny')
    await device.subscribe(topic)
    expect(await device.link.next('unsubscribed')).toMatchObject({
      topic,
      error: { code: 'forbidden', retry: false },
    })
    expect(await device.result(await device.publish(topic))).toMatchObject({ error: { code: 'forbidden' } })
    await rights(device, topic, 'allow')
    await device.subscribed(topic, 'start')
    expect(await device.result(await device.publish(topic))).toMatchObject({ value: { offset: 1 } })
  })

  test('[R36] authorize is asked again on every link', async () => {
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.subscribed(topic)
    await rights(device, topic, 'deny')
    await publish(device, topic)
    await firstOffset(device, topic)
    await device.resume({ subscriptions: [{ topic, intent: 2, from: 'start' }] })
    expect(await device.link.next('unsubscribed')).toMatchObject({ intent: 2, error: { code: 'forbidden' } })
    expect(device.offsets(topic)).toEqual([])
  })

  test.each([
    ['deny', { code: 'revoked', retry: false }],
    ['fail', { code: 'authorize_failed', retry: true }],
  ])('[R36] a running subscription ends when a revoke finds: %s', async (verdict, error) => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const topic = randomId()
    const { intent } = await device.subscribed(topic)
    await rights(backstage, topic, verdict)
    await backstage.call('revoke', { topic })
    expect(await device.link.next('unsubscribed')).toMatchObject({ topic, intent, error })
    await publish(backstage, topic)
    await device.link.roundTrip()
    expect(device.offsets(topic)).toEqual([])
  })

  test('[R36] while a running subscription is asked for, nothing is delivered', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const topic = randomId()
    await device.subscribed(topic)
    await rights(backstage, topic, 'hang')
    await backstage.call('revoke', { topic })
    await publish(backstage, topic)
    await device.link.roundTrip()
    expect(device.offsets(topic)).toEqual([])
    await openGate(backstage, `rights ${topic}`)
    expect(await firstOffset(device, topic)).toBe(1)
  })

  test('[R36] what was asked before a revoke is asked again before anything follows from it', async () => {
    const backstage = await Device.connected()
    const device = await Device.connected({ transport })
    const topic = randomId()
    await rights(backstage, topic, 'hang')
    await device.subscribe(topic)
    const number = await device.publish(topic)
    await device.link.roundTrip()
    await rights(backstage, topic, 'deny')
    await backstage.call('revoke', { topic })
    await eventually(
      async () => (await backstage.call('open', { gate: `rights ${topic}` })) === 2,
      'both questions are allowed',
    )
    expect(await device.link.next('unsubscribed')).toMatchObject({ error: { code: 'forbidden' } })
    expect(await device.result(number)).toMatchObject({ error: { code: 'forbidden' } })
  })

  test('[R37] a refusal with retry means: come back, from the same position', async () => {
    const device = await Device.connected({ transport })
    const { topic, head } = await topicWith(device, 2)
    await rights(device, topic, 'fail')
    await device.subscribe(topic, head)
    const { error } = await device.link.next('unsubscribed')
    expect(error).toMatchObject({ code: 'authorize_failed', retry: true })
    expect(Number((error as Fields)['retryAfterMs'])).toBeGreaterThan(0)
    await rights(device, topic, 'allow')
    await publish(device, topic)
    await device.subscribed(topic, head)
    expect(await firstOffset(device, topic)).toBe(3)
  })
})

describe('a reader that falls behind', () => {
  test('[R34] what is kept gets a gap of reason slow, and then what follows it', async () => {
    const backstage = await Device.connected()
    const device = await Device.opened({ transport: 'poll', polls: false })
    const link = device.link as HttpLink
    const topic = randomId()
    await device.hello({ subscriptions: [{ topic, intent: 1, from: 'now' }] })
    while (link.all('subscribed').length === 0) await link.poll()
    for (let published = 0; published < many; published += 100) {
      await backstage.call('publish', { topic, data: 'x'.repeat(2_000), times: 100 })
    }
    await eventually(async () => {
      await link.poll()
      return device.offsets(topic).at(-1) === many
    }, 'the last message comes')
    const { gaps } = delivered(link.frames, topic, 1)
    expect(gaps.length).toBeGreaterThan(0)
    for (const { reason, after, next, lost } of gaps) {
      expect(reason).toBe('slow')
      expect(lost).toBe((next as Position).offset - (after as Position).offset - 1)
    }
  })
})

describe('an authorize that takes too long', () => {
  test('[R37] is authorize_failed, with retry', async () => {
    const device = await Device.connected({ hub: 'impatient' })
    const topic = randomId()
    await rights(device, topic, 'hang')
    await device.subscribe(topic)
    expect(await device.link.next('unsubscribed')).toMatchObject({
      error: { code: 'authorize_failed', retry: true },
    })
  })
})

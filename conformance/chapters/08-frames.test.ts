import { describe, expect, test } from 'vitest'
import { Device } from '../wire/device.ts'
import { faultIn } from '../wire/frame-shapes.ts'
import { randomId } from '../wire/random-id.ts'

const ranges = (count: number): [number, number][] =>
  Array.from({ length: count }, (_, index) => [2 * index + 1, 2 * index + 1])

describe('lists', () => {
  test.each([
    ['versions', { versions: Array.from({ length: 17 }, (_, index) => index + 1) }],
    ['open, of too many ranges', { producer: { id: randomId(), highest: 9_999, open: ranges(1_025) } }],
    [
      'open, out of order',
      {
        producer: {
          id: randomId(),
          highest: 9,
          open: [
            [5, 6],
            [1, 2],
          ],
        },
      },
    ],
    [
      'open, that overlap',
      {
        producer: {
          id: randomId(),
          highest: 9,
          open: [
            [1, 5],
            [5, 6],
          ],
        },
      },
    ],
    ['open, that are no pairs', { producer: { id: randomId(), highest: 9, open: [[1]] } }],
  ])('[R3] that are not what they should be end the greeting: %s', async (_, fields) => {
    const device = await Device.opened()
    await device.hello(fields)
    expect(await device.link.goodbye()).toMatchObject({ code: 'frame_invalid' })
  })

  test('[R3] as long as they may be are taken', async () => {
    const device = await Device.opened()
    const versions = Array.from({ length: 16 }, (_, index) => index + 1)
    await device.greet({ versions, producer: { id: device.producer, highest: 9_999, open: ranges(1_024) } })
    await device.link.send({ type: 'ack', numbers: ranges(1_024) })
    await device.link.send({ type: 'asks', known: Array.from({ length: 1_000 }, randomId) })
    await device.link.roundTrip()
    expect(device.link.all('error')).toEqual([])
  })

  test('[R3] that are too long are an error after welcome', async () => {
    const { link } = await Device.connected()
    await link.send({ type: 'ack', numbers: ranges(1_025) })
    await link.send({ type: 'asks', known: Array.from({ length: 1_001 }, randomId) })
    for (const _ of [1, 2]) expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
  })
})

describe('frames of the hub', () => {
  test('a message says who published what, and when (chapter 8)', async () => {
    const device = await Device.connected({ token: { user: 'ada' } })
    const topic = randomId()
    await device.subscribed(topic)
    const { value } = await device.result(await device.publish(topic, { text: 'hi' }))
    expect(value).toEqual({ epoch: expect.any(String), offset: 1, duplicate: false })
    const { time, ...message } = await device.link.next('message')
    expect(message).toEqual({ type: 'message', topic, offset: 1, user: 'ada', data: { text: 'hi' } })
    expect(Number(time)).toBeGreaterThan(1_600_000_000_000)
  })

  test('data comes as it was sent (chapter 8)', async () => {
    const device = await Device.connected()
    const all = [null, true, 0, -1.5, '', '\u0000 é 😀', [], {}, { a: [{ b: null }] }]
    expect(await device.call('echo', all)).toEqual(all)
  })

  test.each([
    { type: 'pong', id: -1 },
    { type: 'welcome' },
    { type: 'result', number: 1 },
    { type: 'result', number: 1, value: null, error: { code: 'a', message: 'b' } },
    { type: 'subscribed', topic: 'a', intent: 1, position: { epoch: 'no epoch', offset: 0 } },
    {
      type: 'ack',
      numbers: [
        [1, 5],
        [5, 6],
      ],
    },
  ])('the suite itself takes no frame for sound that is not: %j (chapter 8)', (frame) => {
    expect(faultIn(frame)).not.toBeNull()
  })
})

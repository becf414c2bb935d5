import { once } from 'node:events'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../client-node/index.ts'
import { errorTable } from '../core/wire/error-table.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import { malformedFrame, type ExpectedAnswer, type MalformedFrame } from '../testing/malformed-frames.ts'
import { Owner } from '../testing/owner.ts'
import { helloFrame, RawLink, type RawFrame } from '../testing/raw-link.ts'
import { startHub, type RealHub } from '../testing/real-hub.ts'
import { until } from '../testing/until.ts'
import { upgradeByHand } from '../testing/upgrade-by-hand.ts'

const seed = 20_261_120
const frames = 4_000
const framesPerLink = 50

const owner = new Owner()
let real: RealHub
/** A client that does nothing wrong, and must not notice what the others do. */
let healthy: { readonly offsets: number[]; readonly troubles: unknown[] }

beforeEach(async () => {
  real = owner.own(await startHub())
  const client = owner.own(connect(real.url))
  const offsets: number[] = []
  const troubles: unknown[] = []
  client.on('error', (error) => troubles.push(error))
  const trouble = (event: unknown): void => void troubles.push(event)
  const message = ({ offset }: { offset: number }): void => void offsets.push(offset)
  await client.subscribe('healthy', {}, { message, gap: trouble, error: trouble }).ready
  client.on('state', trouble)
  healthy = { offsets, troubles }
})

afterEach(() => owner.closeAll())

async function expectHealthy(published: number): Promise<void> {
  await until(() => healthy.offsets.length >= published, 'the healthy client has everything')
  expect(healthy.offsets).toEqual(Array.from({ length: published }, (_, index) => index + 1))
  expect(healthy.troubles).toEqual([])
  await until(() => real.hub.stats().links === 1, 'only the healthy link is left')
  expect(real.hub.stats().orphans).toBe(0)
}

const asAnswer = ({ type, number, topic, intent, code, error }: RawFrame): RawFrame =>
  JSON.parse(
    JSON.stringify({ type, number, topic, intent, code: (error as RawFrame | undefined)?.['code'] ?? code }),
  ) as RawFrame

/** Sends malformed frames on one link, then a ping; returns what came before its pong. */
async function answersTo(
  malformed: readonly MalformedFrame[],
): Promise<{ got: RawFrame[]; expected: ExpectedAnswer[] }> {
  const link = owner.own(await RawLink.welcomed(real.url))
  const expected: ExpectedAnswer[] = []
  let number = 1
  for (const frame of malformed) {
    link.send(frame.text(number))
    const answer = frame.answer(number)
    if (answer) expected.push(answer)
    if (frame.usesNumber) number++
  }
  link.send({ type: 'ping', id: 4_711 })
  await link.next('pong')
  const got = link.frames.filter(({ type }) => type !== 'welcome' && type !== 'pong').map(asAnswer)
  await link.close()
  return { got, expected }
}

describe('a malformed frame on a welcomed link', () => {
  it(`[R2, R3, R4] is answered with the error the protocol names, and the link survives: ${frames} generated ones`, async () => {
    const generated = fc.sample(malformedFrame, { seed, numRuns: frames })
    for (let start = 0; start < frames; start += framesPerLink) {
      const { got, expected } = await answersTo(generated.slice(start, start + framesPerLink))
      expect(got).toEqual(expected)
      void real.hub.publish('healthy', start)
    }
    await expectHealthy(frames / framesPerLink)
  })

  it('[R1] binary is answered with frame_invalid, and the link survives', async () => {
    const link = owner.own(await RawLink.welcomed(real.url))
    link.socket.send(Buffer.from('{"type":"ping","id":1}'))
    expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
    link.send({ type: 'ping', id: 1 })
    await link.next('pong')
  })

  it('[R9] a second hello is answered with frame_invalid, and the link survives', async () => {
    const link = owner.own(await RawLink.welcomed(real.url))
    link.send(helloFrame())
    expect(await link.next('error')).toMatchObject({ code: 'frame_invalid' })
    link.send({ type: 'ping', id: 1 })
    await link.next('pong')
    expect(real.hub.stats().sessions.live).toBe(2)
  })

  it('[R6] a topic name is 1 to 255 bytes of UTF-8: the longest ones pass', async () => {
    const link = owner.own(await RawLink.welcomed(real.url))
    const names = ['x', 'x'.repeat(255), 'é'.repeat(127), '😀'.repeat(63), ' ', 'a/b:c*#?%', '__proto__']
    for (const [index, topic] of names.entries()) {
      link.send({ type: 'subscribe', topic, intent: index + 1, from: 'now' })
      expect(await link.next('subscribed')).toMatchObject({ topic, intent: index + 1 })
      link.send({ type: 'publish', number: index + 1, topic, data: index })
      expect(await link.next('message')).toMatchObject({ topic, offset: 1, data: index })
    }
  })
})

describe('a frame that ends the link', () => {
  /** How the hub ends a link that sends this after its welcome, or as its first frame. */
  async function ending(
    frame: RawFrame | string,
    welcomed: boolean,
  ): Promise<RawFrame & { closeCode: number }> {
    const link = owner.own(welcomed ? await RawLink.welcomed(real.url) : await RawLink.open(real.url))
    link.send(frame)
    const goodbye = await link.next('goodbye')
    return { ...goodbye, closeCode: await link.closed }
  }

  async function expectEnding(code: ErrorCode, frame: RawFrame | string, welcomed = false): Promise<void> {
    const { retry, closeCode } = errorTable[code]
    expect(await ending(frame, welcomed)).toMatchObject({ code, retry, closeCode })
  }

  afterEach(() => expectHealthy(0))

  it('[R2] is a critical one of unknown type', async () => {
    await expectEnding('frame_unknown', { type: 'teleport', critical: true }, true)
    await expectEnding('frame_unknown', { type: 'teleport', critical: true })
  })

  it('[R17, R19] is one that breaks the numbering', async () => {
    await expectEnding('number_skipped', { type: 'publish', number: 2, topic: 'a', data: 1 }, true)
    await expectEnding('number_skipped', { type: 'cancel', number: 9 }, true)
    real.hub.onRequest('hang', () => new Promise(() => {}))
    const link = owner.own(await RawLink.welcomed(real.url))
    for (let number = 1; number <= 1_025; number++)
      link.send({ type: 'request', number, method: 'hang', data: 1 })
    expect(await link.next('goodbye')).toMatchObject({ code: 'too_many_open', retry: false })
  })

  it('[R9] is a first one that is neither hello nor ping, whatever it is', async () => {
    const sound = [
      { type: 'pong', id: 1 },
      { type: 'subscribe', topic: 'a', intent: 1, from: 'now' },
      { type: 'publish', number: 1, topic: 'a', data: 1 },
      { type: 'leave' },
    ]
    for (const frame of sound) await expectEnding('hello_expected', frame)
  })

  it('[R3] is a malformed first one: 300 generated ones', async () => {
    const generated = fc.sample(malformedFrame, { seed: seed + 1, numRuns: 300 })
    for (const frame of generated) {
      if (frame.answer(1)) await expectEnding('frame_invalid', frame.text(1))
    }
  })

  it('[R1, R3] is a binary first one', async () => {
    const link = owner.own(await RawLink.open(real.url))
    link.socket.send(Buffer.from(JSON.stringify(helloFrame())))
    expect(await link.next('goodbye')).toMatchObject({ code: 'frame_invalid', retry: false })
    expect(await link.closed).toBe(4400)
  })

  it('[R3, R5, R15] is a hello that is not sound', async () => {
    const producer = { id: 'p'.repeat(22), highest: 0, open: [] }
    const unsound: RawFrame[] = [
      { versions: 1 },
      { versions: Array.from({ length: 17 }, () => 1) },
      { token: 5 },
      { instance: '' },
      { instance: 'with space' },
      { attempt: 0 },
      { session: { id: 'a' } },
      { session: { id: 'a', key: '' } },
      { producer: { ...producer, id: 'p'.repeat(21) } },
      { producer: { ...producer, highest: -1 } },
      { producer: { ...producer, open: [[2, 1]] } },
      { received: -1 },
      { subscriptions: [{ topic: '', intent: 1, from: 'now' }] },
      { subscriptions: {} },
    ]
    for (const fields of unsound) await expectEnding('frame_invalid', helloFrame(fields))
  })

  it('[R10] is a hello without a version that the hub speaks', async () => {
    await expectEnding('version_unsupported', helloFrame({ versions: [2, 3] }))
    await expectEnding('version_unsupported', helloFrame({ versions: [] }))
    await (await RawLink.welcomed(real.url, { versions: [7, 1] })).close()
  })

  it('[R1, R15] is a hello of more than 65,536 bytes', async () => {
    const fill = (bytes: number): string => {
      const text = JSON.stringify(helloFrame({ token: '' }))
      return text.replace('"token":""', `"token":"${'t'.repeat(bytes - text.length)}"`)
    }
    await expectEnding('frame_too_large', fill(65_537))
    const link = owner.own(await RawLink.open(real.url))
    link.send(fill(65_536))
    await link.next('welcome')
    await link.close()
  })

  it('[R1] is one larger than maxFrameBytes; one of exactly that size passes', async () => {
    const link = owner.own(await RawLink.welcomed(real.url))
    const publish = (number: number, bytes: number): string => {
      const text = JSON.stringify({ type: 'publish', number, topic: 'a', data: '' })
      return text.replace('""', `"${'x'.repeat(bytes - text.length)}"`)
    }
    link.send(publish(1, 262_144))
    expect(await link.next('result')).toMatchObject({ number: 1, value: { offset: 1 } })
    link.send(publish(2, 262_145))
    expect(await link.closed).toBe(1009)
  })
})

describe('bytes that are no WebSocket frames', () => {
  /** Upgrades by hand and then sends the bytes. */
  async function sendAfterUpgrade(bytes: Uint8Array, reset: boolean): Promise<void> {
    const socket = upgradeByHand(real.port)
    await once(socket, 'data')
    socket.write(bytes)
    const closed = once(socket, 'close')
    socket.resume()
    if (reset) socket.resetAndDestroy()
    else socket.end()
    await closed
  }

  it('end only the link that they came over: 500 generated ones, every other one followed by a reset', async () => {
    const generated = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 300 }), { seed, numRuns: 500 })
    for (const [index, bytes] of generated.entries()) {
      await sendAfterUpgrade(bytes, index % 2 === 0)
      if (index % 10 === 0) void real.hub.publish('healthy', index)
    }
    await expectHealthy(50)
  })
})

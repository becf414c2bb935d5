import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Link } from './link.ts'

/** A link to a server that says whatever the test makes it say. */
class LinkByHand extends Link {
  readonly sent: string[] = []

  constructor() {
    super({})
  }

  sendText(text: string): Promise<void> {
    this.sent.push(text)
    return Promise.resolve()
  }

  drop(): Promise<void> {
    this.end(null)
    return Promise.resolve()
  }

  comes(...frames: readonly unknown[]): void {
    for (const frame of frames) this.take(JSON.stringify(frame))
  }
}

const pong = (id: number): object => ({ type: 'pong', id })

describe('a server that says what is no frame', () => {
  test.each([null, 5, 'welcome', [], {}, { type: null }])(
    '%j is told of, and nothing throws',
    async (said) => {
      const link = new LinkByHand()
      const awaited = link.next('pong')
      expect(() => link.comes(said)).not.toThrow()
      const fault = `no object with a type came: ${JSON.stringify(said)}`
      await expect(awaited).rejects.toThrow(fault)
      await expect(link.next('pong')).rejects.toThrow(fault)
      expect(() => link.assertSound()).toThrow(fault)
    },
  )

  test.each([
    ['pong.id', { type: 'pong', id: -1 }],
    ['ack.numbers', { type: 'ack', numbers: null }],
    ['ack.numbers', { type: 'ack', numbers: [null] }],
    ['ack.numbers', { type: 'ack', numbers: [[1, 2, 3]] }],
    [
      'ack.numbers',
      {
        type: 'ack',
        numbers: [
          [1, 3],
          [3, 4],
        ],
      },
    ],
    ['subscribed.position', { type: 'subscribed', topic: 'a', intent: 1, position: null }],
  ])('%s of %j is told of', (field, said) => {
    const link = new LinkByHand()
    expect(() => link.comes(said)).not.toThrow()
    expect(() => link.assertSound()).toThrow(`${field} is not what chapter 8 says`)
  })

  test.each(['news', 'constructor', '__proto__'])('a frame of the unknown type %s is no fault', (type) => {
    const link = new LinkByHand()
    link.comes({ type })
    expect(() => link.assertSound()).not.toThrow()
  })
})

describe('a frame that is awaited', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('comes to whoever waits for it, one frame to each', async () => {
    const link = new LinkByHand()
    const [first, third, second] = [link.next('pong'), link.next('pong', { id: 3 }), link.next('pong')]
    link.comes(pong(1), pong(2), pong(3))
    expect(await Promise.all([first, second, third])).toEqual([pong(1), pong(2), pong(3)])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is left to the next who asks if nobody waits any more', async () => {
    const link = new LinkByHand()
    const tooLate = link.next('pong')
    vi.runAllTimers()
    await expect(tooLate).rejects.toThrow('no pong came within 8000 ms')
    link.comes(pong(1))
    expect(await link.next('pong')).toEqual(pong(1))
  })

  test('is given up when the link ends, and nothing goes on waiting', async () => {
    const link = new LinkByHand()
    const awaited = link.next('pong')
    await link.drop()
    await expect(awaited).rejects.toThrow('before the link ended')
    expect(vi.getTimerCount()).toBe(0)
  })
})

import { describe, expect, test } from 'vitest'
import { Outbox, type OutboxItem } from './outbox.ts'

interface Item extends OutboxItem {
  readonly name: string
}

const newItem = (name: string, length = 1): Item => ({
  name,
  length,
  number: null,
  encode: (number) => `${name}#${number}`,
})

const roomy = { maxWaiting: 1_000, maxWaitingLength: 1_000_000, maxOpen: 1_024 }
const newOutbox = (limits: Partial<typeof roomy> = {}): Outbox<Item> =>
  new Outbox<Item>({ ...roomy, ...limits })

function added(outbox: Outbox<Item>, ...names: string[]): Item[] {
  const items = names.map((name) => newItem(name))
  for (const item of items) expect(outbox.add(item)).toBe(true)
  return items
}

/** Hands over all that may go; returns the frames. */
function handedOver(outbox: Outbox<Item>): string[] {
  const frames: string[] = []
  for (;;) {
    const item = outbox.handOver()
    if (!item) return frames
    frames.push(item.encode(item.number ?? 0))
  }
}

describe('handing over', () => {
  test('[R16] gives numbers from 1 in the order of adding, when the operation goes and not before', () => {
    const outbox = newOutbox()
    const [a, b] = added(outbox, 'a', 'b')
    expect([a?.number, outbox.summary().highest]).toEqual([null, 0])
    expect(outbox.handOver()).toBe(a)
    expect([a?.number, b?.number, outbox.waitingCount, outbox.pendingCount]).toEqual([1, null, 1, 2])
    expect(handedOver(outbox)).toEqual(['b#2'])
    expect(outbox.handOver()).toBeNull()
  })

  test('[R17] stops at the bound, and goes on when a result came and was acknowledged', () => {
    const outbox = newOutbox({ maxOpen: 2 })
    added(outbox, 'a', 'b', 'c')
    expect(handedOver(outbox)).toEqual(['a#1', 'b#2'])
    outbox.settle(1, 1)
    expect(handedOver(outbox), 'the other side still counts it as open').toEqual([])
    expect(outbox.takeAcknowledgement(), 'at once, because it holds up what waits').toEqual([[1, 1]])
    expect(handedOver(outbox)).toEqual(['c#3'])
  })

  test('[R17] follows the limit that the hub tells', () => {
    const outbox = newOutbox({ maxOpen: 1 })
    added(outbox, 'a', 'b')
    expect(handedOver(outbox)).toEqual(['a#1'])
    outbox.limits.maxOpen = 2
    expect(handedOver(outbox)).toEqual(['b#2'])
  })
})

describe('results', () => {
  test('settle an operation once', () => {
    const outbox = newOutbox()
    const [a] = added(outbox, 'a')
    handedOver(outbox)
    expect(outbox.settle(1, 1)).toBe(a)
    expect(outbox.settle(1, 1)).toBeNull()
    expect(outbox.settle(2, 1)).toBeNull()
    expect(outbox.pendingCount).toBe(0)
  })

  test('are acknowledged together: when nothing is open any more, or when 32 have come', () => {
    const outbox = newOutbox()
    added(outbox, ...Array.from({ length: 40 }, (_, index) => `${index}`))
    handedOver(outbox)
    for (let number = 1; number <= 31; number++) outbox.settle(number, 1)
    expect(outbox.takeAcknowledgement()).toBeNull()
    outbox.settle(32, 1)
    expect(outbox.takeAcknowledgement()).toEqual([[1, 32]])
    for (let number = 33; number <= 39; number++) outbox.settle(number, 1)
    expect(outbox.takeAcknowledgement()).toBeNull()
    outbox.settle(40, 1)
    expect(outbox.takeAcknowledgement()).toEqual([[33, 40]])
    expect(outbox.takeAcknowledgement()).toBeNull()
  })

  test('are acknowledged at once when they are large, each number once and in order', () => {
    const outbox = newOutbox()
    added(outbox, 'a', 'b', 'c', 'd')
    handedOver(outbox)
    for (const number of [3, 1, 1]) outbox.settle(number, 1)
    expect(outbox.takeAcknowledgement()).toBeNull()
    outbox.settle(4, 16_384)
    const numbers = JSON.parse('[[1,1],[3,4]]') as unknown
    expect(outbox.takeAcknowledgement()).toEqual(numbers)
  })

  test('[R21] that came on an earlier link are acknowledged all the same: they may have come after its summary', () => {
    const outbox = newOutbox()
    added(outbox, 'a', 'b')
    handedOver(outbox)
    outbox.settle(1, 1)
    outbox.resend(2)
    outbox.settle(2, 1)
    expect(outbox.takeAcknowledgement()).toEqual([[1, 2]])
  })

  test('[R21] the summary names the numbers whose result has not come', () => {
    const outbox = newOutbox()
    expect(outbox.summary()).toEqual({ highest: 0, open: [] })
    added(outbox, 'a', 'b', 'c', 'd', 'e')
    outbox.handOver()
    expect(outbox.summary()).toEqual({ highest: 1, open: [[1, 1]] })
    handedOver(outbox)
    outbox.settle(3, 1)
    const open = JSON.parse('[[1,2],[4,5]]') as unknown
    expect(outbox.summary()).toEqual({ highest: 5, open })
  })
})

describe('cancelling', () => {
  test('an operation without a number takes it out: it was never sent', () => {
    const outbox = newOutbox()
    const [a, b, c] = added(outbox, 'a', 'b', 'c')
    expect(b && outbox.cancel(b)).toBe('not_sent')
    expect(handedOver(outbox)).toEqual(['a#1', 'c#2'])
    expect([a?.number, b?.number, c?.number]).toEqual([1, null, 2])
  })

  test('[R24] a handed operation leaves it open until its result comes', () => {
    const outbox = newOutbox()
    const [a] = added(outbox, 'a')
    handedOver(outbox)
    expect(a && outbox.cancel(a)).toBe('handed')
    expect(outbox.pendingCount).toBe(1)
    expect(outbox.settle(1, 1)).toBe(a)
    expect(a && outbox.cancel(a)).toBe('settled')
  })

  test('what was cleared or lost is settled', () => {
    const outbox = newOutbox()
    const [a, b] = added(outbox, 'a', 'b')
    outbox.handOver()
    outbox.clear()
    expect([a && outbox.cancel(a), b && outbox.cancel(b)]).toEqual(['settled', 'settled'])
  })

  test('frees its place among those that wait', () => {
    const outbox = newOutbox({ maxWaiting: 1, maxWaitingLength: 1 })
    const [a] = added(outbox, 'a')
    expect(outbox.add(newItem('b'))).toBe(false)
    expect(a && outbox.cancel(a)).toBe('not_sent')
    expect(a && outbox.cancel(a)).toBe('settled')
    added(outbox, 'b')
  })
})

describe('after a resume', () => {
  test('[R22] what the other side has not received is sent again, the same frames in order', () => {
    const outbox = newOutbox()
    added(outbox, 'a', 'b', 'c', 'd')
    handedOver(outbox)
    outbox.settle(1, 1)
    expect([...outbox.resend(2)]).toEqual(['c#3', 'd#4'])
    expect([...outbox.resend(0)]).toEqual(['b#2', 'c#3', 'd#4'])
    expect([...outbox.resend(4)]).toEqual([])
  })

  test('S22 [R24] a cancelled operation leaves no hole: its cancel takes the place of its frame', () => {
    const outbox = newOutbox()
    const [, b] = added(outbox, 'a', 'b', 'c')
    handedOver(outbox)
    if (b) outbox.cancel(b)
    expect([...outbox.resend(1)]).toEqual(['{"type":"cancel","number":2}', 'c#3'])
    expect([...outbox.resend(3)]).toEqual(['{"type":"cancel","number":2}'])
  })
})

describe('S22 the ledger was lost', () => {
  test('[R23] what had a number is lost, in order; what had none goes on with the next number', () => {
    const outbox = newOutbox({ maxOpen: 2 })
    const [a, b] = added(outbox, 'a', 'b', 'c')
    handedOver(outbox)
    expect(outbox.loseOpen()).toEqual([a, b])
    expect(outbox.summary()).toEqual({ highest: 2, open: [] })
    expect([...outbox.resend(0)]).toEqual([])
    expect(handedOver(outbox)).toEqual(['c#3'])
    expect(outbox.settle(1, 1)).toBeNull()
  })

  test('[R23] what is put back gets a new number, before all that wait', () => {
    const outbox = newOutbox({ maxOpen: 2 })
    const [a, b] = added(outbox, 'a', 'b', 'c')
    handedOver(outbox)
    outbox.loseOpen()
    outbox.requeue([a, b].filter((item) => item !== undefined))
    expect(outbox.waitingCount).toBe(3)
    expect(handedOver(outbox)).toEqual(['a#3', 'b#4'])
  })

  test('[R23] what is put back may have been executed, even if it is given up before it goes again', () => {
    const outbox = newOutbox({ maxOpen: 2 })
    const [a, b] = added(outbox, 'a', 'b', 'c')
    handedOver(outbox)
    outbox.loseOpen()
    outbox.requeue([a, b].filter((item) => item !== undefined))
    expect(a && outbox.cancel(a)).toBe('unknown')
    expect(outbox.clear().map(({ name, number }) => [name, number])).toEqual([
      ['b', 2],
      ['c', null],
    ])
  })

  test('what is put back is never refused, but counts for those that come later', () => {
    const outbox = newOutbox({ maxWaitingLength: 1, maxOpen: 1 })
    const [a] = added(outbox, 'a')
    handedOver(outbox)
    added(outbox, 'b')
    outbox.loseOpen()
    if (a) outbox.requeue([a])
    expect(outbox.waitingCount).toBe(2)
    expect(outbox.add(newItem('c'))).toBe(false)
    expect(handedOver(outbox)).toEqual(['a#2'])
    expect(outbox.add(newItem('c'))).toBe(false)
  })
})

describe('the session ended and the hub told what it had started', () => {
  test('[R43] what it had not started gives its number back and goes again, before all that wait', () => {
    const outbox = newOutbox({ maxOpen: 3 })
    const [, b, c] = added(outbox, 'a', 'b', 'c', 'd')
    handedOver(outbox)
    expect(outbox.takeBack(1)).toEqual([b, c])
    expect([b?.number, outbox.waitingCount]).toEqual([null, 3])
    expect(outbox.summary()).toEqual({ highest: 1, open: [[1, 1]] })
    expect(handedOver(outbox)).toEqual(['b#2', 'c#3'])
  })

  test('[R43] what was cancelled meanwhile does not go again', () => {
    const outbox = newOutbox()
    const [, b, c] = added(outbox, 'a', 'b', 'c')
    handedOver(outbox)
    if (b) outbox.cancel(b)
    expect(outbox.takeBack(1)).toEqual([c])
    expect(b && outbox.cancel(b)).toBe('settled')
    expect(c && outbox.cancel(c)).toBe('not_sent')
  })

  test('[R43] what goes again because of an earlier loss may have been executed then, also if taken back now', () => {
    const outbox = newOutbox()
    const [a] = added(outbox, 'a')
    handedOver(outbox)
    outbox.requeue(outbox.loseOpen())
    expect(handedOver(outbox)).toEqual(['a#2'])
    expect(outbox.takeBack(1)).toEqual([a])
    expect(a && outbox.cancel(a)).toBe('unknown')
  })

  test('[R43] a number beyond all that were given takes nothing back', () => {
    const outbox = newOutbox()
    added(outbox, 'a')
    handedOver(outbox)
    expect(outbox.takeBack(9)).toEqual([])
    expect(outbox.summary()).toEqual({ highest: 1, open: [[1, 1]] })
  })
})

describe('S24 the outbox is full', () => {
  test('by count: the next is refused at once and nothing that waits is dropped', () => {
    const outbox = newOutbox({ maxWaiting: 2 })
    added(outbox, 'a', 'b')
    expect(outbox.add(newItem('c'))).toBe(false)
    expect(outbox.waitingCount).toBe(2)
    expect(handedOver(outbox)).toEqual(['a#1', 'b#2'])
    added(outbox, 'c')
    expect(handedOver(outbox)).toEqual(['c#3'])
  })

  test('by length: small ones still fit, and what left gives its room back', () => {
    const outbox = newOutbox({ maxWaitingLength: 10 })
    expect(outbox.add(newItem('a', 8))).toBe(true)
    expect(outbox.add(newItem('b', 3))).toBe(false)
    expect(outbox.add(newItem('c', 2))).toBe(true)
    expect(outbox.add(newItem('d', 1))).toBe(false)
    expect(handedOver(outbox)).toEqual(['a#1', 'c#2'])
    expect(outbox.add(newItem('e', 10))).toBe(true)
    expect(outbox.add(newItem('f', 11))).toBe(false)
  })

  test('the window does not count: what has a number has left the queue', () => {
    const outbox = newOutbox({ maxWaiting: 1 })
    for (const name of ['a', 'b', 'c']) {
      added(outbox, name)
      handedOver(outbox)
    }
    expect(outbox.pendingCount).toBe(3)
  })
})

test('clearing returns everything in order and leaves an empty outbox whose numbers go on', () => {
  const outbox = newOutbox({ maxOpen: 2, maxWaitingLength: 3 })
  const items = added(outbox, 'a', 'b', 'c')
  handedOver(outbox)
  expect(outbox.clear()).toEqual(items)
  expect([outbox.waitingCount, outbox.pendingCount]).toEqual([0, 0])
  expect(outbox.summary()).toEqual({ highest: 2, open: [] })
  added(outbox, 'd', 'e', 'f')
  expect(handedOver(outbox)).toEqual(['d#3', 'e#4'])
})

import { describe, expect, test } from 'vitest'
import { ProbedLedger } from '../../testing/probed-ledger.ts'
import type { Arrival } from './ledger.ts'
import { Outbox, type OutboxItem } from './outbox.ts'
import { errorResult } from './result-frame.ts'

const newOutbox = (maxWaiting = 1_000): Outbox<OutboxItem> =>
  new Outbox({ maxWaiting, maxWaitingLength: Infinity, maxOpen: 1_024 })
const newLedger = (highest = 0): ProbedLedger => new ProbedLedger({ maxResultLength: 1_000 }, highest)

/** Its frame is its number and its name. */
const newItem = (name: string): OutboxItem => ({
  number: null,
  length: name.length,
  encode: (number) => `${number} ${name}`,
})

function add(outbox: Outbox<OutboxItem>, name: string): OutboxItem {
  const item = newItem(name)
  expect(outbox.add(item)).toBe(true)
  return item
}

function handOverAll(outbox: Outbox<OutboxItem>): string[] {
  const frames: string[] = []
  for (let item = outbox.handOver(); item; item = outbox.handOver())
    frames.push(item.encode(item.number ?? 0))
  return frames
}

/** What a hub does with a frame that arrived. */
function arrive(ledger: ProbedLedger, frame: string): Arrival | 'started' {
  const cancelled = frame.startsWith('{') ? (JSON.parse(frame) as { readonly number: number }).number : null
  return cancelled === null ? ledger.arrive(Number.parseInt(frame, 10), frame) : ledger.cancel(cancelled)
}

/** The producer gets the result and acknowledges what has gathered. */
function deliver(outbox: Outbox<OutboxItem>, ledger: ProbedLedger, number: number): OutboxItem | null {
  const item = outbox.settle(number, 1)
  ledger.acknowledge(outbox.takeAcknowledgement() ?? [])
  return item
}

describe('S22 from the outbox to the ledger', () => {
  test('S22 [R24] a cancelled operation leaves no hole that blocks the next', () => {
    const [outbox, ledger] = [newOutbox(), newLedger()]
    const first = add(outbox, 'first')
    const second = add(outbox, 'second')
    const third = add(outbox, 'third')
    expect(outbox.cancel(first)).toBe('not_sent')
    handOverAll(outbox) // and all of it is lost on the way
    expect(outbox.cancel(second)).toBe('handed')
    expect(Array.from(outbox.resend(ledger.highest), (frame) => arrive(ledger, frame))).toEqual([
      'taken',
      'started',
    ])
    expect(ledger.runningCount).toBe(1)
    expect(ledger.kept()).toEqual([errorResult(1, 'cancelled', 'Cancelled before it started.')])
    expect(deliver(outbox, ledger, 1)).toBe(second)
    ledger.settle(2, '2 done')
    expect(deliver(outbox, ledger, 2)).toBe(third)
    expect([outbox.pendingCount, ledger.resultLength, ledger.runningCount]).toEqual([0, 0, 0])
  })

  test('S22 [R20] a stuck POST that arrives after its retry was acknowledged executes nothing', () => {
    const [outbox, ledger] = [newOutbox(), newLedger()]
    const item = add(outbox, 'first')
    const [stuck = ''] = handOverAll(outbox)
    for (const frame of outbox.resend(ledger.highest)) expect(arrive(ledger, frame)).toBe('started')
    ledger.settle(1, '1 done')
    expect(deliver(outbox, ledger, 1)).toBe(item)
    expect(arrive(ledger, stuck)).toBe('taken')
    expect([ledger.resultLength, ledger.runningCount]).toEqual([0, 0])
  })

  test('S22 [R23] the ledger was lost: what was handed over is not executed again, the rest is', () => {
    const outbox = newOutbox()
    const lost = add(outbox, 'lost')
    const [stuck = ''] = handOverAll(outbox)
    arrive(newLedger(), stuck)
    add(outbox, 'later')

    const ledger = newLedger(outbox.summary().highest)
    expect(outbox.loseOpen()).toEqual([lost])
    expect(arrive(ledger, stuck)).toBe('taken')
    expect(handOverAll(outbox)).toEqual(['2 later'])
    expect(arrive(ledger, '2 later')).toBe('started')
  })
})

/** Results gather until there are this many, so many may be open at the executing side beside the slow one. */
const acknowledgedTogether = 32

test('S23 a long-running request: 100,000 others are acknowledged meanwhile, and nothing of them is kept', () => {
  const outbox = newOutbox()
  const ledger = new ProbedLedger({ maxOpen: 1 + acknowledgedTogether })
  const slow = add(outbox, 'slow')
  for (const frame of handOverAll(outbox)) arrive(ledger, frame)
  for (let number = 2; number <= 100_001; number++) {
    if (!outbox.add(newItem('quick'))) expect.fail(`${number} found the outbox full`)
    for (const frame of handOverAll(outbox)) expect(arrive(ledger, frame)).toBe('started')
    ledger.settle(number, `${number} done`)
    deliver(outbox, ledger, number)
    if (outbox.pendingCount > 1) expect.fail(`${number} is still open`)
  }
  expect(outbox.summary()).toEqual({ highest: 100_001, open: [[1, 1]] })
  ledger.settle(1, '1 done')
  expect(ledger.kept()[0]).toBe('1 done')
  expect(deliver(outbox, ledger, 1)).toBe(slow)
  expect([outbox.pendingCount, ledger.resultLength, ledger.runningCount]).toEqual([0, 0, 0])
})

test('S24 the outbox is full: the next is refused at once, and what waits is started in order', () => {
  const [outbox, ledger] = [newOutbox(2), newLedger()]
  add(outbox, 'first')
  add(outbox, 'second')
  expect(outbox.add(newItem('third'))).toBe(false)
  const frames = handOverAll(outbox)
  expect(frames).toEqual(['1 first', '2 second'])
  expect(frames.map((frame) => arrive(ledger, frame))).toEqual(['started', 'started'])
})

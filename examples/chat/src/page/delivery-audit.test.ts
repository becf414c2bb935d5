import type { Gap, Message } from 'holdfast/client'
import { expect, test } from 'vitest'
import { DeliveryAudit } from './delivery-audit.ts'

const topic = 'room:lobby'

const message = (offset: number, epoch = 'a'): Message => {
  return { type: 'message', topic, epoch, offset, time: 0, user: null, data: null }
}

const gap = (after: number, next: number, epoch = 'a', reason: Gap['reason'] = 'pruned'): Gap => {
  return {
    type: 'gap',
    topic,
    after: { epoch: 'a', offset: after },
    next: { epoch, offset: next },
    lost: null,
    reason,
  }
}

function auditOf(...events: readonly (Message | Gap)[]): DeliveryAudit {
  const audit = new DeliveryAudit()
  audit.started({ epoch: 'a', offset: 10 })
  for (const event of events) {
    if (event.type === 'gap') audit.gap(event)
    else audit.delivered(event)
  }
  return audit
}

test('offsets in a row are all there', () => {
  const audit = auditOf(message(11), message(12), message(13))
  expect([audit.received, audit.repeated, audit.lost, audit.gaps]).toEqual([3, 0, 0, 0])
})

test('a hole that nobody mentions counts as lost', () => {
  expect(auditOf(message(11), message(15)).lost).toBe(3)
})

test('a hole that a gap covers does not, and only as far as it covers', () => {
  expect(auditOf(message(11), gap(11, 15), message(15)).lost).toBe(0)
  expect(auditOf(message(11), gap(11, 15), message(17)).lost).toBe(2)
})

test('the first message after the start may be missing too', () => {
  expect(auditOf(message(12)).lost).toBe(1)
})

test('what the server has published and nobody delivered counts as lost', () => {
  const audit = auditOf(message(11))
  audit.published({ epoch: 'a', offset: 13 })
  expect(audit.lost).toBe(2)
})

test('an offset that comes again counts as repeated, and what is late is no longer lost', () => {
  const audit = auditOf(message(11), message(13), message(12), message(12))
  expect([audit.repeated, audit.lost]).toEqual([1, 0])
})

test('a new life of the topic starts new books, and forgets no loss of the old ones', () => {
  const audit = auditOf(message(12), gap(12, 1, 'b', 'epoch'), message(1, 'b'), message(3, 'b'))
  expect([audit.gaps, audit.lost]).toEqual([1, 2])
})

test('a new life that no gap announces has lost what came before in it', () => {
  expect(auditOf(message(11), message(4, 'b')).lost).toBe(3)
})

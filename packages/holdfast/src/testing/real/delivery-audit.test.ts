import { describe, expect, it } from 'vitest'
import type { Gap, Message } from '../../client/subscription.ts'
import { DeliveryAudit } from './delivery-audit.ts'

const message = (epoch: string, offset: number): Message => ({
  type: 'message',
  topic: 'news',
  epoch,
  offset,
  time: 0,
  user: null,
  data: null,
})
const gap = (epoch: string, offset: number): Gap => ({
  type: 'gap',
  topic: 'news',
  after: null,
  next: { epoch, offset },
  lost: null,
  reason: 'pruned',
})

function auditOf(...events: (Message | Gap)[]): DeliveryAudit {
  const audit = new DeliveryAudit('news')
  for (const event of events) audit.told(event)
  return audit
}

describe('an audit of a delivery', () => {
  it('finds nothing where offsets ascend by one, or a gap says why not', () => {
    const audit = auditOf(message('a', 4), message('a', 5), gap('a', 9), message('a', 9), gap('b', 1))
    audit.told(message('b', 1))
    audit.endedAt({ epoch: 'b', offset: 1 })
    expect(audit).toMatchObject({ messages: 4, lost: 0, repeated: 0, gaps: { pruned: 2 } })
  })

  it('counts what was left out', () => {
    expect(auditOf(message('a', 4), message('a', 7)).lost).toBe(2)
    expect(auditOf(message('a', 4), gap('a', 9), message('a', 10)).lost).toBe(1)
  })

  it('counts what came again', () => {
    expect(auditOf(message('a', 4), message('a', 4)).repeated).toBe(1)
  })

  it('counts another life of the topic that nothing told of', () => {
    expect(auditOf(message('a', 4), message('b', 1)).lost).toBe(1)
  })

  it('counts what had not come by the end', () => {
    const audit = auditOf(message('a', 4))
    audit.endedAt({ epoch: 'a', offset: 6 })
    expect(audit.lost).toBe(2)
    const nothing = auditOf()
    nothing.endedAt({ epoch: 'a', offset: 6 })
    expect(nothing.lost).toBe(1)
  })
})

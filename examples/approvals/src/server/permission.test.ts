import { HoldfastError, type Answer, type AskOptions, type AskTarget, type PendingAsk } from 'holdfast/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ApprovalAnswer } from '../contract/approval.ts'
import type { RunState, StepState } from '../contract/run-state.ts'
import { Permission } from './permission.ts'

const step: StepState = {
  number: 1,
  kind: 'delete',
  title: 'Delete src/coupon.ts',
  why: 'Nothing imports it.',
  dependsOn: [],
  status: 'asking',
  diff: [],
  proposedAt: 0,
  escalatedTo: null,
  decision: null,
  reason: null,
}
const run: RunState = { id: '7', startedBy: 'Ben', startedAt: 0, status: 'running', steps: [step] }
const never = new AbortController().signal
const patience = { escalateMs: 20_000, deadlineMs: 120_000 }

beforeEach(() => vi.useFakeTimers({ now: 0 }))
afterEach(() => vi.useRealTimers())

/** A hub that notes what it is told, and answers when the test says so. */
class NotingHub {
  readonly asked: { to: AskTarget; method: string; payload: unknown; options: AskOptions }[] = []
  readonly escalated: unknown[] = []
  answer: (answer: ApprovalAnswer) => void = () => {}
  fail: (error: Error) => void = () => {}

  ask<Value>(to: AskTarget, method: string, payload: unknown, options: AskOptions = {}): PendingAsk<Value> {
    this.asked.push({ to, method, payload, options })
    const promise = new Promise<Answer<Value>>((resolve, reject) => {
      this.answer = (value) => resolve({ value: value as Value, user: 'Ana', session: 's', time: 1 })
      this.fail = reject
    })
    return Object.assign(promise, { id: 'q' })
  }

  async escalate(id: string, to: unknown): Promise<void> {
    this.escalated.push([id, to])
  }
}

function request(hub: NotingHub, asked: StepState = step, interruption: AbortSignal = never) {
  const escalations: string[] = []
  const decision = new Permission(hub, patience).request({
    run,
    step: asked,
    withdrawal: never,
    interruption,
    escalating: async (to) => void escalations.push(to),
  })
  return { decision, escalations }
}

test('asked again after a restart it is the same question: same key, same payload', async () => {
  const hub = new NotingHub()
  void request(hub)
  vi.setSystemTime(60_000)
  void request(hub)
  const [first, again] = hub.asked
  expect(first?.options.key).toBe('run:7:step:1')
  expect(again?.options.key).toBe(first?.options.key)
  expect(JSON.stringify(again?.payload)).toBe(JSON.stringify(first?.payload))
})

test.each<[ApprovalAnswer, object]>([
  [{ decision: 'once' }, { allowed: true, scope: 'once' }],
  [{ decision: 'run' }, { allowed: true, scope: 'run' }],
  [
    { decision: 'deny', reason: ' No. ' },
    { allowed: false, reason: 'No.' },
  ],
])('%o decides', async (answer, decided) => {
  const hub = new NotingHub()
  const { decision } = request(hub)
  hub.answer(answer)
  expect(await decision).toEqual({ by: 'person', user: 'Ana', session: 's', ...decided })
})

test('the lead is asked too when the operator has not answered in time', async () => {
  const hub = new NotingHub()
  const { escalations } = request(hub)
  expect(hub.asked[0]?.to).toEqual({ user: 'Ana' })
  await vi.advanceTimersByTimeAsync(19_999)
  expect(escalations).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(escalations).toEqual(['Ben'])
  expect(hub.escalated).toEqual([['q', { user: 'Ben' }]])
})

test('a restart does not begin the waiting anew, nor forgets that the lead was asked', async () => {
  vi.setSystemTime(15_000)
  const hub = new NotingHub()
  const { escalations } = request(hub)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(escalations).toEqual(['Ben'])
  const later = request(hub, { ...step, escalatedTo: 'Ben' })
  expect(hub.asked[1]?.to).toEqual({ users: ['Ana', 'Ben'] })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(later.escalations).toEqual([])
})

test('once answered, nobody else is asked', async () => {
  const hub = new NotingHub()
  const { decision, escalations } = request(hub)
  hub.answer({ decision: 'once' })
  await decision
  await vi.advanceTimersByTimeAsync(60_000)
  expect(escalations).toEqual([])
})

test('interrupted, nobody waits any longer, the lead is not asked, and the question is not withdrawn', async () => {
  const hub = new NotingHub()
  const interruption = new AbortController()
  const { decision, escalations } = request(hub, step, interruption.signal)
  interruption.abort(new Error('the server closes'))
  await expect(decision).rejects.toThrow('the server closes')
  hub.fail(new HoldfastError('closed'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(escalations).toEqual([])
  expect(hub.asked[0]?.options.signal?.aborted).toBe(false)
  await expect(request(hub, step, interruption.signal).decision).rejects.toThrow('the server closes')
  expect(hub.asked).toHaveLength(1)
})

test('answered at the moment when the lead is to be asked, nothing goes wrong', async () => {
  const hub = new NotingHub()
  hub.escalate = () => Promise.reject(new HoldfastError('ask_unknown'))
  const { decision } = request(hub)
  await vi.advanceTimersByTimeAsync(20_000)
  hub.answer({ decision: 'once' })
  expect(await decision).toMatchObject({ allowed: true })
})

test('no answer until the deadline is a denial; that the hub closes is none', async () => {
  const hub = new NotingHub()
  const expired = request(hub)
  hub.fail(new HoldfastError('ask_expired'))
  expect(await expired.decision).toEqual({ allowed: false, by: 'deadline' })
  const closed = request(hub)
  hub.fail(new HoldfastError('closed'))
  await expect(closed.decision).rejects.toThrow('closed')
})

import { HoldfastError, type Ask } from 'holdfast/client'
import { expect, test } from 'vitest'
import type { Approval } from '../contract/approval.ts'
import { statusSentence, type PromptSurroundings } from './prompt-status.ts'

type Shown = Parameters<typeof statusSentence>[0]

const payload: Approval = {
  run: '1',
  step: 1,
  steps: 1,
  kind: 'edit',
  title: '',
  why: '',
  diff: [],
  asked: 'Ana',
}
const ana: PromptSurroundings = { me: 'Ana', live: true, answer: null, decision: null, escalatedTo: null }
const ben: PromptSurroundings = { ...ana, me: 'Ben' }
const byAna = { user: 'Ana', session: 's', time: 1 }
const ask = (status: Ask['status'], more: Partial<Shown> = {}): Shown => ({
  status,
  error: null,
  answeredBy: null,
  payload,
  ...more,
})

test.each<[Shown, PromptSurroundings, string]>([
  [ask('pending'), ana, ''],
  [ask('pending'), { ...ana, escalatedTo: 'Ben' }, 'Ben is asked too by now.'],
  [ask('pending'), ben, 'Ana has not answered, so you are asked too.'],
  [ask('sending'), ana, 'Sending …'],
  [ask('sending'), { ...ana, live: false }, 'It goes out when the connection is back.'],
  [ask('refused', { error: new HoldfastError('rejected', 'No reason.') }), ana, 'Not taken: No reason.'],
  [ask('accepted'), { ...ana, answer: { decision: 'once' } }, 'You allowed it once.'],
  [ask('accepted'), { ...ana, answer: { decision: 'deny', reason: ' No. ' } }, 'You denied it: “No.”'],
  [ask('answered_elsewhere', { answeredBy: byAna }), ana, 'Answered on another device.'],
  [
    ask('answered_elsewhere', { answeredBy: byAna }),
    {
      ...ben,
      decision: { allowed: true, by: 'person', user: 'Ana', session: 's', scope: 'run' },
    },
    'Answered by Ana: allowed for this run.',
  ],
])('%#: says where the prompt is', (shown, surroundings, sentence) =>
  expect(statusSentence(shown, surroundings)).toBe(sentence),
)

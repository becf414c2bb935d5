import { expect, test } from 'vitest'
import { judgeAnswer } from './judge-answer.ts'

test.each([{ decision: 'once' }, { decision: 'run' }, { decision: 'deny', reason: 'Not today.' }])(
  '%o is an answer',
  (answer) => expect(judgeAnswer(answer)).toBe(true),
)

test.each([
  [null, 'decision_unknown'],
  ['once', 'decision_unknown'],
  [{ decision: 'always' }, 'decision_unknown'],
  [{ decision: 'deny' }, 'reason_missing'],
  [{ decision: 'deny', reason: '  ' }, 'reason_missing'],
  [{ decision: 'deny', reason: 'x'.repeat(301) }, 'reason_too_long'],
])('%o is refused: %s', (answer, reason) => {
  expect(() => judgeAnswer(answer)).toThrow(expect.objectContaining({ code: 'rejected', reason }))
})

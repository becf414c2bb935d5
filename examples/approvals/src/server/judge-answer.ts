import { rejection } from 'holdfast/server'
import { maxReasonLength, type ApprovalAnswer } from '../contract/approval.ts'

/**
 * The validator of the asks: what comes over the wire may be anything.
 * @throws a rejection that says what is wrong; the prompt stays open, and can be answered again
 */
export function judgeAnswer(answer: unknown): answer is ApprovalAnswer {
  const { decision, reason }: { decision?: unknown; reason?: unknown } = Object(answer)
  if (decision === 'once' || decision === 'run') return true
  if (decision !== 'deny')
    throw rejection('decision_unknown', 'An answer allows once, for the run, or denies.')
  if (typeof reason !== 'string' || reason.trim() === '')
    throw rejection('reason_missing', 'A denial needs a reason.')
  if (reason.length > maxReasonLength)
    throw rejection(
      'reason_too_long',
      `The reason has ${reason.length} characters; at most ${maxReasonLength} are taken.`,
    )
  return true
}

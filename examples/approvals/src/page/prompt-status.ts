import type { Ask } from 'holdfast/client'
import type { Approval, ApprovalAnswer } from '../contract/approval.ts'
import type { Decision } from '../contract/run-event.ts'

export interface PromptSurroundings {
  readonly me: string
  readonly live: boolean
  /** What this device has answered. */
  readonly answer: ApprovalAnswer | null
  /** What the journal says was decided, once it says so. */
  readonly decision: Decision | null
  /** Who was called in because nobody answered. */
  readonly escalatedTo: string | null
}

/** Where a prompt is, in a sentence; empty while there is nothing to say. */
export function statusSentence(
  { status, error, answeredBy, payload }: Pick<Ask<Approval>, 'status' | 'error' | 'answeredBy' | 'payload'>,
  { me, live, answer, decision, escalatedTo }: PromptSurroundings,
): string {
  switch (status) {
    case 'pending':
      if (payload.asked !== me) return `${payload.asked} has not answered, so you are asked too.`
      return escalatedTo === null ? '' : `${escalatedTo} is asked too by now.`
    case 'sending':
      return live ? 'Sending …' : 'It goes out when the connection is back.'
    case 'refused':
      return `Not taken: ${error?.message ?? 'the server did not say why.'}`
    case 'accepted':
      return answer ? deedOf(answer) : 'Your answer was taken.'
    case 'answered_elsewhere': {
      const by = answeredBy && answeredBy.user !== me ? `by ${answeredBy.user}` : 'on another device'
      return `Answered ${by}${decision?.by === 'person' ? `: ${verdictOf(decision)}` : '.'}`
    }
    case 'cancelled':
      return 'Withdrawn: the run was stopped.'
    case 'expired':
      return 'Nobody answered in time, which counts as a denial.'
    case 'unknown':
      return 'The server no longer knows this question.'
  }
}

function deedOf(answer: ApprovalAnswer): string {
  switch (answer.decision) {
    case 'once':
      return 'You allowed it once.'
    case 'run':
      return 'You allowed it for this run.'
    case 'deny':
      return `You denied it: “${answer.reason.trim()}”`
  }
}

function verdictOf(decision: Extract<Decision, { by: 'person' }>): string {
  if (!decision.allowed) return `denied, “${decision.reason}”`
  return decision.scope === 'once' ? 'allowed once.' : 'allowed for this run.'
}

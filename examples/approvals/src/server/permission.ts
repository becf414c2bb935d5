import { HoldfastError, type AskTarget, type Hub } from 'holdfast/server'
import { approveMethod, type Approval, type ApprovalAnswer } from '../contract/approval.ts'
import { lead, operator } from '../contract/people.ts'
import type { Decision } from '../contract/run-event.ts'
import type { RunState, StepState } from '../contract/run-state.ts'
import { judgeAnswer } from './judge-answer.ts'

export interface Patience {
  /** From a question to the lead's being asked too. */
  readonly escalateMs: number
  /** From a question to its being given up. */
  readonly deadlineMs: number
}

export interface PermissionRequest {
  readonly run: RunState
  readonly step: StepState
  /** Withdraws the question. */
  readonly signal: AbortSignal
  /** Called before the lead is asked too. */
  readonly escalating: (to: string) => Promise<void>
}

/**
 * Asks people for permission. The key makes asking again harmless: after a restart it is the same question, and if it was
 * answered, the same answer.
 */
export class Permission {
  readonly #hub: Pick<Hub, 'ask' | 'escalate'>
  readonly #patience: Patience

  constructor(hub: Pick<Hub, 'ask' | 'escalate'>, patience: Patience) {
    this.#hub = hub
    this.#patience = patience
  }

  /** Resolves with what was decided. Rejects when the question was withdrawn, and when the hub closes. */
  async request({ run, step, signal, escalating }: PermissionRequest): Promise<Decision> {
    const to: AskTarget = step.escalatedTo
      ? { users: [operator.name, step.escalatedTo] }
      : { user: operator.name }
    const ask = this.#hub.ask<ApprovalAnswer>(to, approveMethod, approvalOf(run, step), {
      key: `run:${run.id}:step:${step.number}`,
      deadlineMs: this.#patience.deadlineMs,
      validate: judgeAnswer,
      signal,
    })
    const escalate = async (): Promise<void> => {
      await escalating(lead.name)
      await this.#hub.escalate(ask.id, { user: lead.name })
    }
    const timer = step.escalatedTo
      ? undefined
      : setTimeout(() => void escalate(), this.#untilEscalation(step))
    try {
      const { value, user, session } = await ask
      const person = { by: 'person', user, session } as const
      return value.decision === 'deny'
        ? { ...person, allowed: false, reason: value.reason.trim() }
        : { ...person, allowed: true, scope: value.decision }
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'ask_expired')
        return { allowed: false, by: 'deadline' }
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  #untilEscalation({ proposedAt }: StepState): number {
    return Math.max(0, (proposedAt ?? 0) + this.#patience.escalateMs - Date.now())
  }
}

/** Made of what the journal says, and of nothing else: asked again, the question is the same to the letter. */
function approvalOf(run: RunState, step: StepState): Approval {
  const { number, kind, title, why, diff } = step
  return {
    run: run.id,
    step: number,
    steps: run.steps.length,
    kind,
    title,
    why,
    diff: diff ?? [],
    asked: operator.name,
  }
}

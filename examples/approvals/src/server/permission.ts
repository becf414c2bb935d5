import { HoldfastError, type AskTarget, type ErrorCode, type Hub } from 'holdfast/server'
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
  readonly withdrawal: AbortSignal
  /** Ends the waiting; the question stays for whoever asks it again. */
  readonly interruption: AbortSignal
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

  /** Resolves with what was decided. Rejects when the question was withdrawn, or nobody waits for the answer any more. */
  async request({ run, step, withdrawal, interruption, escalating }: PermissionRequest): Promise<Decision> {
    interruption.throwIfAborted()
    const to: AskTarget = step.escalatedTo
      ? { users: [operator.name, step.escalatedTo] }
      : { user: operator.name }
    const ask = this.#hub.ask<ApprovalAnswer>(to, approveMethod, approvalOf(run, step), {
      key: `run:${run.id}:step:${step.number}`,
      deadlineMs: this.#patience.deadlineMs,
      validate: judgeAnswer,
      signal: withdrawal,
    })
    const escalate = async (): Promise<void> => {
      await escalating(lead.name)
      await this.#hub.escalate(ask.id, { user: lead.name })
    }
    const timer = step.escalatedTo
      ? undefined
      : setTimeout(() => void escalate().catch(reportEscalation), this.#untilEscalation(step))
    try {
      const { value, user, session } = await unlessAborted(ask, interruption)
      const person = { by: 'person', user, session } as const
      return value.decision === 'deny'
        ? { ...person, allowed: false, reason: value.reason.trim() }
        : { ...person, allowed: true, scope: value.decision }
    } catch (error) {
      if (isError(error, 'ask_expired')) return { allowed: false, by: 'deadline' }
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

function reportEscalation(error: unknown): void {
  // It was answered meanwhile.
  if (isError(error, 'ask_unknown')) return
  console.error(`approvals: ${lead.name} could not be asked`, error)
}

function isError(error: unknown, code: ErrorCode): boolean {
  return error instanceof HoldfastError && error.code === code
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

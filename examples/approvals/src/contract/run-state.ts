import type { FileDiff } from './file-diff.ts'
import type { Decision, PlannedStep, RunEvent } from './run-event.ts'

/**
 * `asking`: waits for somebody's permission. `working`: may be done. `applied`, `denied` and `skipped` are final.
 */
export type StepStatus = 'planned' | 'asking' | 'working' | 'applied' | 'denied' | 'skipped'

export interface StepState extends PlannedStep {
  readonly status: StepStatus
  readonly diff: readonly FileDiff[] | null
  /** When its changes were proposed. */
  readonly proposedAt: number | null
  readonly escalatedTo: string | null
  readonly decision: Decision | null
  /** With `skipped`: why. */
  readonly reason: string | null
}

export type RunStatus = 'running' | 'completed' | 'stopped' | 'failed'

export interface RunState {
  readonly id: string
  readonly startedBy: string
  readonly startedAt: number
  readonly status: RunStatus
  readonly steps: readonly StepState[]
}

/** Runs that are kept; beyond, the oldest that has ended goes. */
export const maxRuns = 20

/** The journal read as a story: what each run has come to. Server and pages tell it with the same words. */
export class Runs {
  readonly #runs = new Map<string, RunState>()

  get(id: string): RunState | undefined {
    return this.#runs.get(id)
  }

  /** From the oldest to the newest. */
  all(): RunState[] {
    return [...this.#runs.values()]
  }

  apply(event: RunEvent): void {
    if (event.type === 'started') {
      const { run: id, by: startedBy, time: startedAt } = event
      this.#runs.set(id, { id, startedBy, startedAt, status: 'running', steps: event.steps.map(planned) })
      this.#makeRoom()
      return
    }
    const run = this.#runs.get(event.run)
    if (run) this.#runs.set(event.run, next(run, event))
  }

  #makeRoom(): void {
    for (const [id, { status }] of this.#runs) {
      if (this.#runs.size <= maxRuns) return
      if (status !== 'running') this.#runs.delete(id)
    }
  }
}

function planned(step: PlannedStep): StepState {
  return {
    ...step,
    status: 'planned',
    diff: null,
    proposedAt: null,
    escalatedTo: null,
    decision: null,
    reason: null,
  }
}

function next(run: RunState, event: Exclude<RunEvent, { type: 'started' }>): RunState {
  if (event.type === 'completed' || event.type === 'stopped' || event.type === 'failed') {
    return { ...run, status: event.type, steps: run.steps.map(abandoned) }
  }
  const change = changeOf(event)
  return {
    ...run,
    steps: run.steps.map((step) => (step.number === event.step ? { ...step, ...change } : step)),
  }
}

function changeOf(event: Extract<RunEvent, { step: number }>): Partial<StepState> {
  switch (event.type) {
    case 'proposed':
      return { status: event.asks ? 'asking' : 'working', diff: event.diff, proposedAt: event.time }
    case 'escalated':
      return { escalatedTo: event.to }
    case 'decided':
      return { status: event.decision.allowed ? 'working' : 'denied', decision: event.decision }
    case 'applied':
      return { status: 'applied' }
    case 'skipped':
      return { status: 'skipped', reason: event.reason }
  }
}

function abandoned(step: StepState): StepState {
  const open = step.status === 'planned' || step.status === 'asking' || step.status === 'working'
  return open ? { ...step, status: 'skipped', reason: 'The run ended before.' } : step
}

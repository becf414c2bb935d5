import { setTimeout as pause } from 'node:timers/promises'
import type { Decision } from '../contract/run-event.ts'
import type { RunState, StepState } from '../contract/run-state.ts'
import { diffOf, type FileChange } from './file-change.ts'
import { changesOf } from './operation.ts'
import type { Permission } from './permission.ts'
import type { Project } from './project.ts'
import type { RunJournal } from './run-journal.ts'

export interface AgentSurroundings {
  readonly journal: RunJournal
  readonly permission: Pick<Permission, 'request'>
  /** Before each step, so that people can watch. */
  readonly stepMs: number
}

/**
 * Works through a run's plan, step by step: propose, ask if it is risky, apply. Each of these is in the journal before the
 * next begins, so an agent that starts anew goes on where the one before it was killed.
 */
export class Agent {
  readonly #run: string
  readonly #project: Project
  readonly #surroundings: AgentSurroundings
  readonly #withdrawal = new AbortController()
  readonly #interruption = new AbortController()
  #stoppedBy: string | null = null

  constructor(run: string, project: Project, surroundings: AgentSurroundings) {
    this.#run = run
    this.#project = project
    this.#surroundings = surroundings
  }

  /** Resolves when the run has ended, or the agent was interrupted. */
  async work(): Promise<void> {
    const { journal } = this.#surroundings
    try {
      for (const { number } of this.#state.steps) await this.#take(number)
      await journal.append(this.#run, { type: 'completed' })
    } catch (error) {
      if (this.#interruption.signal.aborted) return
      if (this.#stoppedBy !== null) await journal.append(this.#run, { type: 'stopped', by: this.#stoppedBy })
      else await journal.append(this.#run, { type: 'failed', reason: String(error) })
    }
  }

  /** Somebody does not want the run any more. */
  stop(user: string): void {
    this.#stoppedBy ??= user
    this.#withdrawal.abort()
  }

  /** The process ends: nothing is withdrawn, the next process goes on. */
  interrupt(): void {
    this.#interruption.abort()
  }

  get #state(): RunState {
    const run = this.#surroundings.journal.runs.get(this.#run)
    if (!run) throw new Error(`the journal knows no run ${this.#run}`)
    return run
  }

  #step(number: number): StepState {
    const step = this.#state.steps[number - 1]
    if (!step) throw new Error(`the run ${this.#run} has no step ${number}`)
    return step
  }

  async #take(number: number): Promise<void> {
    const { journal, stepMs } = this.#surroundings
    if (isOver(this.#step(number))) return
    await pause(stepMs, undefined, {
      signal: AbortSignal.any([this.#withdrawal.signal, this.#interruption.signal]),
    })
    const missing = this.#step(number).dependsOn.find((other) => this.#step(other).status !== 'applied')
    if (missing !== undefined) return this.#skip(number, `It needs step ${missing}.`)
    const changes = journal.changesOf(this.#run, number) ?? (await this.#propose(number))
    if (changes.length === 0) return this.#skip(number, 'There is nothing to do.')
    if (!(await this.#isAllowed(number))) return
    const conflict = await this.#project.apply(changes)
    if (conflict !== null) return this.#skip(number, `${conflict} was changed by somebody else.`)
    await journal.append(this.#run, { type: 'applied', step: number })
  }

  async #propose(number: number): Promise<readonly FileChange[]> {
    const { journal } = this.#surroundings
    const operation = journal.operationOf(this.#run, number)
    if (!operation) throw new Error(`the journal does not say how step ${number} is done`)
    const changes = changesOf(operation, await this.#project.files())
    if (changes.length === 0) return changes
    const step = this.#step(number)
    const asks = isRisky(step) && !this.#ruleFor(step)
    await journal.append(
      this.#run,
      { type: 'proposed', step: number, diff: diffOf(changes), asks },
      { changes },
    )
    return changes
  }

  /** What somebody has said for all steps of this kind. */
  #ruleFor({ kind }: StepState): Decision | null {
    for (const { kind: other, number, decision } of this.#state.steps) {
      if (other === kind && decision?.allowed && decision.by === 'person' && decision.scope === 'run')
        return { allowed: true, by: 'rule', user: decision.user, step: number }
    }
    return null
  }

  async #isAllowed(number: number): Promise<boolean> {
    const step = this.#step(number)
    if (isRisky(step) && !step.decision) {
      const decision = step.status === 'asking' ? await this.#ask(step) : this.#ruleFor(step)
      if (!decision) throw new Error(`nobody was asked about step ${number}`)
      await this.#surroundings.journal.append(this.#run, { type: 'decided', step: number, decision })
    }
    return this.#step(number).status === 'working'
  }

  #ask(step: StepState): Promise<Decision> {
    const { journal, permission } = this.#surroundings
    return permission.request({
      run: this.#state,
      step,
      withdrawal: this.#withdrawal.signal,
      interruption: this.#interruption.signal,
      escalating: (to) => journal.append(this.#run, { type: 'escalated', step: step.number, to }),
    })
  }

  #skip(step: number, reason: string): Promise<void> {
    return this.#surroundings.journal.append(this.#run, { type: 'skipped', step, reason })
  }
}

function isOver({ status }: StepState): boolean {
  return status === 'applied' || status === 'denied' || status === 'skipped'
}

/** What is new takes nothing away. */
function isRisky({ kind }: StepState): boolean {
  return kind !== 'create'
}

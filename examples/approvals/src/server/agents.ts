import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rejection } from 'holdfast/server'
import { Agent, type AgentSurroundings } from './agent.ts'
import { planFor } from './plan.ts'
import { Project } from './project.ts'
import { sampleProject } from './sample-project.ts'
import { Turns } from './turns.ts'

/** Runs at the same time. */
const maxAgents = 3

/** Everybody who works: one agent for each run that has not ended. */
export class Agents {
  readonly #folder: string
  readonly #surroundings: AgentSurroundings
  readonly #working = new Map<string, { readonly agent: Agent; readonly done: Promise<void> }>()
  readonly #starts = new Turns()
  #interrupted = false

  /** @param folder where each run gets a project of its own */
  constructor(folder: string, surroundings: AgentSurroundings) {
    this.#folder = folder
    this.#surroundings = surroundings
  }

  /** Goes on with what an earlier process began. */
  async resume(): Promise<void> {
    const { runs } = this.#surroundings.journal
    await mkdir(this.#folder, { recursive: true })
    await this.#clearAway()
    for (const { id, status } of runs.all()) if (status === 'running') this.#employ(id)
  }

  /** Begins a run with a fresh copy of the sample project. Returns its id. */
  start(user: string): Promise<string> {
    return this.#starts.take(() => this.#start(user))
  }

  stop(run: string, user: string): void {
    const working = this.#working.get(run)
    if (!working) throw rejection('run_over', 'This run has ended.')
    working.agent.stop(user)
  }

  /** The process ends; what is under way goes on in the next one. Resolves when nobody works any more. */
  async interrupt(): Promise<void> {
    this.#interrupted = true
    for (const { agent } of this.#working.values()) agent.interrupt()
    await Promise.all(Array.from(this.#working.values(), ({ done }) => done))
  }

  async #start(user: string): Promise<string> {
    if (this.#working.size >= maxAgents)
      throw rejection('agents_busy', `${maxAgents} runs are under way; one has to end first.`)
    const { journal } = this.#surroundings
    const run = journal.nextRun()
    const folder = this.#folderOf(run)
    await mkdir(folder, { recursive: true })
    const project = new Project(folder)
    await project.apply([...sampleProject].map(([path, after]) => ({ path, before: null, after })))
    const plan = planFor(await project.files())
    await journal.append(
      run,
      { type: 'started', by: user, steps: plan.map(({ step }) => step) },
      { operations: plan.map(({ operation }) => operation) },
    )
    await this.#clearAway()
    this.#employ(run)
    return run
  }

  /** The projects of runs that nobody remembers. */
  async #clearAway(): Promise<void> {
    for (const run of await readdir(this.#folder)) {
      if (!this.#surroundings.journal.runs.get(run)) await rm(this.#folderOf(run), { recursive: true })
    }
  }

  #folderOf(run: string): string {
    return join(this.#folder, run)
  }

  #employ(run: string): void {
    if (this.#interrupted) return
    const agent = new Agent(run, new Project(this.#folderOf(run)), this.#surroundings)
    const done = agent
      .work()
      .catch((error: unknown) => console.error(`approvals: run ${run} came to a halt`, error))
      .finally(() => this.#working.delete(run))
    this.#working.set(run, { agent, done })
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Decision, RunEvent } from '../contract/run-event.ts'
import type { StepState } from '../contract/run-state.ts'
import { Agent } from './agent.ts'
import type { FileChange } from './file-change.ts'
import type { PermissionRequest } from './permission.ts'
import { planFor } from './plan.ts'
import { Project } from './project.ts'
import { RunJournal } from './run-journal.ts'
import { sampleProject } from './sample-project.ts'

let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-agent-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const once: Decision = { allowed: true, by: 'person', user: 'Ana', session: 's', scope: 'once' }
const forRun: Decision = { ...once, scope: 'run' }
const denied: Decision = { allowed: false, by: 'person', user: 'Ana', session: 's', reason: 'No.' }

/** People who remember what they said: asked again, they give the same answer, as asks with a key do. */
class People {
  /** Each question in the order in which they were first asked. */
  readonly asked: number[] = []
  readonly #decide: (step: StepState) => Decision

  constructor(decide: (step: StepState) => Decision) {
    this.#decide = decide
  }

  async request({ step }: PermissionRequest): Promise<Decision> {
    if (!this.asked.includes(step.number)) this.asked.push(step.number)
    return this.#decide(step)
  }
}

/** A process that is killed once it has done so many things that last. */
class Mortal {
  #left: number
  /** Ends whatever goes on. */
  die: () => void = () => {}

  constructor(deeds: number) {
    this.#left = deeds
  }

  get isDead(): boolean {
    return this.#left < 0
  }

  deed(): void {
    if (--this.#left >= 0) return
    this.die()
    throw new Error('the process was killed')
  }
}

class MortalProject extends Project {
  readonly #mortal: Mortal

  constructor(folder: string, mortal: Mortal) {
    super(folder)
    this.#mortal = mortal
  }

  override async apply(changes: readonly FileChange[]): Promise<string | null> {
    const [first, ...others] = changes
    // Killed when some of the files are written and others are not.
    if (first && others.length > 0) await super.apply([first])
    this.#mortal.deed()
    const conflict = await super.apply(changes)
    this.#mortal.deed()
    return conflict
  }
}

async function begin(): Promise<void> {
  const project = new Project(join(folder, 'project'))
  await mkdir(join(folder, 'project'))
  await project.apply([...sampleProject].map(([path, after]) => ({ path, before: null, after })))
  const plan = planFor(await project.files())
  const journal = await RunJournal.open(folder, () => {})
  const steps = plan.map(({ step }) => step)
  await journal.append(
    journal.nextRun(),
    { type: 'started', by: 'Ana', steps },
    { operations: plan.map(({ operation }) => operation) },
  )
  await journal.close()
}

interface Life {
  readonly events: readonly RunEvent[]
  readonly steps: readonly StepState[]
}

/** Works until the run is over, or the process is dead. */
async function live(people: People, mortal: Mortal = new Mortal(Infinity)): Promise<Life> {
  const journal = await RunJournal.open(folder, () => mortal.deed())
  const project = new MortalProject(join(folder, 'project'), mortal)
  const agent = new Agent('1', project, { journal, permission: people, stepMs: 1 })
  mortal.die = () => agent.interrupt()
  // As `Agents.resume` has it.
  if (journal.runs.get('1')?.status === 'running') await agent.work()
  await journal.close()
  return { events: journal.eventsAfter(0), steps: journal.runs.get('1')?.steps ?? [] }
}

const statuses = ({ steps }: Life): string[] => steps.map(({ number, status }) => `${number} ${status}`)
const projectFiles = (): Promise<ReadonlyMap<string, string>> => new Project(join(folder, 'project')).files()

test('asks before what is risky and not before what is new, and does what was allowed', async () => {
  await begin()
  const people = new People(() => once)
  const life = await live(people)
  expect(people.asked).toEqual([1, 3, 4, 5, 6, 7, 9, 10])
  expect(life.steps.every(({ status }) => status === 'applied')).toBe(true)
  expect(life.events.at(-1)?.type).toBe('completed')
  const files = await projectFiles()
  expect(files.has('src/coupon.ts')).toBe(false)
  expect(files.get('src/receipt.ts')).toContain("import { inEuros } from './currency.ts'")
  expect(files.get('src/cart.ts')).toMatch(/^\/\/ SPDX.*\n[^]*function cartTotal/)
  expect(files.get('package.json')).toContain('"version": "1.5.0"')
})

test('what is denied stays as it was, and so does what needs it', async () => {
  await begin()
  const people = new People(({ title }) => (title.startsWith('Rename calcTotal') ? denied : once))
  const life = await live(people)
  expect(statuses(life).slice(6, 8)).toEqual(['7 denied', '8 skipped'])
  expect(life.steps[7]?.reason).toBe('It needs step 7.')
  const files = await projectFiles()
  expect(files.get('src/cart.ts')).toContain('calcTotal')
  expect(files.has('test/cart.test.ts')).toBe(false)
})

test('allowed for the run, later steps of the same kind are done without asking, and the journal says why', async () => {
  await begin()
  const people = new People(() => forRun)
  const { events } = await live(people)
  expect(people.asked).toEqual([1, 3, 9])
  const byRule = events.flatMap((event) =>
    event.type === 'decided' && event.decision.by === 'rule' ? [[event.step, event.decision]] : [],
  )
  const rule = { allowed: true, by: 'rule', user: 'Ana', step: 3 }
  expect(byRule).toEqual([4, 5, 6, 7, 10].map((step) => [step, rule]))
})

test('a file that somebody changed after it was shown is left alone', async () => {
  await begin()
  const project = new Project(join(folder, 'project'))
  const people = new People(() => once)
  const meddling = {
    asked: people.asked,
    async request(request: PermissionRequest): Promise<Decision> {
      if (request.step.number === 3) {
        const before = (await project.files()).get('src/cart.ts') ?? null
        await project.apply([{ path: 'src/cart.ts', before, after: '// Mine.\n' }])
      }
      return people.request(request)
    },
  }
  const journal = await RunJournal.open(folder, () => {})
  await new Agent('1', project, { journal, permission: meddling, stepMs: 1 }).work()
  await journal.close()
  const step = journal.runs.get('1')?.steps[2]
  expect(step).toMatchObject({ status: 'skipped', reason: 'src/cart.ts was changed by somebody else.' })
})

test('stopped, it withdraws its question and leaves the rest', async () => {
  await begin()
  const journal = await RunJournal.open(folder, () => {})
  const waiting = {
    request: ({ withdrawal }: PermissionRequest): Promise<Decision> =>
      new Promise((_resolve, reject) => {
        withdrawal.addEventListener('abort', () => reject(new Error('withdrawn')))
        agent.stop('Ben')
      }),
  }
  const project = new Project(join(folder, 'project'))
  const agent = new Agent('1', project, { journal, permission: waiting, stepMs: 1 })
  await agent.work()
  await journal.close()
  expect(journal.eventsAfter(0).at(-1)).toMatchObject({ type: 'stopped', by: 'Ben' })
  expect(journal.runs.get('1')?.steps.every(({ status }) => status === 'skipped')).toBe(true)
})

const decideVariously = ({ kind, number }: StepState): Decision =>
  kind === 'rename' ? denied : number === 4 ? forRun : once

test('interrupted, it lets go, and leaves its question to whoever comes next', async () => {
  await begin()
  const withdrawn: unknown[] = []
  const waiting = {
    request: ({ withdrawal, interruption }: PermissionRequest): Promise<Decision> =>
      new Promise((_resolve, reject) => {
        withdrawal.addEventListener('abort', () => withdrawn.push(withdrawal.reason))
        interruption.addEventListener('abort', () => reject(new Error('interrupted')))
        agent.interrupt()
      }),
  }
  const journal = await RunJournal.open(folder, () => {})
  const project = new Project(join(folder, 'project'))
  const agent = new Agent('1', project, { journal, permission: waiting, stepMs: 1 })
  await agent.work()
  await journal.close()
  expect(withdrawn).toEqual([])
  expect(journal.eventsAfter(0).map(({ type }) => type)).toEqual(['started', 'proposed'])
})

test('killed after whatever it did, it goes on, and does, asks and decides nothing twice', async () => {
  await begin()
  const undisturbed = await live(new People(decideVariously))
  const wantedFiles = await projectFiles()
  const deedsOf = ({ events }: Life): string[] =>
    events.map(({ seq: _seq, time: _time, ...deed }) => JSON.stringify(deed))

  for (let deeds = 0, over = false; !over; deeds++) {
    rmSync(folder, { recursive: true })
    await mkdir(folder)
    await begin()
    const people = new People(decideVariously)
    const first = new Mortal(deeds)
    await live(people, first)
    const life = await live(people)
    expect(deedsOf(life), `killed after ${deeds} deeds`).toEqual(deedsOf(undisturbed))
    expect(await projectFiles()).toEqual(wantedFiles)
    over = !first.isDead
  }
})

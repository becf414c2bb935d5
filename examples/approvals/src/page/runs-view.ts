import { byId, make, makeButton, setText } from 'holdfast-example-site/page/elements'
import type { RunState, Runs } from '../contract/run-state.ts'
import { StepView } from './step-view.ts'

/** The runs, and the steps of one of them: the newest, unless somebody chose another. */
export class RunsView {
  readonly #list = byId('runs', HTMLUListElement)
  readonly #section = byId('run', HTMLElement)
  readonly #title = byId('run-title', HTMLElement)
  readonly #stop = byId('stop-run', HTMLButtonElement)
  readonly #steps = byId('steps', HTMLOListElement)
  readonly #noRuns = byId('no-runs', HTMLElement)
  readonly #runs: Runs
  readonly #buttons = new Map<string, HTMLButtonElement>()
  #stepViews: StepView[] = []
  #shown: string | null = null

  /** @param stop withdraws a run */
  constructor(runs: Runs, stop: (run: string) => void) {
    this.#runs = runs
    this.#stop.addEventListener('click', () => {
      if (this.#shown !== null) stop(this.#shown)
    })
  }

  /** Something happened in this run. */
  update(id: string): void {
    const run = this.#runs.get(id)
    if (!run) return
    const known = this.#buttons.get(id)
    const button = known ?? this.#addButton(id)
    button.dataset['status'] = waits(run) ? 'waits' : run.status
    setText(button, `Run ${id}: ${sentenceFor(run)}`)
    if (!known) this.#added(id)
    else if (id === this.#shown) this.#render(run)
  }

  #addButton(id: string): HTMLButtonElement {
    const button = makeButton('', () => this.#show(id))
    this.#buttons.set(id, button)
    this.#list.prepend(make('li', {}, [button]))
    this.#noRuns.hidden = true
    return button
  }

  #added(id: string): void {
    for (const [other, button] of this.#buttons) {
      if (this.#runs.get(other)) continue
      button.parentElement?.remove()
      this.#buttons.delete(other)
    }
    this.#show(id)
  }

  #show(id: string): void {
    const run = this.#runs.get(id)
    if (!run) return
    this.#shown = id
    for (const [other, button] of this.#buttons) button.setAttribute('aria-pressed', String(other === id))
    this.#stepViews = run.steps.map((step) => new StepView(step))
    this.#steps.replaceChildren(...this.#stepViews.map(({ element }) => element))
    this.#section.hidden = false
    this.#render(run)
  }

  #render(run: RunState): void {
    setText(this.#title, `Run ${run.id}, started by ${run.startedBy}`)
    this.#stop.hidden = run.status !== 'running'
    for (const [index, step] of run.steps.entries()) this.#stepViews[index]?.update(step)
  }
}

function waits({ steps }: RunState): boolean {
  return steps.some(({ status }) => status === 'asking')
}

function sentenceFor(run: RunState): string {
  if (run.status === 'running') return waits(run) ? 'waits for permission' : 'at work'
  if (run.status !== 'completed') return run.status
  const done = run.steps.filter(({ status }) => status === 'applied').length
  return done === run.steps.length ? 'done' : `done, ${done} of ${run.steps.length} steps`
}

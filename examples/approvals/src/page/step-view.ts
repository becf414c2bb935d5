import { make, setText } from 'holdfast-example-site/page/elements'
import type { StepState } from '../contract/run-state.ts'
import { diffView } from './diff-view.ts'

/** A step in the list of its run; opens to show its changes. */
export class StepView {
  readonly element: HTMLLIElement
  readonly #status = make('span', { className: 'step-status' })
  readonly #details: HTMLDetailsElement
  #hasDiff = false

  constructor({ title, why }: StepState) {
    const summary = make('summary', {}, [
      make('span', { className: 'step-title', text: title }),
      this.#status,
    ])
    this.#details = make('details', {}, [summary, make('p', { className: 'why', text: why })])
    this.element = make('li', { className: 'step' }, [this.#details])
  }

  update(step: StepState): void {
    this.element.dataset['status'] = step.status
    setText(this.#status, statusOf(step))
    if (!step.diff || this.#hasDiff) return
    this.#hasDiff = true
    this.#details.append(diffView(step.diff))
  }
}

function statusOf({ status, decision, reason }: StepState): string {
  switch (status) {
    case 'planned':
      return ''
    case 'asking':
      return 'Waits for permission'
    case 'working':
      return 'At work'
    case 'applied':
      return decision?.allowed ? `Done, allowed by ${decision.user}` : 'Done'
    case 'denied':
      return decision?.by === 'person' && !decision.allowed
        ? `Denied by ${decision.user}: “${decision.reason}”`
        : 'Denied: nobody answered'
    case 'skipped':
      return `Left out. ${reason ?? ''}`
  }
}

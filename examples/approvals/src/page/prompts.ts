import type { Ask, Client } from 'holdfast/client'
import { byId, setText } from 'holdfast-example-site/page/elements'
import { approveMethod, type Approval } from '../contract/approval.ts'
import type { Runs, StepState } from '../contract/run-state.ts'
import { PromptView, type PromptListener } from './prompt-view.ts'

const clockMs = 1_000

/** All prompts of this page: the open ones first, then those that are over. */
export class Prompts implements PromptListener {
  readonly #open = byId('open-prompts', HTMLElement)
  readonly #over = byId('over-prompts', HTMLElement)
  readonly #overSection = byId('over', HTMLElement)
  readonly #none = byId('no-prompts', HTMLElement)
  readonly #announcement = byId('announcement', HTMLElement)
  readonly #runs: Runs
  readonly #views = new Map<string, PromptView>()
  #client: Client | null = null

  constructor(runs: Runs) {
    this.#runs = runs
    setInterval(() => {
      for (const view of this.#views.values()) view.tick()
    }, clockMs)
  }

  attach(client: Client): void {
    this.#client = client
    client.on('asks', () => {
      if (this.#client === client) this.update()
    })
    this.update()
  }

  /** The prompt with the focus, on which the keys work. */
  get focused(): PromptView | null {
    return [...this.#views.values()].find(({ element }) => element.contains(document.activeElement)) ?? null
  }

  /** Gives the focus to the first prompt that can be answered. False if there is none. */
  focusNext(): boolean {
    const next = [...this.#views.values()].find(({ isAnswerable }) => isAnswerable)
    next?.element.focus()
    return next !== undefined
  }

  update(): void {
    const asks = (this.#client?.asks ?? []).filter(isApproval)
    const present = new Set(asks.map(({ id }) => id))
    for (const [id, { element }] of this.#views) {
      if (present.has(id)) continue
      element.remove()
      this.#views.delete(id)
    }
    for (const ask of asks) this.#show(ask)
    const views = [...this.#views.values()]
    const open = views.filter(({ isOver }) => !isOver).length
    this.#none.hidden = open > 0
    this.#overSection.hidden = open === views.length
    document.title = open > 0 ? `(${open}) Agent console` : 'Agent console'
  }

  answered(answered: PromptView): void {
    const { element } = answered
    if (element.contains(document.activeElement) && !this.focusNext()) element.focus()
  }

  #show(ask: Ask<Approval>): void {
    const known = this.#views.get(ask.id)
    // One that was over and is asked again is another object.
    if (known && !known.shows(ask)) known.element.remove()
    const view = known?.shows(ask) ? known : new PromptView(ask, this)
    const before = view.element.dataset['status']
    const focused = view.element.contains(document.activeElement)
    this.#views.set(ask.id, view)
    view.update(this.#surroundingsOf(ask.payload, view))
    if (before === view.element.dataset['status']) return
    if (view.isOver) this.#moveToOver(view, before === undefined)
    else if (view.element.parentElement !== this.#open) this.#moveToOpen(view)
    if (view.isOver && focused) view.element.focus()
  }

  #moveToOpen(view: PromptView): void {
    this.#open.append(view.element)
    const { title, step, steps } = view.payload
    this.#announce(`Permission needed: ${title}. Step ${step} of ${steps}.`)
    if (mayTakeFocus(this.focused)) view.element.focus()
  }

  #moveToOver(view: PromptView, unseen: boolean): void {
    this.#over.prepend(view.element)
    if (!unseen) this.#announce(`${view.title}: ${view.sentence}`)
  }

  #announce(text: string): void {
    setText(this.#announcement, text)
  }

  #surroundingsOf({ run, step }: Approval, view: PromptView): Parameters<PromptView['update']>[0] {
    const state: StepState | undefined = this.#runs.get(run)?.steps[step - 1]
    return {
      me: this.#client?.subject?.user ?? '',
      live: this.#client?.state === 'live',
      answer: view.answerGiven,
      decision: state?.decision ?? null,
      escalatedTo: state?.escalatedTo ?? null,
    }
  }
}

function isApproval(ask: Ask): ask is Ask<Approval> {
  return ask.method === approveMethod
}

/** Nobody is to answer a question that came under their fingers: not while they type, nor while they look at another. */
function mayTakeFocus(focused: PromptView | null): boolean {
  const typing = document.activeElement?.matches('textarea, input:not([type="radio"])') ?? false
  return !typing && !focused?.isAnswerable
}

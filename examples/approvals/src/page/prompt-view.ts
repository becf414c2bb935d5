import type { Ask } from 'holdfast/client'
import { make, makeButton, setText } from 'holdfast-example-site/page/elements'
import { maxReasonLength, type Approval, type ApprovalAnswer } from '../contract/approval.ts'
import { diffView } from './diff-view.ts'
import { statusSentence, type PromptSurroundings } from './prompt-status.ts'
import { timeLeft } from './time-left.ts'
import { kinds } from './wording.ts'

export interface PromptListener {
  /** Somebody has decided at this prompt, so that the next one may have the focus. */
  answered(prompt: PromptView): void
}

/** One question on the page: what is to be done, the ways to answer, and what became of it. */
export class PromptView {
  readonly element: HTMLElement
  readonly #ask: Ask<Approval>
  readonly #listener: PromptListener
  readonly #countdown = make('span', { className: 'countdown', role: 'timer' })
  readonly #status = make('p', { className: 'status' })
  readonly #actions: HTMLElement
  readonly #denial: HTMLFormElement
  readonly #reason = make('input', { type: 'text' })
  readonly #diff: HTMLDetailsElement
  readonly #dismissal = makeButton('Dismiss', () => this.#ask.dismiss())
  #answer: ApprovalAnswer | null = null
  #shownStatus: Ask['status'] = 'pending'

  constructor(ask: Ask<Approval>, listener: PromptListener) {
    this.#ask = ask
    this.#listener = listener
    const { kind, title, why, run, step, steps, diff } = ask.payload
    const heading = make('h3', { text: title })
    heading.id = `prompt-${ask.id}`
    this.#actions = this.#makeActions()
    this.#denial = this.#makeDenial()
    this.#diff = make('details', {}, [make('summary', { text: 'Changes' }), diffView(diff)])
    this.#diff.open = true
    this.element = make(
      'article',
      {
        className: 'prompt',
        'aria-labelledby': heading.id,
        'data-ask': ask.id,
        'data-risk': kinds[kind].risk,
      },
      [
        make('div', { className: 'prompt-head' }, [
          make('span', { className: 'kind', text: kinds[kind].name }),
          make('span', { className: 'place', text: `Run ${run}, step ${step} of ${steps}` }),
          this.#countdown,
        ]),
        heading,
        make('p', { className: 'why', text: why }),
        this.#diff,
        this.#status,
        this.#actions,
        this.#denial,
        this.#dismissal,
      ],
    )
    this.element.tabIndex = -1
  }

  shows(ask: Ask): boolean {
    return ask === this.#ask
  }

  get title(): string {
    return this.#ask.payload.title
  }

  get payload(): Approval {
    return this.#ask.payload
  }

  /** It can be answered here and now. */
  get isAnswerable(): boolean {
    return this.#ask.status === 'pending' || this.#ask.status === 'refused'
  }

  get isOver(): boolean {
    return !this.isAnswerable && this.#ask.status !== 'sending'
  }

  get answerGiven(): ApprovalAnswer | null {
    return this.#answer
  }

  get sentence(): string {
    return this.#status.textContent ?? ''
  }

  allowOnce(): void {
    this.#send({ decision: 'once' })
  }

  allowForRun(): void {
    this.#send({ decision: 'run' })
  }

  /** Opens the field for the reason. */
  beginDenial(): void {
    this.#denial.hidden = false
    this.#reason.focus()
  }

  update(surroundings: PromptSurroundings): void {
    const { status } = this.#ask
    this.element.dataset['status'] = status
    setText(this.#status, statusSentence(this.#ask, surroundings))
    if (status !== this.#shownStatus) this.#statusChanged(status)
    this.#actions.hidden = !this.isAnswerable
    this.#dismissal.hidden = !this.isOver
    this.tick()
  }

  /** The clock moves on. */
  tick(): void {
    const { expiresAt } = this.#ask
    this.#countdown.hidden = expiresAt === null || this.isOver
    if (expiresAt !== null) setText(this.#countdown, `${timeLeft(expiresAt, Date.now())} left`)
  }

  #statusChanged(status: Ask['status']): void {
    this.#shownStatus = status
    const reasonRefused = status === 'refused' && this.#answer?.decision === 'deny'
    if (reasonRefused && this.element.contains(document.activeElement)) this.beginDenial()
    else if (!this.isAnswerable) this.#denial.hidden = true
    this.#diff.open = !this.isOver
  }

  #makeActions(): HTMLElement {
    const { plural } = kinds[this.#ask.payload.kind]
    const once = makeButton('Allow once', () => this.allowOnce())
    const run = makeButton(`Allow every ${plural} in this run`, () => this.allowForRun())
    const deny = makeButton('Deny …', () => this.beginDenial())
    once.className = 'primary'
    deny.className = 'danger'
    for (const [button, key] of [
      [once, 'A'],
      [run, 'R'],
      [deny, 'D'],
    ] as const) {
      button.setAttribute('aria-keyshortcuts', key)
      button.append(' ', make('kbd', { text: key, 'aria-hidden': 'true' }))
    }
    return make('div', { className: 'actions' }, [once, run, deny])
  }

  #makeDenial(): HTMLFormElement {
    this.#reason.maxLength = maxReasonLength
    const send = make('button', { text: 'Deny', type: 'submit', className: 'danger' })
    const cancel = makeButton('Cancel', () => this.#endDenial())
    const form = make('form', { className: 'denial' }, [
      make('label', { text: 'Why not? ' }, [this.#reason]),
      send,
      cancel,
    ])
    form.hidden = true
    form.autocomplete = 'off'
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send({ decision: 'deny', reason: this.#reason.value })
    })
    form.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#endDenial()
    })
    return form
  }

  #endDenial(): void {
    this.#denial.hidden = true
    this.element.focus()
  }

  #send(answer: ApprovalAnswer): void {
    if (!this.isAnswerable) return
    this.#answer = answer
    // What comes of it is shown by the ask's status.
    this.#ask.answer(answer).catch(() => {})
    this.#listener.answered(this)
  }
}

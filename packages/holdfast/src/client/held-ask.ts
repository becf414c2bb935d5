import { isOver, stepPrompt, type PromptInput, type PromptState } from '../core/ask/prompt.ts'
import type { AskFrame } from '../core/wire/frames.ts'

/** An ask inside the client. */
export class HeldAsk {
  readonly id: string
  readonly method: string
  readonly payload: unknown
  expiresAt: number | null
  /** When it leaves the list; Infinity as long as it is not over. */
  leavesAt: number = Infinity
  readonly #controller = new AbortController()
  #state: PromptState = { name: 'pending' }

  constructor({ id, method, data }: AskFrame, expiresAt: number | null) {
    this.id = id
    this.method = method
    this.payload = data
    this.expiresAt = expiresAt
  }

  get state(): PromptState {
    return this.#state
  }

  get isOver(): boolean {
    return isOver(this.#state)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Returns whether the application can see a difference. */
  take(input: PromptInput): boolean {
    const before = this.#state
    this.#state = stepPrompt(before, input)
    return this.#state !== before && (this.#state.name !== 'sending' || before.name !== 'sending')
  }

  /** Tells the application, if it is over. */
  tellOver(): void {
    if (this.isOver) this.#controller.abort()
  }
}

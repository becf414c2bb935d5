import type { Answerer } from '../core/wire/frames.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import type { Ask, AskStatus } from './ask.ts'
import type { ClientCore } from './client-core.ts'
import type { HeldAsk } from './held-ask.ts'
import type { Operation, OperationOptions } from './operation.ts'

/** Keeps the client from being collected as long as somebody holds the ask. */
export class AskHandle implements Ask {
  readonly client: object
  readonly #core: ClientCore
  readonly #held: HeldAsk

  constructor(client: object, core: ClientCore, held: HeldAsk) {
    this.client = client
    this.#core = core
    this.#held = held
  }

  get id(): string {
    return this.#held.id
  }

  get method(): string {
    return this.#held.method
  }

  get payload(): unknown {
    return this.#held.payload
  }

  get status(): AskStatus {
    return this.#held.state.name
  }

  get expiresAt(): number | null {
    return this.#held.expiresAt
  }

  get error(): HoldfastError | null {
    const { state } = this.#held
    return state.name === 'refused' ? state.error : null
  }

  get answeredBy(): Answerer | null {
    const { state } = this.#held
    return 'by' in state ? state.by : null
  }

  get signal(): AbortSignal {
    return this.#held.signal
  }

  answer(value: unknown, options: OperationOptions = {}): Operation<void> {
    const operation = this.#core.asks.answer(this.#held, value, options)
    this.#core.wantedChanged()
    return operation as Operation<void>
  }

  dismiss(): void {
    this.#core.asks.dismiss(this.#held)
  }
}

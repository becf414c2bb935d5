import type { HoldfastError } from '../core/wire/errors.ts'
import { assertPositive } from '../core/wire/positive.ts'

/** The bounded buffer between a feed that pushes and an async iterator that pulls. */
export class EventBuffer<Event> {
  full: boolean = false
  readonly #capacity: number
  readonly #drained: () => void
  readonly #events: Event[] = []
  readonly #pulled: AsyncGenerator<Event, undefined> = this.#pull()
  /** The consumer waits: tells it to look again. */
  #wake: (() => void) | null = null
  #end: { readonly error: HoldfastError | null } | null = null

  /** @param drained called when a buffer that was full is half empty again */
  constructor(capacity: number, drained: () => void) {
    assertPositive('buffer', capacity)
    this.#capacity = capacity
    this.#drained = drained
  }

  push(event: Event): void {
    this.#events.push(event)
    this.full = this.#events.length >= this.#capacity && !this.#wake
    this.#lookAgain()
  }

  /** Nothing more comes; what is buffered is still yielded, then the error thrown if there is one. */
  end(error: HoldfastError | null): void {
    this.#end ??= { error }
    this.#lookAgain()
  }

  /** @param left called when the consumer leaves its loop; ends the buffer, so that no `next` waits for ever */
  iterator(left: () => void): AsyncIterator<Event, undefined> {
    return {
      next: () => this.#pulled.next(),
      return: () => {
        left()
        return this.#pulled.return(undefined)
      },
    }
  }

  async *#pull(): AsyncGenerator<Event, undefined> {
    for (;;) {
      const event = this.#events.shift()
      if (this.full && this.#events.length <= this.#capacity / 2) {
        this.full = false
        this.#drained()
      }
      if (event) yield event
      else if (this.#end?.error) throw this.#end.error
      else if (this.#end) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #lookAgain(): void {
    this.#wake?.()
    this.#wake = null
  }
}

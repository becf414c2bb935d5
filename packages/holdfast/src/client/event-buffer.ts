import type { HoldfastError } from '../core/wire/errors.ts'
import { assertPositive } from '../core/wire/positive.ts'

interface Waiter<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void
  readonly reject: (error: HoldfastError) => void
}

/** The bounded buffer between a feed that pushes and an async iterator that pulls. */
export class EventBuffer<Event> {
  readonly #capacity: number
  readonly #drained: () => void
  #events: Event[] = []
  #waiters: Waiter<Event>[] = []
  #full = false
  #end: { readonly error: HoldfastError | null } | null = null

  /** @param drained called when a buffer that was full is half empty again */
  constructor(capacity: number, drained: () => void) {
    assertPositive('buffer', capacity)
    this.#capacity = capacity
    this.#drained = drained
  }

  get full(): boolean {
    return this.#full
  }

  push(event: Event): void {
    const waiter = this.#waiters.shift()
    if (waiter) {
      waiter.resolve({ done: false, value: event })
      return
    }
    this.#events.push(event)
    this.#full = this.#events.length >= this.#capacity
  }

  /** Nothing more comes; what is buffered is still yielded, then the error thrown if there is one. */
  end(error: HoldfastError | null): void {
    this.#end ??= { error }
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter)
  }

  /** @param left called when the consumer leaves its loop */
  iterator(left: () => void): AsyncIterator<Event, undefined> {
    return {
      next: () => new Promise((resolve, reject) => this.#pull({ resolve, reject })),
      return: () => {
        this.#events = []
        left()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #pull(waiter: Waiter<Event>): void {
    const event = this.#events.shift()
    if (event !== undefined) {
      waiter.resolve({ done: false, value: event })
      this.#readAgain()
    } else if (this.#end) this.#finish(waiter)
    else this.#waiters.push(waiter)
  }

  #finish({ resolve, reject }: Waiter<Event>): void {
    if (this.#end?.error) reject(this.#end.error)
    else resolve({ done: true, value: undefined })
  }

  #readAgain(): void {
    if (!this.#full || this.#events.length > this.#capacity / 2) return
    this.#full = false
    this.#drained()
  }
}

import type { Client, HoldfastError } from 'holdfast/client'
import { noTodos, reduce, shown, type Todo, type Todos, type TodosEvent } from './todos.ts'

/** Where the list takes its timers from: in production the platform, in a test the clock of the simulation. */
export interface Timers {
  setTimer(callback: () => void, delayMs: number): unknown
}

/** The list on one device: shows a change at once, and what others did as soon as it is told. */
export class TodoList {
  readonly #client: Client
  readonly #timers: Timers
  #todos: Todos = noTodos
  #failure: HoldfastError | null = null

  constructor(client: Client, timers: Timers = platform) {
    this.#client = client
    this.#timers = timers
    const subscription = client.subscribe<Todo>(
      'todos',
      { from: 'now' },
      {
        message: ({ data }) => this.#apply({ type: 'changed', todo: data }),
        // Some changes will not be told: the whole list has them.
        gap: () => void this.#fetchAll(),
      },
    )
    // What was there before.
    subscription.ready.then(
      () => this.#fetchAll(),
      (error: HoldfastError) => {
        this.#failure = error
      },
    )
  }

  get shown(): readonly Todo[] {
    return shown(this.#todos)
  }

  /** Why the list may not be whole, for the page to say so; null if all is well. */
  get failure(): HoldfastError | null {
    return this.#failure
  }

  /** Changes an entry, or adds it; resolves with whether the hub is known to have done so. */
  async set(id: string, text: string, done: boolean): Promise<boolean> {
    const todo: Todo = { id, text, done, version: 0 }
    this.#apply({ type: 'wanted', todo })
    try {
      await this.#client.request('set', todo)
      return true
    } catch {
      return false
    } finally {
      this.#apply({ type: 'settled', todo })
    }
  }

  async #fetchAll(): Promise<void> {
    try {
      const todos = await this.#client.request<Todo[]>('list', null, { idempotent: true })
      this.#failure = null
      this.#apply({ type: 'listed', todos })
    } catch (error) {
      this.#failed(error as HoldfastError)
    }
  }

  /** Tries again where that can help, such as after a deadline that passed offline, and never at once. */
  #failed(error: HoldfastError): void {
    this.#failure = error
    if (error.retry) this.#timers.setTimer(() => void this.#fetchAll(), error.retryAfterMs ?? pauseMs)
  }

  #apply(event: TodosEvent): void {
    this.#todos = reduce(this.#todos, event)
  }
}

const pauseMs = 1_000

const platform: Timers = { setTimer: (callback, delayMs) => setTimeout(callback, delayMs) }

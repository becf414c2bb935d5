import type { Client, HoldfastError } from 'holdfast/client'
import { noTodos, reduce, shown, type Todo, type Todos, type TodosEvent } from './todos.ts'

/** The list on one device: shows a change at once, and what others did as soon as it is told. */
export class TodoList {
  readonly #client: Client
  #todos: Todos = noTodos

  constructor(client: Client) {
    this.#client = client
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
      () => {},
    )
  }

  get shown(): readonly Todo[] {
    return shown(this.#todos)
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
      this.#apply({ type: 'listed', todos })
    } catch (error) {
      if ((error as HoldfastError).code !== 'closed') await this.#fetchAll()
    }
  }

  #apply(event: TodosEvent): void {
    this.#todos = reduce(this.#todos, event)
  }
}

export interface Todo {
  readonly id: string
  readonly text: string
  readonly done: boolean
  /** Counts up with each change that the hub made. */
  readonly version: number
}

/** What a device knows of the list. */
export interface Todos {
  /** As the hub said last. */
  readonly known: ReadonlyMap<string, Todo>
  /** Shown already, although the hub has not answered yet: the newest wish for each entry. */
  readonly wanted: ReadonlyMap<string, Todo>
}

export type TodosEvent =
  /** The hub told of one entry. */
  | { readonly type: 'changed'; readonly todo: Todo }
  /** The hub told all there is. */
  | { readonly type: 'listed'; readonly todos: readonly Todo[] }
  /** The user changed an entry. */
  | { readonly type: 'wanted'; readonly todo: Todo }
  /** The hub answered, or will not. */
  | { readonly type: 'settled'; readonly todo: Todo }

export const noTodos: Todos = { known: new Map(), wanted: new Map() }

export function reduce({ known, wanted }: Todos, event: TodosEvent): Todos {
  switch (event.type) {
    case 'changed':
      return { known: newer(known, [event.todo]), wanted }
    case 'listed':
      return { known: newer(known, event.todos), wanted }
    case 'wanted':
      return { known, wanted: new Map([...wanted, [event.todo.id, event.todo]]) }
    case 'settled':
      return { known, wanted: without(wanted, event.todo) }
  }
}

/** What the page shows. */
export function shown({ known, wanted }: Todos): readonly Todo[] {
  return [...new Map([...known, ...wanted]).values()].sort((one, other) => (one.id < other.id ? -1 : 1))
}

/** An entry only ever moves on: whatever order news and lists arrive in, the newest stays. */
function newer(known: ReadonlyMap<string, Todo>, todos: readonly Todo[]): ReadonlyMap<string, Todo> {
  const merged = new Map(known)
  for (const todo of todos) {
    if (todo.version > (merged.get(todo.id)?.version ?? 0)) merged.set(todo.id, todo)
  }
  return merged
}

/** A later wish for the same entry stays. */
function without(wanted: ReadonlyMap<string, Todo>, todo: Todo): ReadonlyMap<string, Todo> {
  return new Map([...wanted].filter(([, other]) => other !== todo))
}

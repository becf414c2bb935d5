import { createHub, type Hub } from 'holdfast/server'
import type { Todo } from './todos.ts'

/** The application's database: it outlives the hub. */
export type Database = Map<string, Todo>

/** Serves the list. In production `create` is `createHub`; a test brings that of its simulation. */
export function startTodoHub(database: Database, create: typeof createHub = createHub): Hub {
  const hub = create({ authenticate: ({ token }) => ({ user: token }) })
  hub.onRequest('list', () => [...database.values()])
  hub.onRequest('set', async ({ id, text, done }: Todo) => {
    const todo = { id, text, done, version: (database.get(id)?.version ?? 0) + 1 }
    database.set(id, todo)
    await hub.publish('todos', todo)
  })
  return hub
}

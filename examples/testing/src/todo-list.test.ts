import { simulate } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { startTodoHub, type Database } from './todo-hub.ts'
import { TodoList } from './todo-list.ts'
import { shown } from './todos.ts'

test('all devices show what the database holds, whatever happens to connections and the hub', async () => {
  await simulate({ runs: 100 }, async (simulation) => {
    const { clock, random } = simulation
    const database: Database = new Map()
    simulation.startHub((createHub) => startTodoHub(database, createHub))
    const lists = ['ada', 'bob'].map((token) => new TodoList(simulation.connect({ token })))
    simulation.misbehave()
    for (let change = 1; change <= 30; change++) {
      void random.pick(lists).set(`todo ${random.integer(1, 8)}`, `change ${change}`, random.chance(0.5))
      await clock.advance(random.integer(0, 4_000))
    }
    await simulation.calm()
    for (const list of lists) expect(list.shown).toEqual(shown({ known: database, wanted: new Map() }))
  })
})

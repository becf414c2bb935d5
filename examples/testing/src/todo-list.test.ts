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
    const lists = ['ada', 'bob'].map((token) => new TodoList(simulation.connect({ token }), clock))
    simulation.misbehave()
    for (let change = 1; change <= 30; change++) {
      void random.pick(lists).set(`todo ${random.integer(1, 8)}`, `change ${change}`, random.chance(0.5))
      await clock.advance(random.integer(0, 4_000))
    }
    await simulation.calm()
    for (const list of lists) expect(list.shown).toEqual(shown({ known: database, wanted: new Map() }))
  })
})

test('a hub that cannot tell the list is asked once, and the page can say so', async () => {
  await simulate({}, async (simulation) => {
    let asked = 0
    simulation.startHub((createHub) =>
      createHub().onRequest('list', () => {
        asked++
        throw new Error('the database is gone')
      }),
    )
    const list = new TodoList(simulation.connect(), simulation.clock)
    await simulation.clock.advance(3_600_000)
    expect([asked, list.failure?.code]).toEqual([1, 'handler_failed'])
  })
})

test('a hub that does not answer in time is asked again, until it does', async () => {
  await simulate({}, async (simulation) => {
    const { clock, network } = simulation
    const database: Database = new Map([['milk', { id: 'milk', text: 'two', done: false, version: 1 }]])
    simulation.startHub((createHub) => startTodoHub(database, createHub))
    const client = simulation.connect({ token: 'ada' })
    const list = new TodoList(client, clock)
    await clock.until(() => client.pending > 0)
    network.refuse(client)
    network.cut(client)
    await clock.until(() => list.failure?.code === 'timeout')
    network.repair(client)
    await simulation.calm()
    expect([list.shown, list.failure]).toEqual([[...database.values()], null])
  })
})

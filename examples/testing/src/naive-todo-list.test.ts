import type { Client } from 'holdfast/client'
import { simulate, SimulationError, type MisbehaveOptions, type Simulation } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { startTodoHub, type Database } from './todo-hub.ts'
import type { Todo } from './todos.ts'

/** As lists are often written: it believes that it hears of everything. */
class NaiveTodoList {
  readonly shown = new Map<string, Todo>()

  constructor(client: Client) {
    client.subscribe<Todo>(
      'todos',
      { from: 'start' },
      {
        message: ({ data }) => this.shown.set(data.id, data),
        gap: () => {},
      },
    )
  }
}

async function change(simulation: Simulation, options?: MisbehaveOptions): Promise<void> {
  const database: Database = new Map()
  simulation.startHub((createHub) => startTodoHub(database, createHub))
  const [writer, reader] = [simulation.connect(), simulation.connect()]
  const list = new NaiveTodoList(reader)
  simulation.misbehave(options)
  for (let place = 1; place <= 30; place++) {
    writer.request('set', { id: `${place}`, text: 'new', done: false }).catch(() => {})
    await simulation.clock.advance(simulation.random.integer(0, 4_000))
  }
  await simulation.calm()
  expect([...list.shown.keys()].sort()).toEqual([...database.keys()].sort())
}

test('a list that ignores gaps is found out, and its seed finds it out again', async () => {
  const failed = await simulate({ runs: 100 }, change).catch((error: unknown) => error)
  if (!(failed instanceof SimulationError)) throw new Error('nothing was found')
  expect(failed.message).toContain(`HOLDFAST_SEED=${failed.seed}`)
  expect(failed.history.join()).toContain('hub: killed')
  const again = await simulate({ seed: failed.seed }, change).catch((error: unknown) => error)
  expect(again).toMatchObject({ message: failed.message, history: failed.history })
})

test('as long as no hub is killed and no page is left, it gets by', async () => {
  const harmless: MisbehaveOptions = { faults: ['cut', 'hold', 'slow', 'refuse'] }
  await simulate({ runs: 20 }, (simulation) => change(simulation, harmless))
})

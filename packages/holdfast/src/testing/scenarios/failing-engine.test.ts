import { expect } from 'vitest'
import { MemoryAsks } from '../../engines/memory/memory-asks.ts'
import { engineWith } from '../asked-world.ts'
import { overEachTransport } from '../over-each-transport.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

test('an engine that rejects is heard of as engine_failed, and harms nobody else', async () => {
  const engine = engineWith(new MemoryAsks())
  let away = false
  const orAway = <Value>(call: () => Promise<Value>): Promise<Value> =>
    away ? Promise.reject(new Error('the database is away')) : call()
  const pair = makePair({
    engine: () => ({
      ...engine,
      append: (entries) => orAway(() => engine.append(entries)),
      open: (topic) => orAway(() => engine.open(topic)),
    }),
  })
  const { client, links } = await pair.connected()
  away = true
  const publishes = [watchSettlement(client.publish('room', 1)), watchSettlement(pair.hub.publish('room', 2))]
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.advance(500)
  for (const publish of publishes) expect(publish).toMatchObject({ state: 'rejected', code: 'engine_failed' })
  expect(pair.logged.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['the engine could not append', 'the engine could not open a topic']),
  )
  away = false
  await pair.clock.settled(pair.hub.publish('room', 3))
  await pair.clock.until(() => topic.offsets.length === 1)
  expect(topic.errors).toEqual([])
  expect(links).toHaveLength(1)
})

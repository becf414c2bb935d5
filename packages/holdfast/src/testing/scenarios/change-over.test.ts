import { expect, test } from 'vitest'
import { makingPairs } from '../pair-fixture.ts'
import type { PairOptions } from '../pair.ts'

const makePair = makingPairs()

/** A client over WebSocket that has just been asked to change over to another transport. */
async function changing(to: 'sse' | 'long-poll', options: PairOptions = {}, token?: () => string) {
  const pair = makePair(options)
  const over = ['websocket', 'sse', 'long-poll'] as const
  const { client, links, states } = await pair.connected({ over, ...(token ? { token } : {}) })
  client.preferTransport(to)
  return { pair, client, links, states }
}

test.each(['sse', 'long-poll'] as const)(
  '[R48] a client that closes at any moment of a change to %s leaves no session behind',
  async (to) => {
    for (let afterMs = 0; afterMs <= 140; afterMs += 2) {
      const { pair, client } = await changing(to)
      await pair.clock.advance(afterMs)
      await pair.clock.settled(client.close())
      await pair.clock.advance(1_500)
      expect([afterMs, pair.hub.stats().sessions]).toEqual([afterMs, { live: 0, resting: 0 }])
    }
  },
)

test.each(['sse', 'long-poll'] as const)(
  '[R60] another wish at any moment of a change to %s breaks no link',
  async (to) => {
    for (let afterMs = 0; afterMs <= 140; afterMs += 2) {
      const { pair, client, states } = await changing(to)
      await pair.clock.advance(afterMs)
      client.preferTransport('websocket')
      await pair.clock.until(() => client.transport === 'websocket')
      await pair.clock.advance(3_000)
      expect([afterMs, client.transport]).toEqual([afterMs, 'websocket'])
      expect(states.map((change) => change.to).filter((state) => state === 'waiting')).toEqual([])
    }
  },
)

test.each(['sse', 'long-poll'] as const)(
  '[R60] while the hub is slow to check who comes over %s, operations go on over the link there is',
  async (to) => {
    let slow = false
    const { pair, client } = await changing(to, {
      hub: {
        authenticate: async ({ token }) => {
          if (slow) await new Promise(() => {})
          return { user: token }
        },
      },
    })
    slow = true
    await pair.clock.advance(200)
    await pair.clock.settled(client.publish('room', 'hello', { timeoutMs: 1_000 }))
    expect(client.transport).toBe('websocket')
  },
)

test.each(['sse', 'long-poll'] as const)(
  '[R17] [R60] acknowledgements that are lost with the link before, in a change to %s, fill nothing up',
  async (to) => {
    for (let afterMs = 0; afterMs <= 1_200; afterMs += 40) {
      const { pair, client } = await changing(to, {
        hub: { limits: { maxOpenOperations: 3 } },
        network: { latencyMs: 150 },
      })
      await pair.clock.advance(afterMs)
      const published = Promise.all(Array.from({ length: 9 }, (_, place) => client.publish('room', place)))
      await pair.clock.settled(published)
      expect([afterMs, client.state]).toEqual([afterMs, 'live'])
    }
  },
)

test.each([
  ['sse', 'stays'],
  ['sse', 'is cut at once'],
  ['long-poll', 'stays'],
  ['long-poll', 'is cut at once'],
] as const)(
  '[R17] [R60] numbers that a change to %s uses up in a new session harm nothing, where the link %s',
  async (to, fate) => {
    for (let afterMs = 0; afterMs <= 1_200; afterMs += 40) {
      let user = 'ana'
      const { pair, client, links } = await changing(
        to,
        {
          hub: { limits: { maxOpenOperations: 3 }, authenticate: ({ token }) => ({ user: token }) },
          network: { latencyMs: 150 },
        },
        () => user,
      )
      user = 'ben'
      await pair.clock.advance(afterMs)
      const published = Array.from({ length: 9 }, (_, place) => client.publish('room', place))
      const settled = Promise.allSettled(published)
      await pair.clock.until(() => client.transport === to || client.state === 'closed')
      if (fate === 'is cut at once') links.at(-1)?.cut()
      await pair.clock.settled(settled)
      await pair.clock.settled(client.publish('room', 'more'))
      expect([afterMs, client.state]).toEqual([afterMs, 'live'])
    }
  },
)

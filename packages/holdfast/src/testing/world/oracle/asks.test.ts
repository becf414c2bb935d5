import { expect, it } from 'vitest'
import { live } from '../live.ts'
import type { Step, WorldSettings } from '../schedule.ts'

const settings: WorldSettings = {
  clients: [{ over: ['websocket'], user: 'ana' }],
  topics: ['red'],
  retainedMessages: 30,
  sessionTtlMs: 120_000,
  maxOpenOperations: 1_024,
  outboxOperations: 1_000,
  tokenLifeMs: null,
  network: { latencyMs: 100 },
  authorizingMs: 0,
  engineMs: 0,
  concludingMs: 0,
  lastingAsks: false,
  asksAgain: false,
  quietMs: 0,
}

it('an answer that was taken by a hub that died before it could say so, the next hub may refuse', async () => {
  const steps: Step[] = [
    { at: 2_000, do: 'ask', token: 'q', users: ['ana'], keyed: true, judgedMs: 0, rejections: 0 },
    { at: 2_900, do: 'vanish', client: 0, directions: ['down'] },
    { at: 3_000, do: 'answer', client: 0, ask: 0, token: 'a' },
    { at: 3_150, do: 'killHub', downMs: 500 },
  ]
  expect(await live({ seed: 1, settings, steps })).toEqual([])
})

it.each([
  ['for as long as it lets an answer wait, it may be too late', 30_000],
  ['for a moment, it has to be told who was first', 10],
])('an answer that waits behind another one while the hub stands still %s', async (_, ms) => {
  const [client] = settings.clients
  if (!client) throw new Error('the world has no client')
  const steps: Step[] = [
    { at: 1_000, do: 'ask', token: 'q', users: ['ana'], keyed: true, judgedMs: 0, rejections: 0 },
    { at: 3_000, do: 'answer', client: 0, ask: 0, token: 'a' },
    { at: 3_000, do: 'answer', client: 1, ask: 0, token: 'b' },
    { at: 3_250, do: 'pauseHub', ms },
  ]
  const both = { ...settings, clients: [client, client], concludingMs: 200 }
  expect(await live({ seed: 1, settings: both, steps })).toEqual([])
})

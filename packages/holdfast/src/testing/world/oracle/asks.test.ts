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

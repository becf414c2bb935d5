import { expect, it } from 'vitest'
import { run } from './run.ts'

it(
  'loses nothing in silence and repeats nothing, over real sockets and a hub that is killed and paused',
  {
    timeout: 300_000,
  },
  async () => {
    const violated: string[] = []
    const report = await run({
      seed: 1,
      clients: 20,
      durationMs: 8_000,
      actionsPerSecond: 25,
      faultsPerSecond: 3,
      killEveryMs: 3_500,
      longestPauseMs: 1_500,
      least: { cuts: 6, kills: 2, pauses: 1 },
      violated: ({ client, what }, events) => violated.push(`client ${client}: ${what}\n${events}`),
    })
    expect(violated).toEqual([])
    expect(report.losses).toEqual({ lostInSilence: 0, repeated: 0 })
    expect(report.violations).toEqual([])
    const { acknowledged, delivered } = report.messages
    expect(acknowledged).toBeGreaterThan(0)
    expect(delivered).toBeGreaterThan(acknowledged)
  },
)

import { expect, test } from 'vitest'
import { soak } from './soak.ts'
import { verdictOn } from './verdict.ts'

test(
  'listeners, descriptors and timers that an application leaks are found, and nothing else is',
  { timeout: 90_000 },
  async () => {
    const twoRounds = { forMs: 0, roundMs: 1_500, leastRounds: 2 }
    const { samples, churned } = await soak({ ...twoRounds, leaks: 'listeners,descriptors,timers' })
    const failed = verdictOn(samples, churned).findings.filter(({ passed }) => !passed)
    // Of a heap two samples tell nothing.
    expect(failed.map(({ what }) => what).filter((what) => !what.includes('heap'))).toEqual([
      expect.stringContaining('server: descriptors not as before'),
      expect.stringContaining('server: handles not as before'),
      expect.stringContaining('server: listeners not as before'),
    ])
  },
)

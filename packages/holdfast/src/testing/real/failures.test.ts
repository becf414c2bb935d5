import { expect, it } from 'vitest'
import { failuresOf } from './failures.ts'

const kept = { violations: [], losses: { lostInSilence: 0, repeated: 0 }, cuts: 10, kills: 10 }

it('a run in which every promise was kept, and enough went wrong, has not failed', () => {
  expect(failuresOf(kept, 10)).toEqual([])
  expect(failuresOf({ ...kept, cuts: 1, kills: 1 }, 0.1)).toEqual([])
})

it('a run in which too little went wrong has failed, and says what it wanted', () => {
  expect(failuresOf({ ...kept, cuts: 9 }, 10.9)).toEqual(['9 cuts, wanted at least 10'])
  expect(failuresOf({ ...kept, kills: 0 }, 0.1)).toEqual(['0 SIGKILLs, wanted at least 1'])
})

it('a promise that was not kept is a failure', () => {
  const violation = { promise: 'asks', client: null, at: 0, what: 'was concluded twice' } as const
  expect(failuresOf({ ...kept, violations: [violation] }, 1)).toEqual(['1 violations'])
  const losses = { lostInSilence: 2, repeated: 3 }
  expect(failuresOf({ ...kept, losses }, 1)).toEqual(['2 lost in silence', '3 repeated'])
})

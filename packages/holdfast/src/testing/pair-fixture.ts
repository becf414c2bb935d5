import { afterEach, expect } from 'vitest'
import { Pair, type PairOptions } from './pair.ts'

/** Makes pairs; after each test everything is closed, and nothing may be left. */
export function makingPairs(): (options?: PairOptions) => Pair {
  const pairs: Pair[] = []
  afterEach(async () => {
    const left = await Promise.all(pairs.splice(0).map((pair) => pair.leftovers()))
    expect(left.flat()).toEqual([])
  })
  return (options) => {
    const pair = new Pair(options)
    pairs.push(pair)
    return pair
  }
}

import { generate } from '../world/generate.ts'
import { live, trace } from '../world/live.ts'
import { shrink } from '../world/shrink.ts'

/** What a simulation loads, from the sources as they are or with a mutant in them. */
export interface WorldModule {
  readonly world: {
    readonly generate: typeof generate
    readonly live: typeof live
    readonly trace: typeof trace
    readonly shrink: typeof shrink
  }
}

export const world: WorldModule['world'] = { generate, live, trace, shrink }

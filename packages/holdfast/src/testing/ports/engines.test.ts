import { askStoreSuite } from './ask-store-suite.ts'
import { engineSuite } from './engine-suite.ts'
import { Chronicle } from '../world/chronicle.ts'
import { slowEngine, type Delay } from '../world/slow-engine.ts'

// The oracle believes what this engine writes down: it has to be one.
engineSuite('the engine of simulated worlds', () => new Chronicle().engine())
askStoreSuite('the asks of simulated worlds', () => new Chronicle().engine().asks)
engineSuite('an engine that takes its time', () => slowEngine(new Chronicle().engine(), shorterAndShorter()))

/** Each batch is ready before the one before it. */
function shorterAndShorter(): Delay {
  let turns = 12
  return async () => {
    for (let left = (turns = Math.max(turns - 4, 0)); left > 0; left--) await Promise.resolve()
  }
}

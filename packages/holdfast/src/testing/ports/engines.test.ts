import { askStoreSuite } from './ask-store-suite.ts'
import { engineSuite } from './engine-suite.ts'
import { Chronicle } from '../world/chronicle.ts'

// The oracle believes what this engine writes down: it has to be one.
engineSuite('the engine of simulated worlds', () => new Chronicle().engine())
askStoreSuite('the asks of simulated worlds', () => new Chronicle().engine().asks)

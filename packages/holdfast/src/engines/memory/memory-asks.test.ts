import { askStoreSuite } from '../../testing/ports/ask-store-suite.ts'
import { MemoryAsks } from './memory-asks.ts'

askStoreSuite('asks in memory', () => new MemoryAsks())

import type { Mutant } from './mutant.ts'
import { mutantsOfAsks } from './of-asks.ts'
import { mutantsOfLinks } from './of-links.ts'
import { mutantsOfOperations } from './of-operations.ts'
import { mutantsOfTopics } from './of-topics.ts'

/** Bugs as they were made in real systems. A simulation that doesn't find them proves nothing. */
export const mutants: readonly Mutant[] = [
  ...mutantsOfLinks,
  ...mutantsOfOperations,
  ...mutantsOfTopics,
  ...mutantsOfAsks,
]

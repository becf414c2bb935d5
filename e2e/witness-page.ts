import { Witness } from './witness.ts'

declare global {
  var witness: Witness
}

// A page's clock begins with its load.
globalThis.witness = new Witness('/holdfast', 0)

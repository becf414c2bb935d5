/** A place in a topic, as Holdfast gives it. The contract has no dependency, so it says for itself what that is. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

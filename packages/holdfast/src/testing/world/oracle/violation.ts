/** What was promised: the oracle has a file for each, and `ending` is what has to hold when the faults have stopped. */
export type PromiseName =
  | 'subscriptions'
  | 'operations'
  | 'asks'
  | 'links'
  | 'sessions'
  | 'rights'
  | 'heartbeats'
  | 'closing'
  | 'memory'
  | 'protocol'
  | 'ending'
  /** None: what is tested, or the world itself, threw where nobody expects it. */
  | 'crash'

/** A promise that was not kept. */
export interface Violation {
  readonly promise: PromiseName
  /** In milliseconds since the world began. */
  readonly at: number
  /** The client it concerns, by its place; null: the hub, or all. */
  readonly client: number | null
  readonly what: string
}

/** Takes what was found. */
export type Report = (client: number | null, what: string) => void

/** How an ask ended. */
export type Conclusion =
  | {
      readonly status: 'answered'
      /** The answer as JSON text. */
      readonly value: string
      readonly user: string
      /** The id of the session that answered. */
      readonly session: string
      /** A digest of the answering client's producer id, by which its own answer is recognised when it comes again. */
      readonly producer: string
      /** In milliseconds since 1970. */
      readonly time: number
    }
  | { readonly status: 'cancelled' | 'expired'; readonly time: number }

/** A question as it is kept. */
export interface StoredAsk {
  /** For an ask with a key it follows from tenant, key, method and data; else it is random. */
  readonly id: string
  readonly tenant: string | null
  /** Without a key nobody can ask it again: a store that outlives the process may drop it then. */
  readonly key: string | null
  readonly method: string
  /** The payload as JSON text. */
  readonly data: string
  /** Who is asked. */
  readonly users: readonly string[]
  /** Whoever asked wants to judge answers; until it is there, they wait. */
  readonly validated: boolean
  /** In milliseconds since 1970, or null. */
  readonly expiresAt: number | null
  /** Null while it is pending. */
  readonly conclusion: Conclusion | null
}

/**
 * Where asks are kept: the part of an engine that decides which answer was first. What it keeps through the end of the
 * process, asks outlive. Rejecting means that it was not done; the hub says `engine_failed`. Calls that concern one ask take effect in
 * the order in which they are made.
 */
export interface AskStore {
  /** All asks that are kept. Called once, before anything else. */
  load(): Promise<readonly StoredAsk[]>
  /** Keeps a pending ask, in the place of one with the same id. Resolves once it is as durable as the store is. */
  open(ask: StoredAsk): Promise<void>
  /** Adds users to a pending ask. */
  addUsers(id: string, users: readonly string[]): Promise<void>
  /** Compare-and-set: concludes the ask if it is pending. Resolves with the conclusion that stands. */
  conclude(id: string, conclusion: Conclusion): Promise<Conclusion>
  /** The hub no longer needs it. */
  forget(id: string): Promise<void>
}

import type { OperationStatus } from '../../../client/operation.ts'
import type { HoldfastError } from '../../../core/wire/errors.ts'
import type { Handling, OperationChoices } from '../schedule.ts'
import type { JudgedClient } from './witnesses.ts'

export interface AttemptDescription extends OperationChoices {
  readonly kind: 'publish' | 'request' | 'hubRequest' | 'hubPublish'
  /** The client that makes it, or is asked; null: the hub publishes. */
  readonly device: JudgedClient | null
  /** The session that the hub asks. */
  readonly session?: string
  readonly topic: string
  readonly idempotent: boolean
  readonly handling: Handling | null
}

export type Ending =
  | { readonly kind: 'resolved'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly error: HoldfastError }

/** An operation that somebody makes, and what its caller is told. */
export class Attempt {
  readonly described: AttemptDescription
  readonly startedAt: number
  /** In which life of the hub it was made. */
  readonly life: number
  /** In the order in which all attempts were made. */
  readonly order: number
  aborted = false
  /** The session under which it was handed to a link last; null: it never was. */
  handedIn: string | null = null
  status: OperationStatus | 'made' = 'made'
  ending: Ending | null = null
  /** Its caller died with the hub's process. */
  forgotten = false

  constructor(described: AttemptDescription, startedAt: number, life: number, order: number) {
    this.described = described
    this.startedAt = startedAt
    this.life = life
    this.order = order
  }

  get pending(): boolean {
    return this.ending === null && !this.forgotten
  }

  /** Made by the hub's own process. */
  get ofHub(): boolean {
    return this.described.kind === 'hubRequest' || this.described.kind === 'hubPublish'
  }

  describe(): string {
    const { kind, token, idempotent } = this.described
    const ending = this.ending
    let told: string = this.status
    if (ending?.kind === 'resolved') told = `resolved with ${JSON.stringify(ending.value)}`
    if (ending?.kind === 'rejected') told = `rejected with ${ending.error.code}, ${ending.error.outcome}`
    return `${kind} ${token}${idempotent ? ' (idempotent)' : ''}, ${told}`
  }
}

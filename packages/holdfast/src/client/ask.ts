import type { HoldfastError } from '../core/wire/errors.ts'
import type { Answerer } from '../core/wire/frames.ts'
import type { Operation, OperationOptions } from './operation.ts'

/**
 * Where an ask is on this device. `pending`: it can be answered. `sending`: an answer is on its way. `refused`: the last
 * answer was not taken, see `error`; it can be answered again. The others are over; if the hub asks again, that is another
 * `Ask`. `accepted`: this device's answer was taken. `answered_elsewhere`: as long as `answeredBy` is null it can still turn out
 * that an earlier answer of this device had been taken, and become `accepted`. `cancelled`, `expired`. `unknown`: the hub no longer knows it, the user has changed, or the
 * client is closed.
 */
export type AskStatus =
  | 'pending'
  | 'sending'
  | 'refused'
  | 'accepted'
  | 'answered_elsewhere'
  | 'cancelled'
  | 'expired'
  | 'unknown'

/** A question to this client's user. One object for its life: `status` and what belongs to it change. */
export interface Ask<Payload = unknown> {
  readonly id: string
  readonly method: string
  readonly payload: Payload
  readonly status: AskStatus
  /**
   * When the hub stops waiting, in milliseconds since 1970 by this machine's clock; null: never. For display: the hub
   * decides, and `status` tells.
   */
  readonly expiresAt: number | null
  /** With `refused`: why. */
  readonly error: HoldfastError | null
  /** Who answered, once that is known. */
  readonly answeredBy: Answerer | null
  /** Fires when the ask is over, whoever answered. */
  readonly signal: AbortSignal
  /**
   * Answers, also while there is no link: the answer is delivered with the next one, and again if the hub lost its memory
   * of it. Resolves if it was the first; rejects with a HoldfastError: `already_answered`, `ask_expired`, `ask_cancelled`,
   * `ask_unknown`, `rejected` with the validator's reason, … With outcome `not_sent` and one of those codes if the ask is
   * over or another answer is on its way. With `data_invalid`, if JSON would alter the value, and whatever else refuses it
   * before it is queued, the ask stays as it was. With `timeout` or `aborted` the answer may have been taken: the ask is
   * `refused` until the hub tells.
   * After a restart in which the hub lost its memory, an answer that it had taken can be refused too, for example with `ask_unknown`.
   */
  answer(value: unknown, options?: Omit<OperationOptions, 'idempotent'>): Operation<void>
  /** Takes an ask that is over out of the list before its time. */
  dismiss(): void
}

import { assertPositive } from '../../core/wire/positive.ts'
import type { AskedUsers, AskOptions } from './ask.ts'

/** A question that is sound and can be asked. */
export interface Question {
  readonly id: string
  readonly tenant: string | null
  readonly users: readonly string[]
  readonly method: string
  /** The payload as JSON text. */
  readonly data: string
  readonly options: AskOptions
}

/** @throws TypeError if nobody is named, or somebody who cannot be: anonymous sessions have no asks [R62] */
export function usersOf(target: AskedUsers): readonly string[] {
  const { user, users } = target as { user?: unknown; users?: unknown }
  const named: readonly unknown[] = Array.isArray(users) ? users : [user]
  const sound = named.length > 0 && named.every((name) => typeof name === 'string')
  if (!sound || (user !== undefined && users !== undefined)) {
    throw new TypeError('an ask is to { user } or { users }, by their names')
  }
  return [...new Set(named)]
}

/** @throws TypeError */
export function assertAskOptions({ key, deadlineMs, validate }: AskOptions): void {
  assertPositive('deadlineMs', deadlineMs)
  if (key !== undefined && typeof key !== 'string') throw new TypeError('key must be a string')
  if (validate !== undefined && typeof validate !== 'function') {
    throw new TypeError('validate must be a function')
  }
}

import { assertPositive } from '../../core/wire/positive.ts'
import type { AskedUsers, AskOptions, AskTarget } from './ask.ts'

/** An ask that is sound and can be asked. */
export interface NewAsk {
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
export function assertAskOptions(
  { tenant = null }: AskTarget,
  { key, deadlineMs, validate }: AskOptions,
): void {
  assertPositive('deadlineMs', deadlineMs)
  if (tenant !== null && typeof tenant !== 'string') throw new TypeError('tenant must be a string or null')
  if (key !== undefined && typeof key !== 'string') throw new TypeError('key must be a string')
  if (validate !== undefined && typeof validate !== 'function') {
    throw new TypeError('validate must be a function')
  }
}

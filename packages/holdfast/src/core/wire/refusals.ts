import type { ErrorCode } from './error-codes.ts'
import { HoldfastError } from './errors.ts'
import { maxJsonDepth, pathOfLoss } from './json.ts'
import { isName } from './names.ts'

/** An operation is refused in the caller's hands. */
export function notSent(code: ErrorCode, message?: string): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'not_sent' })
}

/** Why an operation with this topic or method and this data cannot be sent, or null. */
export function refusalOf(
  code: 'topic_invalid' | 'method_invalid',
  name: unknown,
  data: unknown,
): HoldfastError | null {
  return isName(name) ? dataRefusal(data) : notSent(code)
}

/** Data is JSON; what JSON would alter is refused. `depth`: how many levels its frame has room for [R4]. */
export function dataRefusal(
  data: unknown,
  name: string = 'data',
  depth: number = maxJsonDepth - 1,
): HoldfastError | null {
  try {
    const path = pathOfLoss(data, name, depth)
    return path === null ? null : notSent('data_invalid', `JSON would alter ${path}.`)
  } catch (cause) {
    return new HoldfastError('data_invalid', undefined, { outcome: 'not_sent', cause })
  }
}

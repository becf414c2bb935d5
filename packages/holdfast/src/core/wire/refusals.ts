import type { ErrorCode } from './error-codes.ts'
import { HoldfastError } from './errors.ts'
import { lossyJsonProblem } from './json.ts'
import { nameProblem } from './names.ts'

/** An operation is refused in the caller's hands. */
export function notSent(code: ErrorCode, message: string): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'not_sent' })
}

export function nameRefusal(code: 'topic_invalid' | 'method_invalid', name: unknown): HoldfastError | null {
  const problem = nameProblem(name)
  return problem ? notSent(code, `The ${code === 'topic_invalid' ? 'topic' : 'method'} ${problem}.`) : null
}

/** Data is JSON; what JSON would alter is refused. */
export function dataRefusal(data: unknown): HoldfastError | null {
  try {
    const problem = lossyJsonProblem(data)
    return problem ? notSent('data_invalid', problem) : null
  } catch (cause) {
    return new HoldfastError('data_invalid', 'The data cannot be read.', { outcome: 'not_sent', cause })
  }
}

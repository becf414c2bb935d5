import { HoldfastError } from '../wire/errors.ts'
import type { ErrorCode } from '../wire/error-codes.ts'
import type { ResultFrame, WireError } from '../wire/frames.ts'
import { lossyJsonProblem, maxJsonDepth } from '../wire/json.ts'

/** The text of a `result` frame for a value; a handler that returns nothing replies null. */
export function valueResult(number: number, value: unknown): string {
  return JSON.stringify({ type: 'result', number, value: value ?? null })
}

export function errorResult(number: number, code: ErrorCode, message: string): string {
  return JSON.stringify({ type: 'result', number, error: { code, message } })
}

/** The result of a request handler that returned, and what has to be reported on this side if it is not sound. */
export function returnedResult(number: number, value: unknown): { text: string; defect: unknown } {
  const problem = value === undefined ? null : lossyJsonProblem(value, 'the reply')
  if (problem === null) return { text: valueResult(number, value), defect: null }
  return { text: handlerFailed(number), defect: new TypeError(problem) }
}

/** The data of a rejection lies two levels deep in its frame [R4]. */
const rejectionDataDepth = maxJsonDepth - 2

/** The result of a request handler that threw: a `rejection` travels, anything else stays on this side. */
export function thrownResult(number: number, thrown: unknown): { text: string; defect: unknown } {
  const refusal = thrown instanceof Error && 'code' in thrown && thrown.code === 'rejected'
  if (!refusal) return { text: handlerFailed(number), defect: thrown }
  const { message, reason, data } = thrown as HoldfastError
  const problem =
    data === undefined ? null : lossyJsonProblem(data, 'the data of the rejection', rejectionDataDepth)
  if (problem !== null) return { text: handlerFailed(number), defect: new TypeError(problem) }
  const error: WireError = {
    code: 'rejected',
    message,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(data === undefined ? {} : { data }),
  }
  return { text: JSON.stringify({ type: 'result', number, error }), defect: null }
}

const handlerFailed = (number: number): string => errorResult(number, 'handler_failed', 'The handler failed.')

/** What the producer of an operation gets for a `result` frame that carries an error. */
export function replyError({
  code,
  message,
  reason,
  data,
}: NonNullable<ResultFrame['error']>): HoldfastError {
  return new HoldfastError(code, message, {
    outcome: 'replied',
    ...(reason === undefined ? {} : { reason }),
    ...(data === undefined ? {} : { data }),
  })
}

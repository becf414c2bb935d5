import { HoldfastError } from '../wire/errors.ts'
import type { ErrorCode } from '../wire/error-codes.ts'
import type { WireError } from '../wire/frames.ts'
import { maxJsonDepth } from '../wire/json.ts'
import { utf8Length } from '../wire/names.ts'
import { dataRefusal } from '../wire/refusals.ts'

/** The text of a `result` frame for a value; a handler that returns nothing replies null. */
export function valueResult(number: number, value: unknown): string {
  return JSON.stringify({ type: 'result', number, value: value ?? null })
}

export function errorResult(number: number, code: ErrorCode, message: string): string {
  return JSON.stringify({ type: 'result', number, error: { code, message } })
}

/** What came of a request handler, as a `result` frame. */
export interface HandlerResult {
  readonly text: string
  /** What has to be reported on this side, because the other is only told that the handler failed; else null. */
  readonly defect: unknown
}

/** @param maxBytes larger results are refused: a peer that does not take one would lose link after link over it */
export function returnedResult(number: number, value: unknown, maxBytes: number): HandlerResult {
  const refusal = value === undefined ? null : dataRefusal(value, 'the reply')
  if (refusal) return defective(number, refusal)
  return fitting(number, valueResult(number, value), maxBytes)
}

/** The data of a rejection lies two levels deep in its frame [R4]. */
const rejectionDataDepth = maxJsonDepth - 2

/** The result of a request handler that threw: a `rejection` travels, anything else stays on this side. */
export function thrownResult(number: number, thrown: unknown, maxBytes: number): HandlerResult {
  try {
    const error = rejectionOf(thrown)
    if (!error) return defective(number, thrown)
    return fitting(number, JSON.stringify({ type: 'result', number, error }), maxBytes)
  } catch (defect) {
    // What is thrown can be anything, also something that throws when it is looked at.
    return defective(number, defect)
  }
}

/** @throws HoldfastError for data that JSON would alter */
function rejectionOf(thrown: unknown): WireError | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'rejected') return null
  const { message, reason, data } = thrown as HoldfastError
  const refusal =
    data === undefined ? null : dataRefusal(data, 'the data of the rejection', rejectionDataDepth)
  if (refusal) throw refusal
  return {
    code: 'rejected',
    message: typeof message === 'string' ? message : 'Rejected.',
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(data === undefined ? {} : { data }),
  }
}

const defective = (number: number, defect: unknown): HandlerResult => ({
  text: errorResult(number, 'handler_failed', 'The handler failed.'),
  defect,
})

function fitting(number: number, text: string, maxBytes: number): HandlerResult {
  if (utf8Length(text) <= maxBytes) return { text, defect: null }
  const problem = `The reply is larger than the ${maxBytes} bytes that are taken.`
  return { text: errorResult(number, 'message_too_large', problem), defect: new RangeError(problem) }
}

/** What the producer of an operation gets for a `result` frame that carries an error. */
export function replyError({ code, message, reason, data }: WireError): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'replied', reason, data })
}

import type { ErrorCode } from '../wire/error-codes.ts'
import { HoldfastError } from '../wire/errors.ts'
import type { WireError } from '../wire/frames.ts'
import { maxJsonDepth } from '../wire/json.ts'
import { utf8Length } from '../wire/names.ts'
import { dataRefusal, notSent } from '../wire/refusals.ts'

/** The text of a `result` frame for a value; a handler that returns nothing replies null. */
export function valueResult(number: number, value: unknown): string {
  return JSON.stringify({ type: 'result', number, value: value ?? null })
}

export function errorResult(number: number, code: ErrorCode, message: string = code): string {
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
  const refusal = dataRefusal(value ?? null, 'reply')
  return refusal ? defective(number, refusal) : fitting(number, valueResult(number, value), maxBytes)
}

/** The data of a rejection lies two levels deep in its frame [R4]. */
const rejectionDataDepth = maxJsonDepth - 2

/** What `rejection` makes, if nobody changed it. */
type Rejection = Record<'code' | 'message' | 'reason' | 'data', unknown>

/** The result of a request handler that threw: a `rejection` travels, anything else stays on this side. */
export function thrownResult(number: number, thrown: unknown, maxBytes: number): HandlerResult {
  try {
    const { code, message, reason, data } = thrown as Partial<Rejection>
    if (code !== 'rejected' || !(thrown instanceof Error)) return defective(number, thrown)
    const refusal = dataRefusal(data ?? null, 'data', rejectionDataDepth)
    if (refusal) return defective(number, refusal)
    const error = {
      code,
      message: String(message),
      reason: typeof reason === 'string' ? reason : undefined,
      data,
    }
    return fitting(number, JSON.stringify({ type: 'result', number, error }), maxBytes)
  } catch {
    // What is thrown can be anything, also nothing, or something that throws when it is looked at.
    return defective(number, thrown)
  }
}

const defective = (number: number, defect: unknown): HandlerResult => ({
  text: errorResult(number, 'handler_failed'),
  defect,
})

function fitting(number: number, text: string, maxBytes: number): HandlerResult {
  if (utf8Length(text) <= maxBytes) return { text, defect: null }
  const defect = notSent('message_too_large', `${maxBytes} bytes are taken`)
  return { text: errorResult(number, defect.code, defect.message), defect }
}

/** What the producer of an operation gets for a `result` frame that carries an error. */
export function replyError({ code, message, reason, data }: WireError): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'replied', reason, data })
}

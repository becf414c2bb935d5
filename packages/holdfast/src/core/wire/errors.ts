import type { ErrorCode } from './error-codes.ts'

/**
 * What the caller can know of an operation that failed:
 * `not_sent` it never left, so it was not executed; `unknown` it was handed over and may have been executed;
 * `replied` the other side answered with this error.
 */
export type Outcome = 'not_sent' | 'unknown' | 'replied'

export interface ErrorDetails {
  readonly outcome?: Outcome
  /** Whether trying the same again can help; by default what the error table says of the code. */
  readonly retry?: boolean
  /** How long to wait before that, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** With code `rejected`: the reason that the handler gave. */
  readonly reason?: string | undefined
  /** With code `rejected`: what the handler attached. */
  readonly data?: unknown
  readonly cause?: unknown
}

/** The codes after which trying the same again can help, but for those of links: the end of a link says it itself. */
const retryable = new Set<string>([
  'authorize_failed',
  'topic_limit',
  'engine_failed',
  'overloaded',
  'timeout',
  'ask_limit',
  'identity_changed',
  'attempts_exhausted',
  'outbox_full',
] satisfies ErrorCode[])

/** An expected failure. Tell them apart by `code`, a literal of the error table in PROTOCOL.md. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  declare readonly code: ErrorCode
  declare readonly outcome: Outcome | undefined
  declare readonly retry: boolean
  declare readonly retryAfterMs: number | undefined
  declare readonly reason: string | undefined
  declare readonly data: unknown

  /** @param message by default the code, which the error table explains */
  constructor(code: ErrorCode, message: string = code, details?: ErrorDetails) {
    super(message)
    Object.assign(this, { code, retry: retryable.has(code) }, details)
  }
}

/**
 * Makes the error a request handler throws to refuse with a reason of the application's own.
 * The caller gets a `HoldfastError` with code `rejected`, this reason, message and data. Whatever else a handler throws
 * reaches the caller as `handler_failed` without its message, so that nothing internal leaks.
 */
export function rejection(reason: string, message: string = reason, data?: unknown): HoldfastError {
  return new HoldfastError('rejected', message, { outcome: 'replied', reason, data })
}

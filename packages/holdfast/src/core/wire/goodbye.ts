import type { LinkErrorCode } from './error-codes.ts'

/** How the hub ends a link; what its `goodbye` says [R43]. */
export interface Goodbye {
  readonly code: LinkErrorCode
  readonly message: string
  /** Whether the client may come back by itself. */
  readonly retry: boolean
  /** When it may, in milliseconds; wins over the client's own backoff. */
  readonly retryAfterMs?: number
  /**
   * Set when the session ends with the link: the highest number that was started. Operations with higher numbers were
   * not executed and never will be, so the client may send them anew [R43].
   */
  readonly received?: number
}

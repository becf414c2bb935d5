import type { Answerer } from '../../core/wire/frames.ts'
import type { SessionInfo } from '../options.ts'

/** Users by their names. */
export type AskedUsers = { readonly user: string } | { readonly users: readonly string[] }

/** Who is asked. */
export type AskTarget = AskedUsers & {
  /** The tenant of the users. Default null. */
  readonly tenant?: string | null
}

export interface AskOptions {
  /**
   * Makes asking again harmless: as long as an ask with this key is pending, it is the same ask, and once answered it has the
   * same answer, for `timeouts.endedAskTtlMs` or until `limits.maxEndedAsks` pushes it out. The users named are added, the first deadline
   * holds, the latest `validate` judges. A key is no secret to those who are asked. Default: none.
   */
  readonly key?: string
  /** How long an answer is waited for, in milliseconds. Default: for ever. */
  readonly deadlineMs?: number
  /** Withdraws; when nobody waits for the ask any more, it is cancelled on all devices. */
  readonly signal?: AbortSignal
  /**
   * Judges an answer: true takes it if it is the first. False, or throwing a `rejection`, refuses it with `rejected` and the
   * ask goes on; anything else thrown is `handler_failed` to the device and logged. The signal fires when the verdict is
   * no longer needed. Default: every answer is taken.
   */
  readonly validate?: (
    answer: unknown,
    context: { readonly session: SessionInfo; readonly signal: AbortSignal },
  ) => boolean | Promise<boolean>
}

/** The answer that was first. */
export interface Answer<Value = unknown> extends Answerer {
  readonly value: Value
}

/** A promise of the answer. */
export interface PendingAsk<Value = unknown> extends Promise<Answer<Value>> {
  /** By which devices and `hub.asks()` name it. */
  readonly id: string
}

/** A pending ask, as the application sees it. */
export interface AskSummary {
  readonly id: string
  readonly key: string | null
  readonly tenant: string | null
  readonly users: readonly string[]
  readonly method: string
  readonly payload: unknown
  /** In milliseconds since 1970, or null. */
  readonly expiresAt: number | null
}

/** How an ask ends. */
export type AskEnd = 'answered' | 'cancelled' | 'expired'

/** An answer that an ask holds, by the number its driver gave it. */
export interface HeldAnswer {
  readonly answer: number
  /**
   * `waiting`: the engine does not keep the ask yet, or nobody asks [R69]. `passed`: only the engine's compare-and-set is
   * missing.
   */
  readonly stage: 'waiting' | 'judging' | 'passed'
}

interface Unconcluded {
  /** Null: never. */
  readonly expiresAt: number | null
  /** Somebody asks, and judges the answers. */
  readonly attended: boolean
  /** In the order of their arrival. */
  readonly answers: readonly HeldAnswer[]
  readonly cancelled: boolean
}

/**
 * An ask, as the hub sees it:
 *
 *     opening ── opened ──▶ open ── an answer passed, cancelled, deadline ──▶ concluding ── concluded ──▶ ended
 *        │                   ▲                                                  │
 *        │ failed            └──────────────────── failed ──────────────────────┘
 *        ▼
 *     failed
 *
 * Nobody is asked before the engine keeps the ask; answers can come all the same, from devices that knew it before. Any
 * number of answers are judged at once; only one conclusion is under way. The engine has the last word: what it says was
 * first ends the ask, also if it came from elsewhere.
 */
export type AskState =
  | (Unconcluded & { readonly name: 'opening' })
  | (Unconcluded & {
      readonly name: 'open'
      /** After a failure of the engine: nothing is concluded before; else null. */
      readonly retryAt: number | null
    })
  | (Unconcluded & {
      readonly name: 'concluding'
      /** The answer that the engine decides on; null: it decides on a cancellation or the deadline. */
      readonly answer: number | null
    })
  | { readonly name: 'ended'; readonly status: AskEnd }
  /** The engine never kept it. */
  | { readonly name: 'failed' }

export type AskInput =
  /** The engine keeps it. */
  | { readonly type: 'opened' }
  /** An answer arrived. */
  | { readonly type: 'answered'; readonly answer: number }
  /** Somebody asks. */
  | { readonly type: 'joined' }
  /** The validator took the answer. */
  | { readonly type: 'passed'; readonly answer: number }
  /** The validator refused the answer, which was told, or its sender took it back. */
  | { readonly type: 'dropped'; readonly answer: number }
  | { readonly type: 'cancelled' }
  | { readonly type: 'ticked' }
  /** The engine says how the ask ended; `answers`: those that are held and are the one that did it [R66]. */
  | { readonly type: 'concluded'; readonly status: AskEnd; readonly answers: readonly number[] }
  /** The engine could not open or conclude it. */
  | { readonly type: 'failed' }

/** Why an answer is not taken. */
export type AnswerRefusal = 'already_answered' | 'ask_cancelled' | 'ask_expired' | 'engine_failed'

export type AskEffect =
  | { readonly type: 'judge'; readonly answer: number }
  /** Compare-and-set in the engine. */
  | { readonly type: 'conclude'; readonly status: 'answered'; readonly answer: number }
  | { readonly type: 'conclude'; readonly status: 'cancelled' | 'expired' }
  /** Tell everybody how it ended; comes before the answers' results [R67]. */
  | { readonly type: 'end' }
  | { readonly type: 'take'; readonly answer: number }
  | { readonly type: 'refuse'; readonly answer: number; readonly code: AnswerRefusal }

export function newAsk(expiresAt: number | null, attended: boolean): AskState {
  return { name: 'opening', expiresAt, attended, answers: [], cancelled: false }
}

export function askDeadline(state: AskState): number | null {
  return state.name === 'open' ? (state.retryAt ?? state.expiresAt) : null
}

/** Why an answer is refused that comes after this end. */
export const refusals: Readonly<Record<AskEnd, AnswerRefusal>> = {
  answered: 'already_answered',
  cancelled: 'ask_cancelled',
  expired: 'ask_expired',
}

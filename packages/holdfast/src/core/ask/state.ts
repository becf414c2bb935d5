/** How an ask ends. */
export type AskEnd = 'answered' | 'cancelled' | 'expired'

/** An answer that an ask holds, by the number its driver gave it. */
export interface HeldAnswer {
  readonly answer: number
  /**
   * `waiting`: the engine does not keep the ask yet, or whoever judges the answer is not there [R69]. `passed`: only the
   * engine's compare-and-set is missing.
   */
  readonly stage: 'waiting' | 'judging' | 'passed'
}

interface PendingAsk {
  /** Null: never. */
  readonly expiresAt: number | null
  /** Whoever judges the answers is there, or none need be judged. */
  readonly attended: boolean
  /** In the order of their arrival. */
  readonly answers: readonly HeldAnswer[]
  readonly cancelled: boolean
}

/**
 * A question, as the hub sees it:
 *
 *     opening ── opened ──▶ open ── an answer passed, cancelled, deadline ──▶ concluding ── concluded ──▶ ended
 *        │                   ▲                                                  │                         ▲
 *        │                   └──────────────────── failed ──────────────────────┘                         │
 *        └──────────────────────────────────────── failed ────────────────────────────────────────────────┘
 *
 * Nobody is asked before the engine keeps the ask; answers can come all the same, from devices that knew it before. Any number of answers are judged at once; only one conclusion is under way. The engine has the last word: what it says
 * was first ends the ask, also if it came from elsewhere.
 */
export type AskState =
  | (PendingAsk & { readonly name: 'opening' })
  | (PendingAsk & {
      readonly name: 'open'
      /** After a failure of the engine: nothing is concluded before; else null. */
      readonly retryAt: number | null
    })
  | (PendingAsk & { readonly name: 'concluding' })
  | { readonly name: 'ended'; readonly status: AskEnd }

export type AskInput =
  /** The engine keeps it. */
  | { readonly type: 'opened' }
  /** An answer arrived. */
  | { readonly type: 'answered'; readonly answer: number }
  /** Somebody waits for the answer; `attends`: and whoever judges the answers is there. */
  | { readonly type: 'joined'; readonly attends: boolean }
  /** The validator took the answer. */
  | { readonly type: 'passed'; readonly answer: number }
  /** The validator refused the answer, which was told, or its sender took it back. */
  | { readonly type: 'dropped'; readonly answer: number }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'cancelled' }
  | { readonly type: 'ticked' }
  /** The engine says how the ask ended; `answer` is the one that did it, if it is held here. */
  | { readonly type: 'concluded'; readonly status: AskEnd; readonly answer: number | null }
  /** The engine could not; `answer` is the one that would have concluded the ask. */
  | { readonly type: 'failed'; readonly answer: number | null }

/** Why an answer is not taken. */
export type AnswerRefusal = 'already_answered' | 'ask_cancelled' | 'ask_expired' | 'engine_failed'

export type AskEffect =
  | { readonly type: 'judge'; readonly answer: number }
  /** Compare-and-set in the engine. */
  | { readonly type: 'conclude'; readonly status: AskEnd; readonly answer: number | null }
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

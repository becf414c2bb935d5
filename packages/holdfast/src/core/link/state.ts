import type { Goodbye } from '../wire/goodbye.ts'

/** When the credentials of a bound link run out. */
export interface Expiry {
  readonly expiresAt: number
  /** When the client is asked for a fresh token; null once it was. */
  readonly askAt: number | null
}

/**
 * One attachment, as the hub sees it:
 *
 *     greeting ── greeted ──▶ authenticating ── admitted ──▶ bound ── ended ──▶ closing ──▶ closed
 *         └── deadline, ended ───────┴────────────────────────────────────────────▲
 *     any ── lost ──▶ closed
 */
export type LinkState =
  | { readonly name: 'greeting'; readonly deadline: number }
  | { readonly name: 'authenticating'; readonly deadline: number }
  | {
      readonly name: 'bound'
      /** When the silence is judged next. */
      readonly checkAt: number
      /** When a ping was sent that nothing has answered yet. */
      readonly pingedAt: number | null
      readonly expiry: Expiry | null
    }
  | { readonly name: 'closing'; readonly destroyAt: number }
  | { readonly name: 'closed' }

export type LinkInput =
  | { readonly type: 'greeted' }
  | { readonly type: 'admitted'; readonly expiresInMs: number | null }
  | { readonly type: 'reauthenticated'; readonly expiresInMs: number | null }
  | { readonly type: 'ended'; readonly goodbye: Goodbye }
  | { readonly type: 'lost' }
  | {
      readonly type: 'ticked'
      /** When the peer last gave a sign of life. */
      readonly heardAt: number
      /** The timer came so late that silence proves nothing [R41]. */
      readonly late: boolean
    }

export type LinkEffect =
  | { readonly type: 'authenticate' }
  | { readonly type: 'ping' }
  | { readonly type: 'reauthenticate'; readonly withinMs: number }
  /** Say goodbye and close; the link does nothing for its session from now on. */
  | { readonly type: 'sayGoodbye'; readonly goodbye: Goodbye }
  | { readonly type: 'destroy' }

export interface LinkPolicy {
  readonly helloTimeoutMs: number
  readonly authenticateTimeoutMs: number
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number }
}

export const initialLinkState = (now: number, policy: LinkPolicy): LinkState => ({
  name: 'greeting',
  deadline: now + policy.helloTimeoutMs,
})

/** When the link wants to be ticked next, or null. */
export function linkDeadline(state: LinkState): number | null {
  switch (state.name) {
    case 'greeting':
    case 'authenticating':
      return state.deadline
    case 'bound':
      return Math.min(state.checkAt, state.expiry?.askAt ?? state.expiry?.expiresAt ?? Infinity)
    case 'closing':
      return state.destroyAt
    case 'closed':
      return null
  }
}

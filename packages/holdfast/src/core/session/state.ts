import type { Goodbye } from '../wire/goodbye.ts'

/**
 * What outlives links, as the hub sees it:
 *
 *     live ── detached ──▶ resting ── attached ──▶ live
 *       └── ended ──▶ ended ◀── ended, time to live passed ── resting
 *
 * Links are known by their identity, never by time: a late `detached` of a superseded link changes nothing.
 */
export type SessionState =
  | { readonly name: 'live'; readonly link: number; readonly attempt: number }
  | { readonly name: 'resting'; readonly expiresAt: number; readonly attempt: number }
  | { readonly name: 'ended' }

export type SessionInput =
  | { readonly type: 'attached'; readonly link: number; readonly attempt: number }
  | { readonly type: 'detached'; readonly link: number }
  | { readonly type: 'ended'; readonly goodbye: Goodbye }
  | { readonly type: 'ticked' }

export type SessionEffect =
  | { readonly type: 'endLink'; readonly link: number; readonly goodbye: Goodbye }
  /** Drop everything that belongs to the session. */
  | { readonly type: 'forget'; readonly reason: 'expired' | 'ended' }

export function sessionDeadline(state: SessionState): number | null {
  return state.name === 'resting' ? state.expiresAt : null
}

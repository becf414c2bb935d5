import type { ErrorCode } from '../wire/error-codes.ts'
import type { Goodbye } from '../wire/goodbye.ts'
import type { WelcomeFrame } from '../wire/frames.ts'

/** Why a client is where it is. */
export interface Reason {
  readonly code: ErrorCode
  readonly message: string
}

/** What a client carries from state to state. */
export interface Continuity {
  /** The number of the latest attempt; it names the link, and the higher one wins at the hub [R13]. */
  readonly attempt: number
  /** Failed attempts in a row; back to 0 only when a link is proved [R42]. */
  readonly failures: number
  /** The hub refused the last token; the next refusal in a row is final [R45]. */
  readonly tokenRejected: boolean
}

/** A ping that is not answered yet. */
export interface Probe {
  readonly id: number
  readonly sentAt: number
  readonly deadline: number
}

/**
 * The client's connection:
 *
 *              started               opened              welcomed
 *     idle ─────────────▶ connecting ───────▶ joining ─────────────▶ live
 *                            ▲  │ failed         │ departed           │ departed, dead
 *                     due,   │  ▼                ▼                    │
 *         reconnectRequested └─ waiting ◀──────────────────────────────┘
 *     joining, live ── closeRequested ──▶ closing ── departed, due ──▶ closed
 *     any ── closeRequested, final refusal, attempts exhausted ──▶ closed
 */
export type ClientState =
  | (Continuity & { readonly name: 'idle' })
  | (Continuity & { readonly name: 'connecting'; readonly deadline: number })
  | (Continuity & { readonly name: 'joining'; readonly deadline: number })
  | (Continuity & {
      readonly name: 'live'
      readonly heartbeat: WelcomeFrame['heartbeat']
      readonly spreadMs: number
      /** A ping has gone there and back since `welcome`. */
      readonly proved: boolean
      readonly probe: Probe | null
      readonly nextProbeId: number
      /** When the silence is judged next. */
      readonly checkAt: number
    })
  | (Continuity & {
      readonly name: 'waiting'
      readonly retryAt: number
      /** The hub named the time; only `reconnectRequested` overrides it. */
      readonly directed: boolean
      readonly reason: Reason
    })
  | { readonly name: 'closing'; readonly attempt: number; readonly deadline: number }
  | { readonly name: 'closed'; readonly reason: Reason }

export type ClientInput =
  | { readonly type: 'started' }
  | { readonly type: 'opened'; readonly attempt: number }
  | { readonly type: 'welcomed'; readonly attempt: number; readonly welcome: WelcomeFrame }
  /** The link ended or could not be opened. */
  | { readonly type: 'departed'; readonly attempt: number; readonly departure: Departure }
  | { readonly type: 'ponged'; readonly attempt: number; readonly id: number }
  /** Visible, online or resumed, or the wall clock jumped. */
  | { readonly type: 'woke' }
  | { readonly type: 'wentOffline' }
  | { readonly type: 'reconnectRequested' }
  | { readonly type: 'closeRequested' }
  | {
      readonly type: 'ticked'
      /** When anything was last heard on the link. */
      readonly heardAt: number
      /** The timer came so late that silence proves nothing [R41]. */
      readonly late: boolean
    }

/** How a link ended: the hub's goodbye, or what this side noticed. */
export type Departure = Omit<Goodbye, 'code'> & { readonly code: ErrorCode }

export type ClientEffect =
  | { readonly type: 'open'; readonly attempt: number; readonly tokenRejected: boolean }
  | { readonly type: 'greet' }
  | { readonly type: 'admit'; readonly welcome: WelcomeFrame }
  | { readonly type: 'ping'; readonly id: number }
  /** The link is given up: close its socket and hear nothing more of it. */
  | { readonly type: 'abandon'; readonly code: ErrorCode }
  /** Close the link in order and report `departed`. */
  | { readonly type: 'leave' }
  /** The client is closed: settle and release everything. */
  | { readonly type: 'release'; readonly reason: Reason }

export interface ClientPolicy {
  /** For opening the socket and getting the token, and again for the hub's welcome. */
  readonly connectTimeoutMs: number
  /** Failed attempts in a row before giving up; null: never. */
  readonly maxAttempts: number | null
  /** A refused token can be replaced by a fresh one. */
  readonly canRefreshToken: boolean
}

export const initialClientState: ClientState = { name: 'idle', attempt: 0, failures: 0, tokenRejected: false }

/** When the client wants to be ticked next, or null. */
export function clientDeadline(state: ClientState): number | null {
  switch (state.name) {
    case 'idle':
    case 'closed':
      return null
    case 'connecting':
    case 'joining':
    case 'closing':
      return state.deadline
    case 'live':
      return state.checkAt
    case 'waiting':
      return state.retryAt
  }
}

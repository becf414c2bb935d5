import type { ErrorCode } from '../wire/error-codes.ts'
import type { Goodbye } from '../wire/goodbye.ts'
import type { WelcomeFrame } from '../wire/frames.ts'
import { initialChoice, type Choice } from './choice.ts'
import type { Rival } from './rival.ts'

/** Why a client is where it is. */
export interface Reason {
  readonly code: ErrorCode
  readonly message: string
}

/** What a client carries from state to state. */
export interface Continuity {
  /** The number of the attempt under way or made last; it names the link, and the higher one wins at the hub [R13]. */
  readonly attempt: number
  /** The highest number given, to this link or to a rival. */
  readonly latestAttempt: number
  /** Failures in a row that the client waited after [R44]; back to 0 only when a link is proved [R42]. */
  readonly failures: number
  /** The hub refused the last token; the next refusal in a row is final [R45]. */
  readonly tokenRejected: boolean
  /** The page said so; what fails meanwhile is no transport's fault [R58]. */
  readonly offline: boolean
  readonly choice: Choice
}

/** How long something may take. */
export interface Allowance {
  readonly deadline: number
  /** A late timer prolonged it: the next one judges, however late [R41]. */
  readonly prolonged: boolean
}

/** A ping that is not answered yet. */
export interface Probe {
  readonly id: number
  readonly sentAt: number
  readonly deadline: number
  /** A late timer sent it: the next one judges, however late [R41]. */
  readonly sentLate: boolean
}

/**
 * The client's connection:
 *
 *              started               opened              welcomed
 *     idle ─────────────▶ connecting ───────▶ joining ─────────────▶ live
 *                            ▲  │ failed         │ departed           │ departed, dead
 *                     due,   │  ▼                ▼                    │
 *         reconnectRequested └─ waiting ◀──────────────────────────────┘
 *     live, with a rival that is welcomed ──▶ live over the rival's link
 *     joining, live ── closeRequested ──▶ closing ── departed, due ──▶ closed
 *     any ── closeRequested, final refusal, attempts exhausted ──▶ closed
 */
export type ClientState =
  | (Continuity & { readonly name: 'idle' })
  | (Continuity &
      Allowance & {
        readonly name: 'connecting'
        /** Until then, what fails is no transport's fault [R58]. */
        readonly tokenObtained: boolean
      })
  | (Continuity & Allowance & { readonly name: 'joining' })
  | (Continuity & {
      readonly name: 'live'
      readonly heartbeat: WelcomeFrame['heartbeat']
      readonly spreadMs: number
      /** When `welcome` came. */
      readonly since: number
      /** A ping has gone there and back since `welcome`. */
      readonly proved: boolean
      /** It took over from a link that worked. */
      readonly upgraded: boolean
      /** A link over a better transport that is being tried in the background [R60]. */
      readonly rival: Rival | null
      /** When the next rival is due; Infinity: never. */
      readonly rivalAt: number
      /** The next rival's transport. */
      readonly candidate: number
      readonly probe: Probe | null
      readonly nextProbeId: number
      /** When the silence is judged next. */
      readonly checkAt: number
    })
  | (Continuity & {
      readonly name: 'waiting'
      /** Infinity while the page is put away. */
      readonly retryAt: number
      /** The hub named the time; only `reconnectRequested` overrides it. */
      readonly directed: boolean
      readonly reason: Reason
    })
  | {
      readonly name: 'closing'
      readonly attempt: number
      /** A rival that had said hello: the hub may give the session to its link, which then has to be left too. */
      readonly heir: number | null
      readonly deadline: number
    }
  | { readonly name: 'closed'; readonly reason: Reason }

export type Named<Name extends ClientState['name']> = Extract<ClientState, { name: Name }>
export type Open = Exclude<ClientState, { name: 'closing' | 'closed' }>
export type Linked = Named<'connecting' | 'joining' | 'live'>
export type Contested = Named<'live'> & { readonly rival: Rival }

export type ClientInput =
  | { readonly type: 'started' }
  /** What `hello` needs is there; the transport is opened from now on. */
  | { readonly type: 'tokenObtained'; readonly attempt: number }
  | { readonly type: 'opened'; readonly attempt: number }
  | { readonly type: 'welcomed'; readonly attempt: number; readonly welcome: WelcomeFrame }
  /** The link ended or could not be opened. */
  | { readonly type: 'departed'; readonly attempt: number; readonly departure: Departure }
  | { readonly type: 'ponged'; readonly attempt: number; readonly id: number }
  /** Visible or resumed, or the wall clock jumped. */
  | { readonly type: 'woke' }
  | { readonly type: 'cameOnline' }
  | { readonly type: 'wentOffline' }
  /** The page is left, perhaps to be shown again later. */
  | { readonly type: 'putAway' }
  /** The application wants this transport most; null: it has no wish. */
  | { readonly type: 'preferred'; readonly transport: number | null }
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
  | {
      readonly type: 'open'
      readonly attempt: number
      readonly transport: number
      readonly tokenRejected: boolean
    }
  | { readonly type: 'greet'; readonly attempt: number }
  | { readonly type: 'admit'; readonly welcome: WelcomeFrame }
  | { readonly type: 'ping'; readonly id: number }
  /** The link is given up: close its socket and hear nothing more of it. Without a reason nothing went wrong. */
  | { readonly type: 'abandon'; readonly reason: Reason | null }
  /** Send a ping over the rival's link. */
  | { readonly type: 'challenge' }
  /** The rival's link is the link from now on; the one before is abandoned. */
  | { readonly type: 'promote' }
  /** The rival's link is abandoned. */
  | { readonly type: 'withdraw' }
  /** Close the link in order and report `departed`. */
  | { readonly type: 'leave' }
  /** The client is closed: settle and release everything. */
  | { readonly type: 'release'; readonly reason: Reason }

export interface ClientPolicy {
  /** How many transports there are. */
  readonly transports: number
  /** For getting the token, and again for the hub's welcome. */
  readonly connectTimeoutMs: number
  /** For opening a link over one transport. */
  readonly openTimeoutMs: number
  /** Failed attempts in a row before giving up; null: never. */
  readonly maxAttempts: number | null
  /** A refused token can be replaced by a fresh one. */
  readonly canRefreshToken: boolean
}

/** @param home the transport to begin with */
export function initialClientState(home: number = 0): ClientState {
  const choice = initialChoice(home)
  return {
    name: 'idle',
    attempt: 0,
    latestAttempt: 0,
    failures: 0,
    tokenRejected: false,
    offline: false,
    choice,
  }
}

export const hasLink = (state: Open): state is Linked =>
  state.name === 'connecting' || state.name === 'joining' || state.name === 'live'

export const isContested = (state: ClientState): state is Contested =>
  state.name === 'live' && state.rival !== null

/** Its link has ended, and the rival awaits its welcome. */
export const isOrphaned = (state: ClientState): state is Contested => isContested(state) && state.rival.alone

export const allow = (now: number, ms: number): Allowance => ({ deadline: now + ms, prolonged: false })

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
      return Math.min(state.checkAt, state.rival?.deadline ?? state.rivalAt)
    case 'waiting':
      return state.retryAt === Infinity ? null : state.retryAt
  }
}

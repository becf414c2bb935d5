import type { ErrorCode } from './error-codes.ts'
import type { Goodbye } from './goodbye.ts'

/** Everything up to and including `offset` has been seen; offset 0 is before the first message. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

/** Where a subscription begins [R32]. */
export type From = 'now' | 'start' | { readonly last: number } | Position

/** Who it is, as the hub's `authenticate` returned it; `user` is null when anonymous. */
export interface Subject {
  readonly user: string | null
  readonly tenant: string | null
}

/** Both ends included. */
export type Range = readonly [first: number, last: number]

export type GapReason = 'pruned' | 'epoch' | 'slow'

export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly reason?: string
  readonly data?: unknown
}

export interface ProducerSummary {
  readonly highest: number
  readonly open: readonly Range[]
}

export interface SubscribeFrame {
  readonly type: 'subscribe'
  readonly topic: string
  readonly intent: number
  readonly from: From
}

export interface HelloFrame {
  readonly type: 'hello'
  readonly versions: readonly number[]
  readonly token?: string
  readonly instance: string
  readonly attempt: number
  readonly session?: { readonly id: string; readonly key: string }
  readonly producer: ProducerSummary & { readonly id: string }
  readonly received: number
  readonly subscriptions: readonly Omit<SubscribeFrame, 'type'>[]
}

/** The bounds that concern the client, told so that it can refuse in the caller's hands. */
export interface WelcomeLimits {
  /** The largest frame the hub takes, in bytes. */
  readonly maxFrameBytes: number
  readonly maxSubscriptions: number
  readonly maxOpenOperations: number
}

export interface WelcomeFrame {
  readonly type: 'welcome'
  readonly version: number
  readonly session: { readonly id: string; readonly key: string }
  readonly resumed: boolean
  readonly subject: Subject
  readonly received: number
  readonly producer: ProducerSummary
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number }
  readonly spreadMs: number
  readonly sessionTtlMs: number
  readonly limits: WelcomeLimits
}

export interface GoodbyeFrame extends Goodbye {
  readonly type: 'goodbye'
}

/** These messages will not come; delivery goes on with the message at `next`. */
export interface WireGap {
  /** Null if nothing was delivered and the beginning was asked for. */
  readonly after: Position | null
  readonly next: Position
  /** Null if nobody knows. */
  readonly lost: number | null
  readonly reason: GapReason
}

export interface SubscribedFrame {
  readonly type: 'subscribed'
  readonly topic: string
  readonly intent: number
  /** Delivery begins after this. */
  readonly position: Position
  /** What is missing between the position that was asked for and that one. */
  readonly gap?: WireGap
}

export interface UnsubscribeFrame {
  readonly type: 'unsubscribe'
  readonly topic: string
  readonly intent: number
}

export interface UnsubscribedFrame {
  readonly type: 'unsubscribed'
  readonly topic: string
  readonly intent: number
  readonly error: WireError & { readonly retry: boolean; readonly retryAfterMs?: number }
}

export interface MessageFrame {
  readonly type: 'message'
  readonly topic: string
  readonly offset: number
  readonly time: number
  readonly user: string | null
  readonly data: unknown
}

export interface GapFrame extends WireGap {
  readonly type: 'gap'
  readonly topic: string
}

export interface PublishFrame {
  readonly type: 'publish'
  readonly number: number
  readonly topic: string
  readonly data: unknown
}

export interface RequestFrame {
  readonly type: 'request'
  readonly number: number
  readonly method: string
  readonly data: unknown
  readonly timeoutMs?: number
}

/** The asks that the client holds and that are not over for it; the hub tells the difference [R63]. */
export interface AsksFrame {
  readonly type: 'asks'
  readonly known: readonly string[]
  /** Those of them to which an answer is on its way [R63]. Default: none. */
  readonly answering?: readonly string[]
}

export interface AskFrame {
  readonly type: 'ask'
  readonly id: string
  readonly method: string
  readonly data: unknown
  /** What is left of the deadline. */
  readonly timeoutMs?: number
}

export interface AnswerFrame {
  readonly type: 'answer'
  readonly number: number
  readonly id: string
  readonly data: unknown
}

/** Who answered an ask. */
export interface Answerer {
  readonly user: string
  /** The session's id. */
  readonly session: string
  /** When the answer was accepted, in milliseconds since 1970 by the hub’s clock. */
  readonly time: number
}

/** `unknown`: the hub has no such ask for this user; it may be asked again. */
export type ConcludedStatus = 'answered' | 'cancelled' | 'expired' | 'unknown'

export interface ConcludedFrame {
  readonly type: 'concluded'
  readonly id: string
  readonly status: ConcludedStatus
  /** With `answered`. */
  readonly by?: Answerer
}

export interface CancelFrame {
  readonly type: 'cancel'
  readonly number: number
}

export interface ResultFrame {
  readonly type: 'result'
  readonly number: number
  readonly value?: unknown
  readonly error?: WireError
}

export interface AckFrame {
  readonly type: 'ack'
  readonly numbers: readonly Range[]
}

export interface PingFrame {
  readonly type: 'ping'
  readonly id: number
}

export interface PongFrame {
  readonly type: 'pong'
  readonly id: number
}

export interface ReauthenticateFrame {
  readonly type: 'reauthenticate'
  readonly withinMs: number
}

export interface TokenFrame {
  readonly type: 'token'
  readonly token: string
}

export interface ErrorFrame {
  readonly type: 'error'
  readonly code: ErrorCode
  readonly message: string
}

/** The client is closed for good: its session ends. */
export interface LeaveFrame {
  readonly type: 'leave'
}

/** What either side may send once the link is bound. */
export type PeerFrame = RequestFrame | CancelFrame | ResultFrame | AckFrame | PingFrame | PongFrame

export type ClientFrame =
  | HelloFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | PublishFrame
  | AsksFrame
  | AnswerFrame
  | TokenFrame
  | LeaveFrame
  | PeerFrame

export type HubFrame =
  | WelcomeFrame
  | GoodbyeFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | MessageFrame
  | GapFrame
  | AskFrame
  | ConcludedFrame
  | ReauthenticateFrame
  | ErrorFrame
  | PeerFrame

/** A publish's result. */
export interface PublishResult extends Position {
  /** True when the engine recognised the message and did not append it again. */
  readonly duplicate: boolean
}

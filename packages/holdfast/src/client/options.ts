import type { Reason } from '../core/client/state.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import type { Ask } from './ask.ts'
import type { AskListOptions } from './asks.ts'
import type { OutboxOptions } from './operations.ts'
import type { TokenOption } from './token-source.ts'
import type { Transport } from './transports/transport.ts'

export interface ConnectOptions {
  /**
   * The credentials, or how to get them: called for each attempt, never twice at once. With `rejected` the hub refused
   * the last token or it expired, so a cached one will not do. Default: none.
   */
  readonly token?: TokenOption
  /**
   * The ways to reach the hub, best first. The first that works is used, and left for a better one as soon as that works.
   * Default: `[websocket(), sse(), longPoll()]`.
   */
  readonly transports?: readonly Transport[]
  /** For opening a link over one transport, before the next is tried. Default 5,000 ms. */
  readonly openTimeoutMs?: number
  /** For getting the token, and again for the hub's welcome. Default 10,000 ms. */
  readonly connectTimeoutMs?: number
  /**
   * Failed attempts in a row before the client closes itself with `attempts_exhausted`; one that tried several transports
   * without a wait between them counts once. Default: never.
   */
  readonly maxAttempts?: number
  readonly outbox?: OutboxOptions
  readonly asks?: AskListOptions
}

/**
 * `connecting`: getting the token, opening the socket. `joining`: waiting for the hub's welcome. `live`: everything works.
 * `waiting`: for the next attempt. `closing`, `closed`: for good.
 */
export type ClientStateName = 'idle' | 'connecting' | 'joining' | 'live' | 'waiting' | 'closing' | 'closed'

export interface StateChange {
  readonly from: ClientStateName
  readonly to: ClientStateName
  /** Why, where there is something to say: in `waiting` and `closed`. */
  readonly reason: Reason | null
  /** In `waiting`: when the next attempt is due, in milliseconds since 1970. */
  readonly retryAt: number | null
}

export interface TransportChange {
  /** Null: there was none yet. */
  readonly from: string | null
  readonly to: string
  /**
   * `first`: the first that worked. `fallback`: the one before did not work any more. `better`: it came to work and was taken
   * over without a break. `preferred`: the application preferred it.
   */
  readonly reason: 'first' | 'fallback' | 'better' | 'preferred'
  /** The last failure before the change, if there was one since the change before. */
  readonly failure: Reason | null
}

export type ClientEvents = {
  state: StateChange
  /** Another transport is in use. */
  transport: TransportChange
  /** `client.asks`, whenever the list has changed or an ask in it. */
  asks: readonly Ask[]
  /** A failed attempt, a lost link, a refused frame, a callback that threw; nothing that a promise tells already. */
  error: HoldfastError
}

/** Numbers since `connect`. */
export interface ClientStats {
  /** Times the hub was asked for a welcome. */
  readonly attempts: number
  /** Welcomes after the first, but for those that only changed the transport. */
  readonly reconnects: number
  readonly connectionErrors: number
  /** Gaps that subscriptions were told of. */
  readonly gaps: number
  /** Operations without a result. */
  readonly pending: number
  readonly topics: number
  /** In `client.asks`, those that are over too. */
  readonly asks: number
  /** Deadlines behind the client's one timer. */
  readonly deadlines: number
  /** Listeners and handlers of the application. */
  readonly listeners: number
}

/** @throws TypeError for a number that is no positive integer */
export function assertConnectOptions(options: ConnectOptions): void {
  const { connectTimeoutMs, openTimeoutMs, maxAttempts, outbox, asks } = options
  const numbers = { connectTimeoutMs, openTimeoutMs, maxAttempts, ...outbox, ...asks }
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue
    throw new TypeError(`${name} must be a positive integer`)
  }
}

/**
 * Where the hub is, as an absolute URL.
 * @throws TypeError if it is none, or has another protocol than HTTP or WebSocket, a fragment, or credentials
 */
export function hubUrl(url: string | URL): URL {
  const base = typeof location === 'undefined' ? undefined : location.href
  const absolute = new URL(url, base)
  if (!/^(https?|wss?):$/.test(absolute.protocol))
    throw new TypeError(`${absolute.protocol} is no way to a hub`)
  if (absolute.hash || absolute.username || absolute.password) {
    throw new TypeError('the URL of a hub has no fragment and no credentials')
  }
  return absolute
}

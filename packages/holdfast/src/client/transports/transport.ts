import type { Departure } from '../../core/client/state.ts'
import type { ClientEnv } from '../env.ts'

/** One way to reach the hub. Transports are values, so that a bundler drops those an application does not name. */
export interface Transport {
  readonly name: string
  /**
   * Begins to open a link; everything is told through the events, never before `open` has returned. Links of one transport share
   * nothing.
   */
  open(url: URL, events: TransportEvents, env: TransportEnv): TransportLink
}

/** What a transport needs of the client's surroundings. */
export type TransportEnv = Pick<ClientEnv, 'fetch' | 'holdRequest'>

/**
 * What a transport tells of a link: `opened` at most once, then frames, then `closed` once, and nothing after that. None of them
 * throws; each may use the link, and close or abandon it.
 */
export interface TransportEvents {
  opened(): void
  /** A whole frame, in the order in which the hub wrote them. */
  received(text: string): void
  /** The link is gone or never opened, and why, if that is known: what the hub said, or that a frame was too large for it. */
  closed(departure: Departure | null): void
}

/** One physical attachment, as the client uses it. */
export interface TransportLink {
  /** Sends a whole frame, in order. Only while the link is open or after that, when it does nothing. */
  send(text: string): void
  /** Bytes that were sent and have not left yet. */
  readonly bufferedBytes: number
  /** Closes in order, after what was sent; `closed` follows, once, however often it is called. One that opens never opens. */
  close(): void
  /** Drops it at once, in whatever state; no event follows. */
  abandon(): void
}

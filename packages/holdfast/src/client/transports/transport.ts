import type { Departure } from '../../core/client/state.ts'
import type { ClientEnv } from '../env.ts'

/** One way to reach the hub. Transports are values, so that a bundler drops those an application does not name. */
export interface Transport {
  readonly name: string
  /** Begins to open a link; everything is told through the events, never before `open` has returned. */
  open(url: URL, events: TransportEvents, env: TransportEnv): TransportLink
}

/** What a transport needs of the client's surroundings. */
export type TransportEnv = Pick<ClientEnv, 'fetch' | 'holdRequest'>

export interface TransportEvents {
  opened(): void
  received(text: string): void
  /** The link is gone or never opened, and why, if that is known. */
  closed(departure: Departure | null): void
}

/** One physical attachment, as the client uses it. */
export interface TransportLink {
  send(text: string): void
  /** Bytes that were sent and have not left yet. */
  readonly bufferedBytes: number
  /** Closes in order; `closed` follows. */
  close(): void
  /** Drops it at once; no event follows. */
  abandon(): void
}

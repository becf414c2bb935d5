/** One way to reach the hub. Transports are values, so that a bundler drops those an application does not name. */
export interface Transport {
  readonly name: string
  /** Begins to open a link; everything is told through the events, never before `open` has returned. */
  open(url: URL, events: TransportEvents): TransportLink
}

export interface TransportEvents {
  opened(): void
  received(text: string): void
  /** The link is gone or never opened. `closeCode` is what the other side gave, if it did. */
  closed(closeCode: number | null): void
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

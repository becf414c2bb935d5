import type { IncomingHttpHeaders } from 'node:http'

/** One HTTP request and its response, whatever server they come through. */
export interface HttpExchange {
  readonly method: string
  /** The path and query as they were asked for. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string | null
  /** It came before the answer to an earlier request on the same connection had ended; never where requests are independent. */
  readonly pipelined: boolean
  /**
   * Reads the whole body; null: it has more bytes than that. Never called back for a request that broke off. What nobody
   * asked for in the turn in which the request came is dropped.
   */
  readBody(maxBytes: number, read: (body: Uint8Array | null) => void): void
  /**
   * Answers in one piece. A header `connection: close` has the connection closed after it, where it is not shared, even
   * if the request never ends.
   */
  answer(status: number, headers: ResponseHeaders, parts: readonly Uint8Array[]): void
  /** Begins an answer that goes on: sends status and headers at once. */
  begin(status: number, headers: ResponseHeaders): void
  /**
   * Writes to an answer that was begun. `written` is called once the operating system took all of it, and says whether
   * that had to wait for the peer.
   */
  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void
  /** Ends an answer that was begun, after what was written. */
  end(): void
  /** Drops the connection at once; does nothing once the answer has left. */
  destroy(): void
  /** Calls back once, when the answer has left or the connection is gone; at once if it is. */
  onClosed(callback: () => void): void
  /** Calls back when a later request is `pipelined` behind this one. */
  onPipelined(callback: () => void): void
}

export type ResponseHeaders = Readonly<Record<string, string>>

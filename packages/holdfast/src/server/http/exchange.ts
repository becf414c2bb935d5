import type { IncomingHttpHeaders } from 'node:http'

/** One HTTP request and its response, whatever server they come through. */
export interface HttpExchange {
  readonly method: string
  /** The path and query as they were asked for. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string | null
  /** Reads the whole body; null: it has more bytes than that. Never called back for a request that broke off. */
  readBody(maxBytes: number, read: (body: string | null) => void): void
  /** Answers in one piece. */
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
  /** Drops the connection at once. */
  destroy(): void
  /** Calls back once, when the answer has left or the connection is gone. */
  onClosed(callback: () => void): void
}

export type ResponseHeaders = Readonly<Record<string, string>>

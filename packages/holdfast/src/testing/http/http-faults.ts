/** What a proxy or a bad line does to single requests of a link over HTTP, while the link itself goes on. */
export interface HttpFaults {
  /** Requests that the client made, the opening one too, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /**
   * The next response to that request is lost on the way: the hub's kernel took it, the client is told that the
   * connection broke. Only for responses in one piece; the one of `sse` is a stream, see `cut`.
   */
  loseResponse(to: 'poll' | 'send'): void
  /**
   * The next `send` is stuck in a proxy: the client is told at once that its connection broke, but the request still
   * reaches whatever hub runs so much later, over a connection of the proxy's.
   */
  delaySend(ms: number): void
}

export interface RecordedRequest {
  readonly at: number
  readonly path: string
  /** Of the body. */
  readonly bytes: number
}

/** What a proxy or a bad line does to single requests of a link over HTTP, while the link itself goes on. */
export interface HttpFaults {
  /** Requests that the client made, the opening one too, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** The statuses with which a hub answered what had been stuck. */
  readonly lateAnswers: readonly number[]
  /**
   * The next responses to that request are lost on the way: the hub's kernel took each, the client is told that the
   * connection broke. Only for responses in one piece; the one of `sse` is a stream, see `cut`.
   */
  loseResponse(to: 'poll' | 'send', times?: number): void
  /**
   * The next `send` is stuck in a proxy: the client is told at once that its connection broke, but the request still reaches
   * whatever hub runs so much later, over a connection of the proxy's.
   */
  delaySend(ms: number): void
  /** The next `send` vanishes, as on a connection that some middlebox forgot: nobody is told, while polls pass. */
  loseSend(): void
}

export interface RecordedRequest {
  readonly at: number
  readonly path: string
  /** Of the body. */
  readonly bytes: number
}

/** Every bound of a hub. What happens beyond it stands beside each. */
export interface HubLimits {
  /** Sessions with a link. Beyond: a new one is refused with `sessions_full`; a resume is admitted. Default 50,000. */
  readonly maxSessions: number
  /** Sessions without a link. Beyond: the one that has rested longest ends. Default 100,000. */
  readonly maxRestingSessions: number
  /** Bytes of one frame from a client. Beyond: the link ends with `frame_too_large`. Default 262,144. */
  readonly maxFrameBytes: number
  /** Subscriptions of one session. Beyond: `subscription_limit`. Default 1,000. */
  readonly maxSubscriptions: number
  /** Open operations of one producer, both ways, at most 1,024. Beyond: `window_exceeded`. Default 1,024. */
  readonly maxOpenOperations: number
  /** JSON characters of results that a session has not acknowledged. Beyond: the oldest become `result_dropped`.
   * Default 4,194,304. */
  readonly maxResultLength: number
  /** Requests of the hub to one session that wait for a number. Beyond: `outbox_full`. Default 1,000. */
  readonly maxWaitingRequests: number
  /** Bytes of control frames that wait for a slow link; at least twice `maxResultLength`, which a resume sends at once.
   * A quarter of it may be open requests to the client; more wait. Beyond: the link ends with `slow_reader`.
   * Default 16,777,216. */
  readonly maxControlBytes: number
  /** Bytes that stalled links keep from being freed beyond retention, in all. Beyond: those that stall longest end with
   * `slow_reader`. Default 67,108,864. */
  readonly maxPinnedBytes: number
}

export const defaultLimits: HubLimits = {
  maxSessions: 50_000,
  maxRestingSessions: 100_000,
  maxFrameBytes: 262_144,
  maxSubscriptions: 1_000,
  maxOpenOperations: 1_024,
  maxResultLength: 4_194_304,
  maxWaitingRequests: 1_000,
  maxControlBytes: 16_777_216,
  maxPinnedBytes: 67_108_864,
}

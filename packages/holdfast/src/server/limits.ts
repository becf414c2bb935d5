/** Every bound of a hub. What happens beyond it stands beside each. */
export interface HubLimits {
  /** Attachments, those without a session too. Beyond: a new one ends with `sessions_full`. Default 100,000. */
  readonly maxLinks: number
  /**
   * Polled links that were not welcomed yet; they cost a client not even a socket. Beyond: the oldest of them ends.
   * Default 4,096.
   */
  readonly maxFreshPolls: number
  /** Sessions with a link. Beyond: a new one is refused with `sessions_full`; a resume is admitted. Default 50,000. */
  readonly maxSessions: number
  /** Sessions without a link. Beyond: the one that has rested longest ends. Default 100,000. */
  readonly maxRestingSessions: number
  /** Bytes of one frame from a client, at least 65,536. Beyond: the link ends with `frame_too_large`. Default 262,144. */
  readonly maxFrameBytes: number
  /** Subscriptions of one session. Beyond: `subscription_limit`. Default 1,000. */
  readonly maxSubscriptions: number
  /** Open operations of one producer, both ways, at most 1,024. Beyond: the link ends with `too_many_open`. Default 1,024. */
  readonly maxOpenOperations: number
  /**
   * JSON characters of results that a session has not acknowledged. Beyond: those of the lowest numbers become
   * `result_dropped`; a single reply of more bytes becomes `message_too_large`. Default 4,194,304.
   */
  readonly maxResultLength: number
  /**
   * JSON characters of the clients' operations that run, in all; one session may have a quarter of it. Parsed they can
   * take more than ten times that in bytes. Beyond: `overloaded`. Default 33,554,432.
   */
  readonly maxRunningLength: number
  /**
   * JSON characters of results that resting sessions keep, in all. Beyond: the one that has rested longest ends.
   * Default 67,108,864.
   */
  readonly maxRestingResultLength: number
  /** Requests of the hub to one session that wait for a number. Beyond: `outbox_full`. Default 1,000. */
  readonly maxWaitingRequests: number
  /** Their JSON characters in all. Beyond: `outbox_full`. Default 4,194,304. */
  readonly maxWaitingRequestLength: number
  /** Asks that are pending, in all. Beyond: `ask_limit`. Default 10,000. */
  readonly maxAsks: number
  /** Their JSON characters in all. Beyond: `ask_limit`. Default 33,554,432. */
  readonly maxAskLength: number
  /** Pending asks of one user, at most 1,000. Beyond: `ask_limit`. Default 100. */
  readonly maxAsksOfUser: number
  /**
   * Asks that are over and still known, in all. Beyond: those that ended first are forgotten, before all those whose answer
   * no key stands for. Default 10,000.
   */
  readonly maxEndedAsks: number
  /** Their JSON characters in all, with those of the answers. Beyond: the same. Default 33,554,432. */
  readonly maxEndedAskLength: number
  /**
   * Bytes of control frames that wait for a slow link, with 150 for each frame. A resume sends all there is at once, so it
   * has to be at least 1.6 times the sum of 500,000, three times `maxResultLength`, 1,300 for each of `maxOpenOperations`, 1,000
   * for each of `maxSubscriptions` and 2,000 for each of `maxAsksOfUser`. Beyond: the link ends with `slow_reader`. The open requests of the
   * hub to one session may have a sixteenth of it in JSON characters, and so may the pending asks of one user.
   * Default 33,554,432.
   */
  readonly maxControlBytes: number
  /** Bytes that stalled links keep from being freed beyond retention, in all. Beyond: those that stall longest end with
   * `slow_reader`. Default 67,108,864. */
  readonly maxPinnedBytes: number
}

export const defaultLimits: HubLimits = {
  maxLinks: 100_000,
  maxFreshPolls: 4_096,
  maxSessions: 50_000,
  maxRestingSessions: 100_000,
  maxFrameBytes: 262_144,
  maxSubscriptions: 1_000,
  maxOpenOperations: 1_024,
  maxResultLength: 4_194_304,
  maxRunningLength: 33_554_432,
  maxRestingResultLength: 67_108_864,
  maxWaitingRequests: 1_000,
  maxWaitingRequestLength: 4_194_304,
  maxAsks: 10_000,
  maxAskLength: 33_554_432,
  maxAsksOfUser: 100,
  maxEndedAsks: 10_000,
  maxEndedAskLength: 33_554_432,
  maxControlBytes: 33_554_432,
  maxPinnedBytes: 67_108_864,
}

/** What a frame takes at most beside its data, with what the link's writer counts for each: of a result, and of any other. */
const resultBytes = 300
const frameBytes = 1_000
/** What the refusals of all subscriptions in a hello take at most. */
const refusalBytes = 500_000

/**
 * The least `maxControlBytes` that holds what a resume sends at once, else a client that resumes would be taken for slow
 * over and over. All characters may be of three bytes; the data of requests and asks takes six sixteenths of the whole
 * (`maxBurstLength`); of as many asks as a user may have, the client can learn that they are over, and get as many new ones.
 */
export const leastControlBytes = (limits: HubLimits): number => {
  const { maxResultLength, maxOpenOperations, maxSubscriptions, maxAsksOfUser } = limits
  const results = 3 * maxResultLength + resultBytes * maxOpenOperations
  return Math.ceil(
    1.6 * (refusalBytes + results + frameBytes * (maxOpenOperations + maxSubscriptions + 2 * maxAsksOfUser)),
  )
}

/**
 * JSON characters of what may be sent at once beside results, for each kind: three bytes a character at worst, requests of
 * the hub and asks must fit with the results.
 */
export const maxBurstLength = ({ maxControlBytes }: HubLimits): number => Math.floor(maxControlBytes / 16)

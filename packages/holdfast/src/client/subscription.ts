import { HoldfastError } from '../core/wire/errors.ts'
import type { From, GapReason, Position } from '../core/wire/frames.ts'
import { EventBuffer } from './event-buffer.ts'

export interface Message<Data = unknown> {
  readonly type: 'message'
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  /** When the hub accepted it, in milliseconds since 1970 by the hub's clock. */
  readonly time: number
  /** Who published it, as the hub knows; null: the server or an anonymous client. */
  readonly user: string | null
  readonly data: Data
}

/** These messages will not come; delivery goes on at `next`, the oldest still kept. */
export interface Gap {
  readonly type: 'gap'
  readonly topic: string
  /** The last position that was delivered; null if nothing was and the beginning was asked for. */
  readonly after: Position | null
  readonly next: Position
  /** How many messages are missing; null if nobody knows. */
  readonly lost: number | null
  /** `pruned`: no longer kept. `epoch`: the topic began a new life. `slow`: this reader fell behind what is kept. */
  readonly reason: GapReason
}

export interface SubscriptionHandlers<Data = unknown> {
  readonly message: (message: Message<Data>) => void
  /** Required, so that nothing is lost in silence. */
  readonly gap: (gap: Gap) => void
  /**
   * The subscription has ended: `forbidden`, `revoked`, `subscription_limit`, `topic_limit`, `closed` … Without this
   * handler the client's `error` event tells.
   */
  readonly error?: (error: HoldfastError) => void
}

export interface SubscribeOptions {
  /** Default `'now'`. */
  readonly from?: From
  /** How many events the iterator holds before it stops reading. Default 256. */
  readonly buffer?: number
}

/**
 * One subscription. With handlers it calls them; without, iterate over it with `for await`: the iterator yields
 * messages and gaps, holds a bounded number, and when full stops reading and later resumes from its position.
 */
export interface Subscription<Data = unknown> extends AsyncIterable<Message<Data> | Gap> {
  readonly topic: string
  /** Resolves with the position from which the promise holds; rejects if the subscription ends before. */
  readonly ready: Promise<Position>
  /** The last position delivered; null until ready. Keep it to resume later with `from`. */
  readonly position: Position | null
  /** Ends it. After this returns, no handler is called. */
  unsubscribe(): void
}

/** What a subscription needs of the topic's feed. */
export interface FeedOfSubscription {
  leave(subscription: LocalSubscription): void
  /** It reads again after it was full. */
  readsAgain(): void
}

/** How a subscription reaches the application beside its handlers. */
export interface SubscriptionOutlet {
  /** Calls back; what the callback throws is reported. */
  callSafely(callback: () => void): void
  /** It ended, and no handler was there to be told. */
  unheard(error: HoldfastError): void
}

/** A subscription inside the client: its own position in a feed that several may share. */
export class LocalSubscription {
  readonly topic: string
  readonly from: From
  /** Null until the hub said where `from` is. */
  position: Position | null = null
  readonly ready: Promise<Position>
  readonly #handlers: SubscriptionHandlers | undefined
  readonly #buffer: EventBuffer<Message | Gap> | undefined
  readonly #outlet: SubscriptionOutlet
  #feed: FeedOfSubscription | null
  #settleReady: (error: HoldfastError | null, position?: Position) => void = () => {}

  constructor(
    topic: string,
    feed: FeedOfSubscription,
    { from = 'now', buffer = 256 }: SubscribeOptions,
    handlers: SubscriptionHandlers | undefined,
    outlet: SubscriptionOutlet,
  ) {
    this.topic = topic
    this.from = from
    if (typeof from === 'object' && 'epoch' in from) {
      this.position = { epoch: from.epoch, offset: from.offset }
    }
    this.#feed = feed
    this.#outlet = outlet
    this.#handlers = handlers
    if (!handlers) this.#buffer = new EventBuffer(buffer, () => this.#feed?.readsAgain())
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error, position) => (position ? resolve(position) : reject(error))
    })
    this.ready.catch(() => {})
  }

  /** The iterator is full: it reads nothing for now. */
  get full(): boolean {
    return this.#buffer?.full ?? false
  }

  iterator(): AsyncIterator<Message | Gap> {
    if (!this.#buffer) throw new TypeError('with handlers it is not iterable')
    return this.#buffer.iterator(() => this.unsubscribe())
  }

  /** The hub confirmed: the promise holds from here. */
  confirmed(position: Position): void {
    this.position ??= position
    this.#settleReady(null, this.position)
  }

  /** @param position where it stands after this */
  deliver(event: Message | Gap, position: Position): void {
    if (!this.#feed) return
    this.position = position
    this.#buffer?.push(event)
    const handler = this.#handlers?.[event.type] as ((event: Message | Gap) => void) | undefined
    if (handler) this.#outlet.callSafely(() => handler(event))
  }

  unsubscribe(): void {
    const feed = this.#feed
    if (this.#close(new HoldfastError('closed'), null)) feed?.leave(this)
  }

  /** @param known the application is told otherwise, also if there is no handler */
  end(error: HoldfastError, known: boolean): void {
    if (!this.#close(error, error)) return
    const handler = this.#handlers?.error
    if (handler) this.#outlet.callSafely(() => handler(error))
    else if (!this.#buffer && !known) this.#outlet.unheard(error)
  }

  #close(error: HoldfastError, thrown: HoldfastError | null): boolean {
    if (!this.#feed) return false
    this.#feed = null
    this.#settleReady(error)
    this.#buffer?.end(thrown)
    return true
  }
}

import type { ErrorCode } from '../core/wire/error-codes.ts'
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
  position: Position | null
  readonly ready: Promise<Position>
  readonly #handlers: SubscriptionHandlers
  readonly #buffer: EventBuffer<Message | Gap> | null
  readonly #outlet: SubscriptionOutlet
  #feed: FeedOfSubscription | null
  #isReady = false
  #resolveReady: (position: Position) => void = () => {}
  #rejectReady: (error: HoldfastError) => void = () => {}

  constructor(
    topic: string,
    feed: FeedOfSubscription,
    { from = 'now', buffer = 256 }: SubscribeOptions,
    handlers: SubscriptionHandlers | undefined,
    outlet: SubscriptionOutlet,
  ) {
    this.topic = topic
    this.from = from
    this.position = typeof from === 'object' && 'epoch' in from ? from : null
    this.#feed = feed
    this.#outlet = outlet
    this.#buffer = handlers ? null : new EventBuffer(buffer, () => this.#feed?.readsAgain())
    this.#handlers = handlers ?? this.#bufferHandlers()
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    this.ready.catch(() => {})
  }

  get active(): boolean {
    return this.#feed !== null
  }

  /** The iterator is full: it reads nothing for now. */
  get full(): boolean {
    return this.#buffer?.full ?? false
  }

  iterator(): AsyncIterator<Message | Gap> {
    if (!this.#buffer) throw new TypeError('a subscription with handlers is not iterable')
    return this.#buffer.iterator(() => this.unsubscribe())
  }

  /** The hub confirmed: the promise holds from here. */
  confirmed(position: Position): void {
    this.position ??= position
    if (this.#isReady) return
    this.#isReady = true
    this.#resolveReady(this.position)
  }

  deliver(message: Message): void {
    if (!this.active) return
    this.position = { epoch: message.epoch, offset: message.offset }
    this.#outlet.callSafely(() => this.#handlers.message(message))
  }

  deliverGap(gap: Gap): void {
    if (!this.active) return
    this.position = { epoch: gap.next.epoch, offset: gap.next.offset - 1 }
    this.#outlet.callSafely(() => this.#handlers.gap(gap))
  }

  unsubscribe(): void {
    const feed = this.#feed
    if (!feed) return
    this.#feed = null
    this.#rejectReady(new HoldfastError('closed', 'Unsubscribed.'))
    this.#buffer?.end(null)
    feed.leave(this)
  }

  /** The client is closed, which its events tell. */
  closed(code: ErrorCode, message: string): void {
    this.#end(new HoldfastError(code, message), () => {})
  }

  /** The hub ended it. */
  ended(code: ErrorCode, message: string): void {
    this.#end(new HoldfastError(code, message), (error) => this.#outlet.unheard(error))
  }

  #end(error: HoldfastError, unheard: (error: HoldfastError) => void): void {
    if (!this.#feed) return
    this.#feed = null
    this.#rejectReady(error)
    this.#buffer?.end(error)
    const { error: handler } = this.#handlers
    if (handler) this.#outlet.callSafely(() => handler(error))
    else if (!this.#buffer) unheard(error)
  }

  #bufferHandlers(): SubscriptionHandlers {
    const push = (event: Message | Gap): void => this.#buffer?.push(event)
    return { message: push, gap: push }
  }
}

import type { Timed, Timekeeper } from '../core/shared/timekeeper.ts'
import type {
  From,
  GapFrame,
  MessageFrame,
  Position,
  SubscribedFrame,
  SubscribeFrame,
  UnsubscribedFrame,
} from '../core/wire/frames.ts'
import type { LocalSubscription, Message } from './subscription.ts'

/** A gap follows on the heels of `subscribed`; after this long, in milliseconds, there is none. */
const gapWaitMs = 1_000

export interface FeedHost {
  readonly timekeeper: Timekeeper
  nextIntent(): number
  /** Sends if the link is live; otherwise the next `hello` says what is wanted. */
  send(frame: object): void
  /** Nobody subscribes any more. */
  emptied(feed: TopicFeed): void
  gapDelivered(): void
  /** The hub broke the order of the topic: the link cannot be trusted. */
  broken(message: string): void
}

/**
 * One topic of a client: what all its subscriptions share is one intent and one cursor on the wire; each keeps its
 * own position and takes only what continues it. One that stands behind the cursor has the feed read again from there.
 */
export class TopicFeed implements Timed {
  readonly topic: string
  readonly #host: FeedHost
  readonly #subscriptions = new Set<LocalSubscription>()
  #intent: number | null = null
  /** What that intent asked for. */
  #declared: From = 'now'
  /** The last position on the wire; null until the intent is confirmed. */
  #cursor: Position | null = null
  /** The topic's life on this link, once that is known; a position of another epoch is behind. */
  #latestEpoch: string | null = null

  constructor(topic: string, host: FeedHost) {
    this.topic = topic
    this.#host = host
  }

  /** The latest intent; null while nothing is wanted. */
  get intent(): number | null {
    return this.#intent
  }

  add(subscription: LocalSubscription): void {
    this.#subscriptions.add(subscription)
    if (this.#cursor || this.#intent === null) this.readsAgain()
  }

  leave(subscription: LocalSubscription): void {
    this.#subscriptions.delete(subscription)
    if (this.#subscriptions.size > 0) return this.readsAgain()
    this.#withdraw()
    this.#host.timekeeper.set(this, null)
    this.#host.emptied(this)
  }

  /** A new link: what to declare on it, or null if nothing is wanted. */
  declaration(): Omit<SubscribeFrame, 'type'> | null {
    this.#latestEpoch = null
    return this.#declare()
  }

  #declare(): Omit<SubscribeFrame, 'type'> | null {
    this.#host.timekeeper.set(this, null)
    this.#cursor = null
    this.#intent = null
    const from = this.#wanted()
    if (from === null) return null
    this.#intent = this.#host.nextIntent()
    this.#declared = from
    return { topic: this.topic, intent: this.#intent, from }
  }

  /** Makes what is on the wire fit what the subscriptions want. */
  readsAgain(): void {
    const from = this.#wanted()
    if (from === null) return this.#withdraw()
    if (this.#intent !== null && !this.#cursor && sameFrom(from, this.#declared)) return
    if (this.#cursor && isAt(from, this.#cursor)) return
    const declaration = this.#declare()
    if (declaration) this.#host.send({ type: 'subscribe', ...declaration })
  }

  /** The hub told to come back later for it [R37], or no gap came for a position that was confirmed. */
  tick(): void {
    this.readsAgain()
  }

  confirmed({ intent, position }: SubscribedFrame): void {
    if (intent !== this.#intent || this.#cursor) return
    this.#cursor = position
    for (const subscription of this.#subscriptions) {
      if (subscription.position || sameFrom(subscription.from, this.#declared))
        subscription.confirmed(position)
    }
    if (this.#tellsEpoch(position.epoch)) this.readsAgain()
    else this.#host.timekeeper.set(this, this.#host.timekeeper.now() + gapWaitMs)
  }

  /**
   * A position is confirmed as it was asked for, and if its epoch is past the gap follows at once. To turn to a
   * subscription of another epoch before it came would be to miss it.
   */
  #tellsEpoch(epoch: string): boolean {
    const askedPosition = typeof this.#declared === 'object' && 'epoch' in this.#declared
    const known = !askedPosition || this.#latestEpoch !== null
    if (!askedPosition || !known) this.#latestEpoch = epoch
    if (known) return true
    for (const { position } of this.#subscriptions) if (position && position.epoch !== epoch) return false
    return true
  }

  received({ offset, time, user, data }: MessageFrame): void {
    if (!this.#cursor) return
    const { epoch, offset: before } = this.#cursor
    if (offset !== before + 1) return this.#host.broken(`${this.topic}: offset ${offset} after ${before}`)
    this.#cursor = { epoch, offset }
    const message: Message = { type: 'message', topic: this.topic, epoch, offset, time, user, data }
    for (const subscription of this.#subscriptions) {
      const { position, full } = subscription
      if (!full && position?.epoch === epoch && position.offset === before) subscription.deliver(message)
    }
    this.#stopIfAllFull()
  }

  gapReceived({ after, next, lost, reason }: GapFrame): void {
    if (!this.#cursor) return
    this.#cursor = { epoch: next.epoch, offset: next.offset - 1 }
    this.#latestEpoch = next.epoch
    // A position that its own epoch has not reached is put back; whoever stood there is told, though it moves backward.
    const aheadOfHead = reason === 'epoch' && after?.epoch === next.epoch
    for (const subscription of this.#subscriptions) {
      const { position } = subscription
      if (!position || subscription.full) continue
      const sameEpoch = position.epoch === next.epoch
      if (sameEpoch && !aheadOfHead && position.offset >= next.offset - 1) continue
      const itsLoss = sameEpoch && lost !== null ? next.offset - 1 - position.offset : null
      const itsAfter = after === null && position.offset === 0 ? null : position
      this.#host.gapDelivered()
      subscription.deliverGap({
        type: 'gap',
        topic: this.topic,
        after: itsAfter,
        next,
        lost: itsLoss,
        reason,
      })
    }
    this.readsAgain()
  }

  ended({ intent, error }: UnsubscribedFrame): void {
    if (intent !== this.#intent) return
    this.#intent = null
    this.#cursor = null
    if (error.retry) {
      const { timekeeper } = this.#host
      timekeeper.set(this, timekeeper.now() + (error.retryAfterMs ?? 1_000))
      return
    }
    this.endAll((subscription) => subscription.ended(error.code, error.message))
  }

  /** Ends every subscription; the feed is then empty. */
  endAll(end: (subscription: LocalSubscription) => void): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    this.#intent = null
    this.#cursor = null
    this.#host.timekeeper.set(this, null)
    this.#host.emptied(this)
    for (const subscription of subscriptions) end(subscription)
  }

  #withdraw(): void {
    if (this.#intent === null) return
    this.#host.send({ type: 'unsubscribe', topic: this.topic, intent: this.#intent })
    this.#intent = null
    this.#cursor = null
  }

  #stopIfAllFull(): void {
    for (const subscription of this.#subscriptions) if (!subscription.full) return
    this.#withdraw()
  }

  /** Where the wire has to begin: first for one whose beginning is unknown, then for the one that is most behind. */
  #wanted(): From | null {
    let mostBehind: Position | null = null
    for (const { position, from, full } of this.#subscriptions) {
      if (full) continue
      if (!position) return from
      if (!mostBehind || this.#isBehind(position, mostBehind)) mostBehind = position
    }
    return mostBehind
  }

  #isBehind(position: Position, other: Position): boolean {
    if (position.epoch === other.epoch) return position.offset < other.offset
    return other.epoch === this.#latestEpoch
  }
}

function sameFrom(one: From, other: From): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  if ('last' in one || 'last' in other) return 'last' in one && 'last' in other && one.last === other.last
  return isAt(one, other)
}

function isAt(from: From, position: Position): boolean {
  return (
    typeof from === 'object' &&
    'epoch' in from &&
    from.epoch === position.epoch &&
    from.offset === position.offset
  )
}

import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type {
  From,
  GapFrame,
  MessageFrame,
  Position,
  SubscribedFrame,
  SubscribeFrame,
  UnsubscribedFrame,
  WireGap,
} from '../core/wire/frames.ts'
import type { LocalSubscription, Message } from './subscription.ts'

/** What the topic is on the wire. */
type Wire =
  | { readonly name: 'idle' }
  | { readonly name: 'declared'; readonly intent: number; readonly from: From }
  | { readonly name: 'confirmed'; readonly intent: number; cursor: Position }
  /** The hub told to come back later for it [R37]. */
  | { readonly name: 'retrying' }

const idle: Wire = { name: 'idle' }

/** For a hub that does not say when to come back, in milliseconds. */
const defaultRetryMs = 1_000

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
  #wire: Wire = idle
  /** The topic's present life, once it is known on this link; a position of another epoch is behind. */
  #epoch: string | null = null

  constructor(topic: string, host: FeedHost) {
    this.topic = topic
    this.#host = host
  }

  /** The latest intent; null while nothing is declared. */
  get intent(): number | null {
    return 'intent' in this.#wire ? this.#wire.intent : null
  }

  add(subscription: LocalSubscription): void {
    this.#subscriptions.add(subscription)
    if (this.#wire.name !== 'declared') this.readsAgain()
  }

  leave(subscription: LocalSubscription): void {
    this.#subscriptions.delete(subscription)
    this.readsAgain()
    if (this.#subscriptions.size === 0) this.#host.emptied(this)
  }

  /** A new link: what to declare on it, or null if nothing is wanted. */
  declaration(): Omit<SubscribeFrame, 'type'> | null {
    this.#epoch = null
    this.#become(idle)
    return this.#declare()
  }

  /** Makes what is on the wire fit what the subscriptions want. */
  readsAgain(): void {
    const from = this.#wanted()
    const wire = this.#wire
    if (from === null) return this.#withdraw()
    if (wire.name === 'retrying') return
    if (wire.name === 'declared' && sameFrom(from, wire.from)) return
    if (wire.name === 'confirmed' && isAt(from, wire.cursor)) return
    const declaration = this.#declare()
    if (declaration) this.#host.send({ type: 'subscribe', ...declaration })
  }

  tick(): void {
    this.#become(idle)
    this.readsAgain()
  }

  confirmed({ intent, position, gap }: SubscribedFrame): void {
    const wire = this.#wire
    if (wire.name !== 'declared' || wire.intent !== intent) return
    this.#become({ name: 'confirmed', intent, cursor: position })
    this.#epoch = position.epoch
    const beginning = gap?.after === null ? { epoch: position.epoch, offset: 0 } : position
    for (const subscription of this.#subscriptions) {
      if (subscription.position || sameFrom(subscription.from, wire.from)) subscription.confirmed(beginning)
    }
    if (gap) this.#deliverGap(gap)
    this.readsAgain()
  }

  received({ offset, time, user, data }: MessageFrame): void {
    const wire = this.#wire
    if (wire.name !== 'confirmed') return
    const { epoch, offset: before } = wire.cursor
    if (offset !== before + 1) return this.#host.broken(`${this.topic}: offset ${offset} after ${before}`)
    wire.cursor = { epoch, offset }
    const message: Message = { type: 'message', topic: this.topic, epoch, offset, time, user, data }
    for (const subscription of this.#subscriptions) {
      const { position, full } = subscription
      if (!full && position?.epoch === epoch && position.offset === before) subscription.deliver(message)
    }
    this.#stopIfAllFull()
  }

  gapReceived(gap: GapFrame): void {
    const wire = this.#wire
    if (wire.name !== 'confirmed') return
    wire.cursor = { epoch: gap.next.epoch, offset: gap.next.offset - 1 }
    this.#deliverGap(gap)
    this.readsAgain()
  }

  /** Each subscription that the gap concerns is told what it means for its own position. */
  #deliverGap({ after, next, lost, reason }: WireGap): void {
    for (const subscription of this.#subscriptions) {
      const { position } = subscription
      if (!position || subscription.full) continue
      const sameEpoch = position.epoch === next.epoch
      // A position that its own epoch has not reached is put back; so is whatever stands beyond it.
      const aheadOfHead = reason === 'epoch' && after?.epoch === next.epoch
      const concerned = aheadOfHead ? position.offset >= after.offset : position.offset < next.offset - 1
      if (sameEpoch && !concerned) continue
      const itsLoss = sameEpoch && lost !== null ? next.offset - 1 - position.offset : null
      const itsAfter = after === null && position.offset === 0 ? null : position
      this.#host.gapDelivered()
      const { topic } = this
      subscription.deliverGap({ type: 'gap', topic, after: itsAfter, next, lost: itsLoss, reason })
    }
  }

  ended({ intent, error }: UnsubscribedFrame): void {
    if (intent !== this.intent) return
    if (!error.retry) {
      this.endAll((subscription) => subscription.ended(error.code, error.message))
      return
    }
    const { timekeeper } = this.#host
    this.#become({ name: 'retrying' })
    timekeeper.set(this, timekeeper.now() + (error.retryAfterMs ?? defaultRetryMs))
  }

  /** Ends every subscription; the feed is then empty. */
  endAll(end: (subscription: LocalSubscription) => void): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    this.#become(idle)
    this.#host.emptied(this)
    for (const subscription of subscriptions) end(subscription)
  }

  #declare(): Omit<SubscribeFrame, 'type'> | null {
    const from = this.#wanted()
    if (from === null) return null
    const intent = this.#host.nextIntent()
    this.#become({ name: 'declared', intent, from })
    return { topic: this.topic, intent, from }
  }

  #withdraw(): void {
    const { intent } = this
    this.#become(idle)
    if (intent !== null) this.#host.send({ type: 'unsubscribe', topic: this.topic, intent })
  }

  /** The timer belongs to `retrying` alone. */
  #become(wire: Wire): void {
    if (this.#wire.name === 'retrying') this.#host.timekeeper.set(this, null)
    this.#wire = wire
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
    return other.epoch === this.#epoch
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

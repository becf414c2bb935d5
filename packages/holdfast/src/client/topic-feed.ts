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
import { HoldfastError } from '../core/wire/errors.ts'
import type { LocalSubscription, Message } from './subscription.ts'

/** What the hub was asked for. Without a cursor it is not confirmed yet. */
interface Declared {
  readonly intent: number
  readonly from: From
  cursor: Position | null
}

/** For a hub that does not say when to come back, in milliseconds. */
const defaultRetryMs = 1_000

export interface FeedHost {
  readonly timekeeper: Timekeeper
  /** How many intents were given. */
  intents: number
  /** How many gaps subscriptions were told of. */
  gaps: number
  /** Sends if the link is live; otherwise the next `hello` says what is wanted. */
  send(frame: object): void
  /** Nobody subscribes any more. */
  emptied(feed: TopicFeed): void
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
  /** What the topic is on the wire. `retrying`: the hub told to come back later for it [R37]. */
  #wire: Declared | 'retrying' | null = null
  /** The topic's present life, once it is known on this link; a position of another epoch is behind. */
  #epoch: string | null = null

  constructor(topic: string, host: FeedHost) {
    this.topic = topic
    this.#host = host
  }

  /** The latest intent; null while nothing is declared. */
  get intent(): number | null {
    return this.#declared?.intent ?? null
  }

  get #declared(): Declared | null {
    return this.#wire === 'retrying' ? null : this.#wire
  }

  add(subscription: LocalSubscription): void {
    this.#subscriptions.add(subscription)
    // What is asked for is answered first; then it is seen where the new one stands.
    if (!this.#declared || this.#declared.cursor) this.readsAgain()
  }

  leave(subscription: LocalSubscription): void {
    this.#subscriptions.delete(subscription)
    this.readsAgain()
    if (this.#subscriptions.size === 0) this.#host.emptied(this)
  }

  /** A new link: what to declare on it, or null if nothing is wanted. */
  declaration(): Omit<SubscribeFrame, 'type'> | null {
    this.#epoch = null
    return this.#declare(this.#wanted())
  }

  /** Makes what is on the wire fit what the subscriptions want. */
  readsAgain(): void {
    const from = this.#wanted()
    const wire = this.#wire
    if (from === null) return this.#withdraw()
    if (wire === 'retrying' || (wire && isSame(from, wire.cursor ?? wire.from))) return
    this.#host.send({ type: 'subscribe', ...this.#declare(from) })
  }

  tick(): void {
    this.#wire = null
    this.readsAgain()
  }

  confirmed({ intent, position: { epoch, offset }, gap }: SubscribedFrame): void {
    const declared = this.#declared
    if (declared?.intent !== intent || declared.cursor) return
    declared.cursor = { epoch, offset }
    this.#epoch = epoch
    const beginning = gap?.after === null ? { epoch, offset: 0 } : declared.cursor
    for (const subscription of this.#subscriptions) {
      if (subscription.position || isSame(subscription.from, declared.from)) subscription.confirmed(beginning)
    }
    if (gap) this.#deliverGap(gap)
    this.readsAgain()
  }

  received({ offset, time, user, data }: MessageFrame): void {
    const declared = this.#declared
    if (!declared?.cursor) return
    const { topic } = this
    const { epoch, offset: before } = declared.cursor
    if (offset !== before + 1) return this.#host.broken(`${topic}: offset ${offset} after ${before}`)
    declared.cursor = { epoch, offset }
    const message: Message = { type: 'message', topic, epoch, offset, time, user, data }
    for (const subscription of this.#subscriptions) {
      const { position, full } = subscription
      if (!full && position?.epoch === epoch && position.offset === before)
        subscription.deliver(message, declared.cursor)
    }
    // All are full.
    if (this.#wanted() === null) this.#withdraw()
  }

  gapReceived(gap: GapFrame): void {
    const declared = this.#declared
    if (!declared?.cursor) return
    declared.cursor = beforeNext(gap)
    this.#deliverGap(gap)
    this.readsAgain()
  }

  ended({ intent, error }: UnsubscribedFrame): void {
    if (intent !== this.intent) return
    const { code, message, retry, retryAfterMs = defaultRetryMs } = error
    if (!retry) return this.endAll(new HoldfastError(code, message), false)
    const { timekeeper } = this.#host
    this.#become('retrying')
    timekeeper.set(this, timekeeper.now() + retryAfterMs)
  }

  /** Ends every subscription; the feed is then empty. */
  endAll(error: HoldfastError, known: boolean): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    this.#become(null)
    this.#host.emptied(this)
    for (const subscription of subscriptions) subscription.end(error, known)
  }

  /** Each subscription that the gap concerns is told what it means for its own position. */
  #deliverGap(gap: WireGap): void {
    const { after, next, reason } = gap
    const { topic } = this
    const last = beforeNext(gap)
    for (const subscription of this.#subscriptions) {
      const { position, full } = subscription
      if (!position || full) continue
      const sameEpoch = position.epoch === next.epoch
      // A position that its own epoch has not reached is put back; so is whatever stands beyond it.
      const aheadOfHead = reason === 'epoch' && after?.epoch === next.epoch
      const behindBy = last.offset - position.offset
      const concerned = aheadOfHead ? position.offset >= after.offset : behindBy > 0
      if (sameEpoch && !concerned) continue
      const itsLoss = sameEpoch && !aheadOfHead ? behindBy : null
      // Whoever stood in this epoch already lost what is no longer kept of it, whatever the others lost.
      const itsReason = itsLoss !== null && reason === 'epoch' ? 'pruned' : reason
      const itsAfter = after || position.offset > 0 ? position : null
      this.#host.gaps++
      subscription.deliver(
        { type: 'gap', topic, after: itsAfter, next, lost: itsLoss, reason: itsReason },
        last,
      )
    }
  }

  #declare(from: From | null): Omit<SubscribeFrame, 'type'> | null {
    this.#become(null)
    if (from === null) return null
    const intent = ++this.#host.intents
    this.#wire = { intent, from, cursor: null }
    return { topic: this.topic, intent, from }
  }

  #withdraw(): void {
    const { intent, topic } = this
    this.#become(null)
    if (intent !== null) this.#host.send({ type: 'unsubscribe', topic, intent })
  }

  /** The timer belongs to `retrying` alone. */
  #become(wire: 'retrying' | null): void {
    this.#wire = wire
    this.#host.timekeeper.set(this, null)
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
    return position.epoch === other.epoch ? position.offset < other.offset : other.epoch === this.#epoch
  }
}

/** Where a gap leaves the reader: just before the message that comes next. */
const beforeNext = ({ next: { epoch, offset } }: WireGap): Position => ({ epoch, offset: offset - 1 })

const isSame = (one: From, other: From): boolean => JSON.stringify(one) === JSON.stringify(other)

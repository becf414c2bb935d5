import type { HoldfastError } from '../../../core/wire/errors.ts'
import type { From, Position } from '../../../core/wire/frames.ts'
import type { Gap, Message, Subscription } from '../../../client/subscription.ts'
import type { Truth } from './witnesses.ts'

export interface SubscriptionBegin {
  readonly topic: string
  readonly from: From
  readonly iterated: boolean
  readonly began: Position | null
  readonly since: number
}

/** One subscription of a client, and whether what it is told keeps the promise: ascending by one, or a gap says why. */
export class WatchedSubscription {
  readonly topic: string
  readonly from: From
  /** Read by an iterator, which learns of the end when it comes to it. */
  readonly iterated: boolean
  /** Where the head of the topic was when it began. */
  readonly began: Position | null
  /** When it, or what it shares with others, began. */
  readonly since: number
  /** The data of the last message. */
  last: unknown = null
  /** Why it ended by itself. */
  error: HoldfastError | null = null
  #subscription: Subscription | null = null
  #unsubscribed = false
  readonly #chronicle: Truth
  readonly #fault: (what: string) => void
  #at: Position | null = null
  /** What came before `ready` told where the promise begins. */
  #early: Message | Gap | null = null
  #ready: Position | null = null

  constructor(begun: SubscriptionBegin, chronicle: Truth, fault: (what: string) => void) {
    const { topic, from, iterated, began, since } = begun
    this.topic = topic
    this.from = from
    this.iterated = iterated
    this.began = began
    this.since = since
    this.#chronicle = chronicle
    this.#fault = fault
  }

  get active(): boolean {
    return !this.#unsubscribed && this.error === null
  }

  get answered(): boolean {
    return this.#ready !== null
  }

  /** It ended, or it is known from where on it is told of everything. */
  get settled(): boolean {
    return !this.active || this.answered
  }

  begun(subscription: Subscription): void {
    this.#subscription = subscription
    subscription.ready.then(
      (position) => this.#readyAt(position),
      () => {},
    )
  }

  unsubscribe(): void {
    this.#subscription?.unsubscribe()
    this.#unsubscribed = true
  }

  /** What an iterator still holds comes after the end too. */
  told(event: Message | Gap): void {
    if (!this.active && !this.iterated) this.#fault(`was told of ${describe(event)} after its end`)
    if (event.type === 'gap') this.#toldOfGap(event)
    else this.#toldOfMessage(event)
  }

  #toldOfMessage(message: Message): void {
    const { epoch, offset, data } = message
    const at = this.#at
    if (at && (at.epoch !== epoch || at.offset + 1 !== offset))
      this.#fault(`was told of ${describe(message)} after ${at.epoch}/${at.offset}`)
    const accepted = this.#chronicle.messageAt(this.topic, epoch, offset)
    if (accepted !== data)
      this.#fault(`was told of ${describe(message)}: ${JSON.stringify(data)}, accepted was ${accepted}`)
    this.last = data
    this.#moved(message, { epoch, offset })
  }

  #toldOfGap(gap: Gap): void {
    const { after, next, lost, reason } = gap
    const at = this.#at
    if (at && after && (at.epoch !== after.epoch || at.offset !== after.offset))
      this.#fault(`was told of ${describe(gap)} after ${at.epoch}/${at.offset}`)
    if (after && lost !== null && lost !== next.offset - after.offset - 1)
      this.#fault(`was told of ${describe(gap)}, which counts wrong`)
    if (reason === 'epoch' && after?.epoch === next.epoch)
      this.#fault(`was told of ${describe(gap)} although the epoch is the same`)
    if (lost !== null && lost <= 0) this.#fault(`was told of ${describe(gap)}, which lost nothing`)
    const oldest = this.#chronicle.oldestOf(this.topic, next.epoch)
    if (reason !== 'epoch' && oldest !== null && next.offset > oldest)
      this.#fault(`was told of ${describe(gap)} although ${oldest} is still kept`)
    this.#moved(gap, { epoch: next.epoch, offset: next.offset - 1 })
  }

  #moved(event: Message | Gap, to: Position): void {
    if (!this.#ready) this.#early ??= event
    this.#at = to
  }

  #readyAt(position: Position): void {
    this.#ready = position
    const { from, began } = this
    const fresh = began?.epoch === position.epoch ? began.offset : 0
    if (from === 'start' && position.offset !== 0)
      this.#fault(`is ready at ${position.offset}, not at the start`)
    if (from === 'now' && position.offset < fresh)
      this.#fault(`is ready at ${position.offset}, but began at ${fresh}`)
    if (typeof from === 'object' && 'last' in from && position.offset < fresh - from.last)
      this.#fault(`is ready at ${position.offset}, more than ${from.last} before ${fresh}`)
    if (this.#early) this.#joins(position, this.#early)
    else this.#at ??= position
  }

  /** The first event has to follow from where the promise holds. */
  #joins(position: Position, event: Message | Gap): void {
    const before = event.type === 'gap' ? event.after : { epoch: event.epoch, offset: event.offset - 1 }
    const joins = before === null || (before.epoch === position.epoch && before.offset === position.offset)
    if (!joins)
      this.#fault(`is ready at ${position.epoch}/${position.offset}, but begins with ${describe(event)}`)
  }
}

function describe(event: Message | Gap): string {
  if (event.type === 'message') return `message ${event.epoch}/${event.offset}`
  const { after, next, lost, reason } = event
  const from = after ? `${after.epoch}/${after.offset}` : 'the beginning'
  return `a gap (${reason}, ${lost} lost) from ${from} to ${next.epoch}/${next.offset}`
}

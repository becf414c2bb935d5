import type { SubscribeFrame, UnsubscribedFrame, UnsubscribeFrame } from '../core/wire/frames.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import type { TopicLog } from '../engines/engine.ts'
import type { Cursor } from './cursor.ts'
import { concerns, type RevokeFilter, type Verdict } from './grants.ts'
import type { HubParts } from './hub-parts.ts'
import type { Link } from './link.ts'
import { startingPoint } from './starting-point.ts'

interface Subscription {
  readonly topic: string
  readonly intent: number
  readonly from: SubscribeFrame['from']
  /** Null until the log is open and the right is given. */
  cursor: Cursor | null
}

/** A client told to come back for a subscription waits this long. */
const retryAfterMs = 1_000

/** What one link subscribes to. Whatever is asked meanwhile, the latest intent for a topic wins [R29]. */
export class LinkSubscriptions {
  readonly #parts: HubParts
  readonly #link: Link
  readonly #byTopic = new Map<string, Subscription>()

  constructor(parts: HubParts, link: Link) {
    this.#parts = parts
    this.#link = link
  }

  get count(): number {
    return this.#byTopic.size
  }

  subscribe({ topic, intent, from }: Omit<SubscribeFrame, 'type'>): void {
    const before = this.#byTopic.get(topic)
    if (before && intent <= before.intent) return
    const subscription: Subscription = { topic, intent, from, cursor: null }
    if (before) this.#drop(before)
    if (this.#byTopic.size >= this.#parts.settings.limits.maxSubscriptions) {
      this.#refuse(subscription, 'subscription_limit', 'Too many subscriptions.', false)
      return
    }
    this.#byTopic.set(topic, subscription)
    void this.#open(subscription)
  }

  unsubscribe({ topic, intent }: UnsubscribeFrame): void {
    const subscription = this.#byTopic.get(topic)
    if (subscription?.intent === intent) this.#drop(subscription)
  }

  /** Asks again for what a revocation concerns; nothing is delivered meanwhile [R36]. */
  async revoke(filter: RevokeFilter): Promise<void> {
    const session = this.#link.session
    if (!session) return
    const asked: Promise<void>[] = []
    for (const subscription of this.#byTopic.values()) {
      const { cursor, topic } = subscription
      if (!cursor || !concerns(filter, session.info, topic)) continue
      cursor.paused = true
      asked.push(this.#askAgain(subscription, cursor))
    }
    await Promise.all(asked)
  }

  /** The link ended. */
  end(): void {
    for (const subscription of this.#byTopic.values()) this.#drop(subscription)
  }

  async #open(subscription: Subscription): Promise<void> {
    let log: TopicLog | null = null
    let revision: number
    do {
      revision = this.#parts.grants.revision
      const verdict = await this.#ask(subscription)
      if (verdict !== 'allowed' || !this.#isCurrent(subscription)) {
        log?.release()
        this.#refuseFor(subscription, verdict)
        return
      }
      if (log) continue
      const opened = await this.#parts.engine.open(subscription.topic)
      if (opened.kind === 'refused') {
        this.#refuse(subscription, opened.code, opened.message, true)
        return
      }
      log = opened.log
    } while (revision !== this.#parts.grants.revision)
    if (this.#isCurrent(subscription)) this.#begin(subscription, log)
    else log.release()
  }

  #begin(subscription: Subscription, log: TopicLog): void {
    const { topic, intent, from } = subscription
    const { writer } = this.#link
    const { position, offset, gap } = startingPoint(log, from)
    const cursor: Cursor = { log, intent, writer, offset, confirmed: false, paused: false, dirty: false }
    subscription.cursor = cursor
    this.#parts.fanOut.add(cursor)
    writer.send({ type: 'subscribed', topic, intent, position }, () => {
      cursor.confirmed = true
      writer.markDirty(cursor)
    })
    if (gap) writer.send(gap)
  }

  async #askAgain(subscription: Subscription, cursor: Cursor): Promise<void> {
    const verdict = await this.#ask(subscription)
    if (!this.#isCurrent(subscription)) return
    if (verdict === 'allowed') {
      cursor.paused = false
      cursor.writer.markDirty(cursor)
    } else {
      this.#refuseFor(subscription, verdict === 'forbidden' ? 'revoked' : verdict)
    }
  }

  #ask({ topic }: Subscription): Verdict | Promise<Verdict> {
    const { session } = this.#link
    return session ? this.#parts.grants.ask({ action: 'subscribe', topic, session: session.info }) : 'failed'
  }

  #isCurrent(subscription: Subscription): boolean {
    return this.#byTopic.get(subscription.topic) === subscription
  }

  #refuseFor(subscription: Subscription, verdict: Verdict | 'revoked'): void {
    if (verdict === 'forbidden')
      this.#refuse(subscription, 'forbidden', 'Subscribing to this topic is not allowed.', false)
    if (verdict === 'revoked')
      this.#refuse(subscription, 'revoked', 'The right to this topic was withdrawn.', false)
    if (verdict === 'failed')
      this.#refuse(subscription, 'authorize_failed', 'The right could not be checked.', true)
  }

  #refuse(subscription: Subscription, code: ErrorCode, message: string, retry: boolean): void {
    const replaced = this.#byTopic.has(subscription.topic) && !this.#isCurrent(subscription)
    if (replaced || this.#link.closing) return
    this.#drop(subscription)
    const { topic, intent } = subscription
    const error: UnsubscribedFrame['error'] = { code, message, retry, ...(retry ? { retryAfterMs } : {}) }
    this.#link.writer.send({ type: 'unsubscribed', topic, intent, error })
  }

  #drop(subscription: Subscription): void {
    if (this.#isCurrent(subscription)) this.#byTopic.delete(subscription.topic)
    const { cursor } = subscription
    if (!cursor) return
    subscription.cursor = null
    this.#parts.fanOut.remove(cursor)
    cursor.log.release()
  }
}

import type { SubscribeFrame, UnsubscribedFrame, UnsubscribeFrame } from '../../core/wire/frames.ts'
import type { ErrorCode } from '../../core/wire/error-codes.ts'
import type { OpenOutcome, TopicLog } from '../../engines/engine.ts'
import type { Cursor } from './cursor.ts'
import type { Verdict } from './grants.ts'
import type { HubParts } from '../hub-parts.ts'
import type { Link } from '../links/link.ts'
import type { Session } from '../sessions/session.ts'
import { startingPoint } from './starting-point.ts'

interface Subscription {
  readonly session: Session
  readonly topic: string
  readonly intent: number
  readonly from: SubscribeFrame['from']
  /** Aborted when the subscription is dropped; whoever is being asked for it need not answer any more. */
  readonly owner: AbortController
  /** Null until the right was given and the log is open. */
  log: TopicLog | null
  /** Null until delivery may begin. */
  cursor: Cursor | null
  /** Told when the right was asked for again. */
  told: (() => void)[]
}

const refusals = {
  forbidden: 'Subscribing to this topic is not allowed.',
  revoked: 'The right to this topic was withdrawn.',
} as const

const notOpened: OpenOutcome = {
  kind: 'refused',
  code: 'engine_failed',
  message: 'The engine could not open the topic.',
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
    const { session } = this.#link
    const before = this.#byTopic.get(topic)
    if (!session || (before && intent <= before.intent)) return
    const subscription: Subscription = {
      session,
      topic,
      intent,
      from,
      owner: new AbortController(),
      log: null,
      cursor: null,
      told: [],
    }
    if (before) this.#drop(before)
    if (this.#byTopic.size >= this.#parts.settings.limits.maxSubscriptions) {
      this.#refuse(subscription, 'subscription_limit', 'Too many subscriptions.', false)
      return
    }
    this.#byTopic.set(topic, subscription)
    this.#decide(subscription, () => void this.#open(subscription))
  }

  unsubscribe({ topic, intent }: UnsubscribeFrame): void {
    const subscription = this.#byTopic.get(topic)
    if (subscription?.intent === intent) this.#drop(subscription)
  }

  /** Asks again for what is subscribed to, or for one topic; nothing is delivered meanwhile [R36]. */
  async askAgain(only: string | undefined): Promise<void> {
    const asked: Promise<void>[] = []
    for (const subscription of this.#byTopic.values()) {
      const { cursor, topic } = subscription
      if (cursor && (only === undefined || only === topic)) asked.push(this.#askAgain(subscription, cursor))
    }
    await Promise.all(asked)
  }

  /** The link ended. */
  end(): void {
    for (const subscription of this.#byTopic.values()) this.#drop(subscription)
  }

  async #open(subscription: Subscription): Promise<void> {
    const { engine, settings } = this.#parts
    const { session, topic } = subscription
    const { rightsRevision } = session
    let opened: OpenOutcome
    try {
      opened = await engine.open(topic)
    } catch (error) {
      settings.logger.error({ error, topic }, 'the engine could not open a topic')
      opened = notOpened
    }
    if (opened.kind === 'refused') return this.#refuse(subscription, opened.code, opened.message, true)
    const { log } = opened
    if (subscription.owner.signal.aborted) return log.release()
    subscription.log = log
    if (rightsRevision === session.rightsRevision) this.#begin(subscription, log)
    else this.#decide(subscription, () => this.#begin(subscription, log))
  }

  #begin(subscription: Subscription, log: TopicLog): void {
    const { topic, intent, from } = subscription
    const { writer } = this.#link
    const { position, gap } = startingPoint(log, from)
    const cursor: Cursor = {
      log,
      intent,
      writer,
      offset: position.offset,
      confirmed: false,
      paused: false,
      removed: false,
      dirty: false,
    }
    subscription.cursor = cursor
    this.#parts.fanOut.add(cursor)
    writer.send({ type: 'subscribed', topic, intent, position, ...(gap ? { gap } : {}) }, () => {
      cursor.confirmed = true
      writer.markDirty(cursor)
    })
  }

  #askAgain(subscription: Subscription, cursor: Cursor): Promise<void> {
    return new Promise((resolve) => {
      subscription.told.push(resolve)
      // Whoever is being asked already is asked again if rights change meanwhile.
      if (cursor.paused) return
      cursor.paused = true
      this.#ask(subscription, (verdict) => {
        for (const tell of subscription.told.splice(0)) tell()
        if (verdict !== 'allowed') return this.#refuseFor(subscription, verdict, 'revoked')
        cursor.paused = false
        cursor.writer.markDirty(cursor)
      })
    })
  }

  #decide(subscription: Subscription, allowed: () => void): void {
    this.#ask(subscription, (verdict) => {
      if (verdict === 'allowed') allowed()
      else this.#refuseFor(subscription, verdict, 'forbidden')
    })
  }

  #ask({ session, topic, owner }: Subscription, then: (verdict: Verdict) => void): void {
    this.#parts.grants.decide(session, { action: 'subscribe', topic }, owner.signal, then)
  }

  #isCurrent(subscription: Subscription): boolean {
    return this.#byTopic.get(subscription.topic) === subscription
  }

  #refuseFor(subscription: Subscription, verdict: Verdict, refusal: 'forbidden' | 'revoked'): void {
    if (verdict === 'forbidden') this.#refuse(subscription, refusal, refusals[refusal], false)
    if (verdict === 'failed')
      this.#refuse(subscription, 'authorize_failed', 'The right could not be checked.', true)
  }

  #refuse(subscription: Subscription, code: ErrorCode, message: string, retry: boolean): void {
    if (subscription.owner.signal.aborted) return
    this.#drop(subscription)
    const { topic, intent } = subscription
    const error: UnsubscribedFrame['error'] = { code, message, retry, ...(retry ? { retryAfterMs } : {}) }
    this.#link.writer.send({ type: 'unsubscribed', topic, intent, error })
  }

  #drop(subscription: Subscription): void {
    if (this.#isCurrent(subscription)) this.#byTopic.delete(subscription.topic)
    const { cursor, log } = subscription
    subscription.cursor = null
    subscription.log = null
    if (cursor) this.#parts.fanOut.remove(cursor)
    log?.release()
    subscription.owner.abort()
  }
}

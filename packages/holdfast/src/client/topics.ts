import type { Timekeeper } from '../core/time/timekeeper.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import { HoldfastError } from '../core/wire/errors.ts'
import type {
  GapFrame,
  MessageFrame,
  SubscribedFrame,
  SubscribeFrame,
  UnsubscribedFrame,
} from '../core/wire/frames.ts'
import { isFrom } from '../core/wire/hub-frames.ts'
import { isName, utf8Length } from '../core/wire/names.ts'
import type { Connection } from './connection.ts'
import {
  LocalSubscription,
  type SubscribeOptions,
  type SubscriptionHandlers,
  type SubscriptionOutlet,
} from './subscription.ts'
import { TopicFeed, type FeedHost } from './topic-feed.ts'

/** What subscriptions may add to `hello`, in bytes; the rest follows after `welcome` [R15]. */
const maxHelloBytes = 32_768

/** All topics a client subscribes to. On every link it declares them anew, with their positions. */
export class Topics {
  readonly #connection: Connection
  readonly #host: FeedHost
  readonly #outlet: SubscriptionOutlet
  readonly #feeds = new Map<string, TopicFeed>()
  /** Intents that the `hello` of the current link declared, by topic. */
  readonly #inHello = new Map<string, number>()

  constructor(
    connection: Connection,
    timekeeper: Timekeeper,
    outlet: SubscriptionOutlet,
    broken: (message: string) => void,
  ) {
    this.#connection = connection
    this.#outlet = outlet
    this.#host = {
      timekeeper,
      intents: 0,
      gaps: 0,
      send: (frame) => {
        if (connection.live) connection.send(frame)
      },
      emptied: ({ topic }) => void this.#feeds.delete(topic),
      broken,
    }
  }

  get gapCount(): number {
    return this.#host.gaps
  }

  get topicCount(): number {
    return this.#feeds.size
  }

  /** @throws HoldfastError `topic_invalid`, `closed`; TypeError for options that are none */
  subscribe(
    topic: string,
    options: SubscribeOptions,
    handlers: SubscriptionHandlers | undefined,
  ): LocalSubscription {
    if (!isName(topic)) throw new HoldfastError('topic_invalid')
    assertHandlers(options, handlers)
    if (!isFrom(options.from ?? 'now')) throw new TypeError('from is no place in a topic')
    const { name } = this.#connection.state
    if (name === 'closing' || name === 'closed') throw new HoldfastError('closed')
    const feed = this.#feeds.get(topic) ?? new TopicFeed(topic, this.#host)
    const subscription = new LocalSubscription(topic, feed, options, handlers, this.#outlet)
    this.#feeds.set(topic, feed)
    feed.add(subscription)
    return subscription
  }

  /** For `hello`: as many subscriptions as fit. */
  declarations(): Omit<SubscribeFrame, 'type'>[] {
    this.#inHello.clear()
    const declared: Omit<SubscribeFrame, 'type'>[] = []
    let bytes = 0
    for (const feed of this.#feeds.values()) {
      if (bytes > maxHelloBytes) break
      const declaration = feed.declaration()
      if (!declaration) continue
      bytes += utf8Length(JSON.stringify(declaration))
      declared.push(declaration)
      this.#inHello.set(declaration.topic, declaration.intent)
    }
    return declared
  }

  /** The link is live: declares what `hello` had no room for and what has changed since. */
  admitted(): void {
    for (const [topic, intent] of this.#inHello) {
      if (this.#feeds.get(topic)?.intent !== intent)
        this.#connection.send({ type: 'unsubscribe', topic, intent })
    }
    for (const [topic, feed] of this.#feeds) {
      if (feed.intent !== null && feed.intent === this.#inHello.get(topic)) continue
      const declaration = feed.declaration()
      if (declaration) this.#connection.send({ type: 'subscribe', ...declaration })
    }
    this.#inHello.clear()
  }

  received(frame: SubscribedFrame | UnsubscribedFrame | MessageFrame | GapFrame): void {
    const feed = this.#feeds.get(frame.topic)
    switch (frame.type) {
      case 'message':
        return feed?.received(frame)
      case 'gap':
        return feed?.gapReceived(frame)
      case 'subscribed':
        return feed?.confirmed(frame)
      case 'unsubscribed':
        return feed?.ended(frame)
    }
  }

  /** The client is closed, which its events tell. */
  endAll(code: ErrorCode, message: string): void {
    for (const feed of this.#feeds.values()) feed.endAll(new HoldfastError(code, message), true)
  }
}

/** In JavaScript a handler that is missing, or in the place of the options, would lose messages in silence. */
function assertHandlers(options: SubscribeOptions, handlers: SubscriptionHandlers | undefined): void {
  const complete = !handlers || (isFunction(handlers.message) && isFunction(handlers.gap))
  if (!complete || 'message' in options || 'gap' in options)
    throw new TypeError('the handlers message and gap are the third argument')
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

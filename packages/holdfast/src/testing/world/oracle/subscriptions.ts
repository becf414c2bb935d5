import type { From } from '../../../core/wire/frames.ts'
import type { HoldfastError } from '../../../core/wire/errors.ts'
import type { Gap, Message, SubscriptionHandlers } from '../../../client/subscription.ts'
import type { Report } from './violation.ts'
import { WatchedSubscription } from './watched-subscription.ts'
import type { JudgedClient, ServiceRecord, Truth } from './witnesses.ts'

export interface SubscriptionSurroundings {
  readonly chronicle: Truth
  readonly services: ServiceRecord
  readonly now: () => number
}

/** Per topic and subscription, offsets ascend by one or a gap says why; and who subscribes is told as long as it may be. */
export class SubscriptionOracle {
  readonly #chronicle: Truth
  readonly #services: ServiceRecord
  readonly #now: () => number
  readonly #report: Report

  constructor({ chronicle, services, now }: SubscriptionSurroundings, report: Report) {
    this.#chronicle = chronicle
    this.#services = services
    this.#now = now
    this.#report = report
  }

  /** A subscription that is about to begin. */
  watch(device: JudgedClient, topic: string, from: From, iterated: boolean): WatchedSubscription {
    const place = device.subscriptions.length
    const earlier = asked(device, topic, from)
    const began = earlier ? earlier.began : this.#chronicle.headOf(topic)
    const since = sharedSince(device, topic) ?? this.#now()
    const watched = new WatchedSubscription(
      { topic, from, iterated, began, since },
      this.#chronicle,
      (what) => this.#report(device.index, `subscription ${place} to ${topic} ${what}`),
    )
    device.subscriptions.push(watched)
    return watched
  }

  handlersOf(device: JudgedClient, watched: WatchedSubscription): SubscriptionHandlers {
    return {
      message: (message) => this.#told(device, watched, message),
      gap: (gap) => watched.told(gap),
      error: (error) => this.ended(device, watched, error),
    }
  }

  /** Reads with an iterator; `pause` is what the application does with each event. */
  async iterate(
    device: JudgedClient,
    watched: WatchedSubscription,
    subscription: AsyncIterable<Message | Gap>,
    pause: () => Promise<void>,
  ): Promise<void> {
    try {
      for await (const event of subscription) {
        this.#told(device, watched, event)
        await pause()
      }
    } catch (error) {
      this.ended(device, watched, error as HoldfastError)
    }
  }

  #told(device: JudgedClient, watched: WatchedSubscription, event: Message | Gap): void {
    watched.told(event)
    // What an iterator holds may have come while it was allowed.
    if (event.type === 'message' && !watched.iterated) this.#checkRight(device, event)
  }

  /** What is accepted after a right was withdrawn is not told to whoever lost it. */
  #checkRight(device: JudgedClient, { topic, epoch, offset }: Message): void {
    const since = this.#services.rights.unreadableSince(device, topic)
    const order = this.#chronicle.acceptedBefore(topic, { epoch, offset })
    if (since !== null && order !== undefined && order >= since)
      this.#report(device.index, `was told of ${topic} ${offset}, which it may not read`)
  }

  ended(device: JudgedClient, watched: WatchedSubscription, error: HoldfastError): void {
    watched.error = error
    const { topic } = watched
    const { code } = error
    if (code === 'forbidden' || code === 'revoked') {
      // An iterator may come to it when another session has begun.
      const session = watched.iterated ? null : device.client.session
      if (this.#services.rights.wasRefused({ action: 'subscribe', topic }, session, watched.since)) return
      this.#report(device.index, `lost ${topic} with ${code}, although nobody refused it`)
    } else if (!device.closing) {
      // Its state changes right after its subscriptions have ended.
      queueMicrotask(() => {
        if (device.endedBy !== code) this.#report(device.index, `lost ${topic} with ${code}`)
      })
    }
  }

  allReady(devices: readonly JudgedClient[]): boolean {
    return devices.every(({ over, subscriptions }) => over || subscriptions.every(({ settled }) => settled))
  }

  /** Everybody who still subscribes has to have got the last message. */
  hasLast(devices: readonly JudgedClient[], lastOf: (topic: string) => unknown): boolean {
    return devices.every((device) =>
      device.subscriptions.every(
        (watched) => !watched.active || device.over || watched.last === lastOf(watched.topic),
      ),
    )
  }

  reportSilent(devices: readonly JudgedClient[], lastOf: (topic: string) => unknown): void {
    for (const device of devices) {
      for (const [place, watched] of device.subscriptions.entries()) {
        if (!watched.active || device.over || watched.last === lastOf(watched.topic)) continue
        this.#report(
          device.index,
          `subscription ${place} to ${watched.topic} was never told of the last message; its last is ${String(watched.last)}`,
        )
      }
    }
  }
}

/** A subscription that asks for the same and has no answer yet: a further one shares that answer. */
function asked({ subscriptions }: JudgedClient, topic: string, from: From): WatchedSubscription | undefined {
  return subscriptions.find(
    (other) =>
      other.topic === topic && !other.answered && JSON.stringify(other.from) === JSON.stringify(from),
  )
}

/** Since when the client has subscribed to the topic without a pause; undefined: it does not. */
const sharedSince = ({ subscriptions }: JudgedClient, topic: string): number | undefined =>
  subscriptions.find((other) => other.topic === topic && other.active)?.since

import type { From } from '../../../core/wire/frames.ts'
import type { HoldfastError } from '../../../core/wire/errors.ts'
import type { Gap, Message, Subscription, SubscriptionHandlers } from '../../../client/subscription.ts'
import type { Chronicle } from '../chronicle.ts'
import type { Device } from '../device.ts'
import type { Services } from '../services.ts'
import type { Report } from './violation.ts'
import { WatchedSubscription } from './watched-subscription.ts'

/** Per topic and subscription, offsets ascend by one or a gap says why; and who subscribes is told as long as it may be. */
export class SubscriptionOracle {
  readonly #chronicle: Chronicle
  readonly #services: Services
  readonly #report: Report

  constructor(chronicle: Chronicle, services: Services, report: Report) {
    this.#chronicle = chronicle
    this.#services = services
    this.#report = report
  }

  /** A subscription that is about to begin. */
  watch(device: Device, topic: string, from: From, iterated: boolean): WatchedSubscription {
    const place = device.subscriptions.length
    const earlier = asked(device, topic, from)
    const began = earlier ? earlier.began : this.#chronicle.headOf(topic)
    const watched = new WatchedSubscription({ topic, from, iterated, began }, this.#chronicle, (what) =>
      this.#report(device.index, `subscription ${place} to ${topic} ${what}`),
    )
    device.subscriptions.push(watched)
    return watched
  }

  handlersOf(device: Device, watched: WatchedSubscription): SubscriptionHandlers {
    return {
      message: (message) => this.#told(device, watched, message),
      gap: (gap) => watched.told(gap),
      error: (error) => this.ended(device, watched, error),
    }
  }

  /** Reads with an iterator; `pause` is what the application does with each event. */
  async iterate(
    device: Device,
    watched: WatchedSubscription,
    subscription: Subscription,
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

  #told(device: Device, watched: WatchedSubscription, event: Message | Gap): void {
    watched.told(event)
    // What an iterator holds may have come while it was allowed.
    if (event.type === 'message' && !watched.iterated) this.#checkRight(device, event)
  }

  /** What is accepted after a right was withdrawn is not told to whoever lost it. */
  #checkRight(device: Device, { topic, epoch, offset }: Message): void {
    const denial = device.userChanged ? null : this.#services.denialOf(device.user, topic)
    const order = this.#chronicle.acceptedBefore(topic, { epoch, offset })
    if (denial?.known && order !== undefined && order >= denial.acceptedBefore)
      this.#report(device.index, `was told of ${topic} ${offset}, which it may not read`)
  }

  ended(device: Device, watched: WatchedSubscription, error: HoldfastError): void {
    watched.error = error
    const { topic } = watched
    const { code } = error
    if (code === 'forbidden' || code === 'revoked') {
      if (device.userChanged || this.#services.wasEverDenied(device.user, topic)) return
      this.#report(device.index, `lost ${topic} with ${code}, although it was never withdrawn`)
    } else if (!device.closing) {
      // Its state changes right after its subscriptions have ended.
      queueMicrotask(() => {
        if (device.endedBy !== code) this.#report(device.index, `lost ${topic} with ${code}`)
      })
    }
  }

  allReady(devices: readonly Device[]): boolean {
    return devices.every(({ over, subscriptions }) => over || subscriptions.every(({ settled }) => settled))
  }

  /** Everybody who still subscribes has to have got the last message. */
  hasLast(devices: readonly Device[], lastOf: (topic: string) => unknown): boolean {
    return devices.every((device) =>
      device.subscriptions.every(
        (watched) => !watched.active || device.over || watched.last === lastOf(watched.topic),
      ),
    )
  }

  reportSilent(devices: readonly Device[], lastOf: (topic: string) => unknown): void {
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
function asked({ subscriptions }: Device, topic: string, from: From): WatchedSubscription | undefined {
  return subscriptions.find(
    (other) =>
      other.topic === topic && !other.answered && JSON.stringify(other.from) === JSON.stringify(from),
  )
}

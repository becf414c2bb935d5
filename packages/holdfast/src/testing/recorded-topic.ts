import type { Client } from '../client/connect.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import type { Gap, Message, SubscribeOptions, Subscription } from '../client/subscription.ts'

/** A subscription and all it delivered. */
export interface RecordedTopic {
  readonly subscription: Subscription
  readonly events: (Message | Gap)[]
  readonly errors: HoldfastError[]
  /** The data of the messages. */
  readonly data: unknown[]
  readonly offsets: number[]
  readonly gaps: Gap[]
}

/** Records what handlers are called with. */
export function recordTopic(client: Client, topic: string, options: SubscribeOptions = {}): RecordedTopic {
  const events: (Message | Gap)[] = []
  const errors: HoldfastError[] = []
  const subscription = client.subscribe(topic, options, {
    message: (message) => events.push(message),
    gap: (gap) => events.push(gap),
    error: (error) => errors.push(error),
  })
  return recordOf(subscription, events, errors)
}

function recordOf(
  subscription: Subscription,
  events: (Message | Gap)[],
  errors: HoldfastError[],
): RecordedTopic {
  const messages = (): Message[] => events.filter((event) => event.type === 'message')
  return {
    subscription,
    events,
    errors,
    get data() {
      return messages().map(({ data }) => data)
    },
    get offsets() {
      return messages().map(({ offset }) => offset)
    },
    get gaps() {
      return events.filter((event) => event.type === 'gap')
    },
  }
}

import { makeClient, type Client } from '../../client/connect.ts'
import type { ClientEnv } from '../../client/env.ts'
import type { Ask } from '../../client/ask.ts'
import type { Gap, Message, SubscriptionHandlers } from '../../client/subscription.ts'
import { nodeEnv } from '../../client-node/env.ts'
import { longPoll, sse, websocket } from '../../client-node/index.ts'
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts'
import { CountedLinks } from '../counted-links.ts'
import { countTimers } from '../counted-timers.ts'
import { hubUrl } from '../real-hub.ts'
import type { TransportName } from '../simulated-transport.ts'
import type { WatchedSubscription } from '../world/oracle/watched-subscription.ts'
import type { JudgedClient } from '../world/oracle/witnesses.ts'
import { DeliveryAudit } from './delivery-audit.ts'

export interface RealClientSettings {
  /** Its place among all clients. */
  readonly index: number
  /** Best first. */
  readonly over: readonly TransportName[]
  readonly user: string
  readonly proxy: FaultProxy
  /** Operations that may wait in its outbox. */
  readonly outboxOperations: number
  /** Told of what happens to it. */
  readonly note: (what: string) => void
}

/** A subscription, and a count of what it was told. */
export interface AuditedSubscription {
  readonly watched: WatchedSubscription
  readonly audit: DeliveryAudit
}

/** A client over real sockets, through a proxy of its own. */
export class RealClient implements JudgedClient {
  readonly index: number
  readonly user: string
  /** What it connects over, best first. */
  readonly ways: readonly TransportName[]
  readonly proxy: FaultProxy
  readonly client: Client
  readonly pairClient: JudgedClient['pairClient']
  readonly subscriptions: WatchedSubscription[] = []
  readonly audited: AuditedSubscription[] = []
  readonly userChanged = false
  closing = false

  constructor({ index, over, user, proxy, outboxOperations, note }: RealClientSettings) {
    this.index = index
    this.user = user
    this.ways = over
    this.proxy = proxy
    const held = new CountedLinks()
    const timers = countTimers<ClientEnv>(nodeEnv)
    const states: JudgedClient['pairClient']['states'][number][] = []
    const errors: JudgedClient['pairClient']['errors'][number][] = []
    this.pairClient = { states, errors, timers, held, page: null, heldRequests: 0 }
    const client = makeClient(
      hubUrl(proxy.port),
      over.map((name) => held.over(transports[name]())),
      { token: user, outbox: { maxOperations: outboxOperations } },
      timers.env,
    )
    this.client = client
    client.on('state', (change) => {
      states.push(change)
      note(`${change.from} → ${change.to}${change.reason ? ` (${change.reason.code})` : ''}`)
    })
    client.on('error', (error) => {
      errors.push(error)
      note(`error ${error.code}: ${error.message}`)
    })
    client.on('transport', ({ to, reason }) => note(`over ${to} (${reason})`))
  }

  /** The asks that can be answered now, oldest first. */
  get answerable(): readonly Ask[] {
    return this.client.asks.filter(({ status }) => status === 'pending' || status === 'refused')
  }

  get over(): boolean {
    return this.closing || this.client.state === 'closed' || this.client.state === 'closing'
  }

  /** It is live, and nothing waits. */
  get inOrder(): boolean {
    return this.client.state === 'live' && this.client.pending === 0
  }

  get endedBy(): string | null {
    const last = this.pairClient.states.at(-1)
    return last?.to === 'closed' ? (last.reason?.code ?? null) : null
  }

  /** Has a count kept of what handlers are told. */
  auditHandlers(watched: WatchedSubscription, handlers: SubscriptionHandlers): SubscriptionHandlers {
    const audit = this.#audit(watched)
    const { message, gap, ...others } = handlers
    return {
      ...others,
      message(event) {
        audit.told(event)
        message(event)
      },
      gap(event) {
        audit.told(event)
        gap(event)
      },
    }
  }

  /** Has a count kept of what an iterator yields. */
  auditEvents(
    watched: WatchedSubscription,
    events: AsyncIterable<Message | Gap>,
  ): AsyncGenerator<Message | Gap, void, undefined> {
    return countedBy(this.#audit(watched), events)
  }

  #audit(watched: WatchedSubscription): DeliveryAudit {
    const audit = new DeliveryAudit(watched.topic)
    this.audited.push({ watched, audit })
    return audit
  }
}

async function* countedBy(
  audit: DeliveryAudit,
  events: AsyncIterable<Message | Gap>,
): AsyncGenerator<Message | Gap, void, undefined> {
  for await (const event of events) {
    audit.told(event)
    yield event
  }
}

const transports = { websocket, sse, 'long-poll': longPoll }

import type { Ask } from '../../client/ask.ts'
import type { Client } from '../../client/connect.ts'
import type { PageEvent } from '../../client/env.ts'
import type { TransportName } from '../simulated-transport.ts'
import type { Pair, PairClient } from '../pair.ts'
import type { NetworkLink } from '../network-link.ts'
import type { ClientSettings } from './schedule.ts'
import { tokenOf, type Services } from './services.ts'
import type { WatchedSubscription } from './oracle/watched-subscription.ts'

const shown: ReadonlySet<Ask['status']> = new Set<Ask['status']>(['pending', 'sending', 'refused'])

/** A client of the world, and what its application does with it. */
export class Device {
  readonly index: number
  readonly client: Client
  readonly pairClient: PairClient
  /** Oldest first, those that have ended too. */
  readonly subscriptions: WatchedSubscription[] = []
  user: string
  /** It was another user's at least once. */
  userChanged = false
  /** The application closed it. */
  closing = false
  closed = false
  readonly #over: readonly TransportName[]
  /** What keeps its page from connecting. */
  readonly #away = new Set<PageEvent>()
  #token: string | null = null

  constructor(pair: Pair, services: Services, { over, user }: ClientSettings, outboxOperations: number) {
    this.index = pair.clients.length
    this.user = user
    this.#over = over
    this.pairClient = pair.connect({
      over,
      outbox: { maxOperations: outboxOperations },
      token: async ({ rejected }) => {
        // It is asked for while the client is being made.
        await Promise.resolve()
        return services.call('token', this.pairClient.loop, () => this.#tokenAt(pair, rejected))
      },
    })
    this.client = this.pairClient.client
  }

  /** The newest one; undefined before the first. */
  get link(): NetworkLink | undefined {
    return this.pairClient.links.at(-1)
  }

  /** The asks that can be answered now, oldest first. */
  get answerable(): readonly Ask[] {
    return this.client.asks.filter(({ status }) => status === 'pending' || status === 'refused')
  }

  /** Its user sees an ask that is not over. */
  shows(ask: string): boolean {
    return this.client.asks.some(({ id, status }) => id === ask && shown.has(status))
  }

  /** The application or the hub ended it for good. */
  get over(): boolean {
    return this.closing || this.client.state === 'closed' || this.client.state === 'closing'
  }

  /** It is live, was awake before this moment, and nothing waits. */
  get inOrder(): boolean {
    const { loop } = this.pairClient
    return this.client.state === 'live' && this.client.pending === 0 && loop.stalledUntil < loop.now()
  }

  /** With which code it ended by itself. */
  get endedBy(): string | null {
    const last = this.pairClient.states.at(-1)
    return last?.to === 'closed' ? (last.reason?.code ?? null) : null
  }

  signIn(user: string): void {
    this.userChanged = true
    this.user = user
    this.#token = null
  }

  prefer(transport: TransportName | null): void {
    if (transport === null || this.#over.includes(transport)) this.client.preferTransport(transport)
  }

  /** Something happens to its page. */
  page(event: PageEvent): void {
    if (event === 'wentOffline' || event === 'putAway') this.#away.add(event)
    if (event === 'cameOnline') this.#away.delete('wentOffline')
    if (event === 'woke') this.#away.delete('putAway')
    this.pairClient.page?.[event]()
  }

  /** Whatever keeps its page away is over. */
  comeBack(): void {
    if (this.#away.has('wentOffline')) this.page('cameOnline')
    if (this.#away.has('putAway')) this.page('woke')
  }

  async close(): Promise<void> {
    this.closing = true
    await this.client.close()
    this.closed = true
  }

  /** Keeps its token until it is told that it will not do. */
  #tokenAt(pair: Pair, rejected: boolean): string {
    if (rejected) this.#token = null
    this.#token ??= tokenOf(this.user, pair.clock.now)
    return this.#token
  }
}

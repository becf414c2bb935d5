import type { Fetch, FetchResponse } from '../client/fetch.ts'
import type { Transport, TransportEvents, TransportLink } from '../client/transports/transport.ts'
import { MemoryHttpLink, type HttpClient, type HttpSurroundings } from './http/memory-http-link.ts'
import { MemoryLink } from './memory-link.ts'
import type { PipeConditions } from './memory-pipe.ts'
import type { HubPeer, NetworkLink } from './network-link.ts'
import type { Wiretap } from './wiretap.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualLoop } from './virtual-loop.ts'

const defaultConditions: PipeConditions = {
  latencyMs: 10,
  bytesPerMs: Infinity,
  kernelBytes: 262_144,
  segmentBytes: 16_384,
}

/** What an attempt to open a link meets: the hub, an error, or nothing at all. */
export type Reach = 'hub' | 'refused' | 'silence'

/** A client's process, as the network knows it. */
export interface NetworkClient {
  readonly loop: VirtualLoop
  /** What its requests carry beside what the transport says. */
  readonly headers: Readonly<Record<string, string>>
  /** Told of each link that the client begins to open. */
  opened(link: NetworkLink): void
}

/** Every link between the clients and the hub, and what happens to those to come. */
export class MemoryNetwork {
  /** All there ever were, oldest first. */
  readonly links: NetworkLink[] = []
  /** Of connections opened from now on. */
  conditions: PipeConditions = defaultConditions
  /** What an attempt to open a link meets. */
  reach: Reach = 'hub'
  /** What an upgrade to WebSocket meets, where the hub can be reached: many proxies pass none. */
  upgrades: Reach = 'hub'
  /** Over HTTP a proxy holds every response back until it is whole. */
  buffering = false
  /** Over HTTP the requests of a link opened from now on share one connection. */
  multiplexed = false
  /** Told of what passes over links that are opened from now on. */
  wiretap: Wiretap | null = null
  /** Attempts to open a link, those that failed too. */
  attempts = 0
  /** What is being opened, or asked of a link, and is refused or meets silence. */
  readonly #hopeless = new Set<object>()
  /** Links over HTTP by the names the hub gave them. */
  readonly #named = new Map<string, MemoryHttpLink>()
  readonly #clock: VirtualClock
  readonly #hub: () => HubPeer | null

  constructor(clock: VirtualClock, hub: () => HubPeer | null) {
    this.#clock = clock
    this.#hub = hub
  }

  /** Links that at least one end still has. */
  get openCount(): number {
    return this.links.filter((link) => !link.gone).length + this.#hopeless.size
  }

  change(conditions: Partial<PipeConditions>): void {
    this.conditions = { ...this.conditions, ...conditions }
  }

  /** WebSocket between one client and the hub. */
  webSocket(client: NetworkClient): Transport {
    return {
      name: 'websocket',
      open: (_url, events) => {
        this.attempts++
        const hub = this.upgrades === 'hub' ? this.#reachable() : null
        if (!hub) return this.#deadSocket(client.loop, events)
        const request = { headers: client.headers, remoteAddress: null }
        const ends = { loop: client.loop, events }
        const link = new MemoryLink(this.#clock, this.conditions, ends, hub, request, this.wiretap)
        this.#opened(link, client)
        return link
      },
    }
  }

  /**
   * The `fetch` of one client while it opens one link, and uses it.
   * @param opened told of the link that a request opened
   */
  fetch(client: NetworkClient & HttpClient, opened: (link: MemoryHttpLink) => void): Fetch {
    return async (address, { method, headers, body, signal }) => {
      if (signal.aborted) throw signal.reason
      const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
      const { pathname, search } = new URL(address)
      const request = {
        method,
        url: pathname + search,
        headers: { ...client.headers, ...Object.fromEntries(lowerCase) },
        signal,
        ...(body === undefined ? {} : { body }),
      }
      const name = request.headers['holdfast-link']
      let link = name === undefined ? undefined : this.#named.get(name)
      if (!link) {
        this.attempts++
        const hub = this.#reachable()
        if (!hub) return this.#unreachable(client.loop, signal)
        link = new MemoryHttpLink(this.#surroundings(client.loop), client, hub)
        this.#opened(link, client)
        opened(link)
      }
      const response = await link.fetch(request)
      const given = response.headers.get('holdfast-link')
      if (given !== null) this.#named.set(given, link)
      return response
    }
  }

  #opened(link: NetworkLink, client: NetworkClient): void {
    this.links.push(link)
    client.opened(link)
  }

  #reachable(): HubPeer | null {
    return this.reach === 'hub' ? this.#hub() : null
  }

  #surroundings(client: VirtualLoop): HttpSurroundings {
    return {
      clock: this.#clock,
      conditions: this.conditions,
      multiplexed: this.multiplexed,
      buffering: () => this.buffering,
      wiretap: this.wiretap,
      hub: () => this.#reachable(),
      unreachable: (signal) => this.#unreachable(client, signal),
    }
  }

  #unreachable(client: VirtualLoop, signal: AbortSignal): Promise<FetchResponse> {
    return new Promise((_resolve, reject) => {
      const end = this.#hopelessUntil(client, this.reach, () => reject(new TypeError('nobody answers')))
      signal.addEventListener('abort', () => {
        if (end()) reject(signal.reason)
      })
    })
  }

  #deadSocket(client: VirtualLoop, events: TransportEvents): TransportLink {
    const reach = this.reach === 'hub' ? this.upgrades : this.reach
    const end = this.#hopelessUntil(client, reach, () => events.closed(null))
    return {
      bufferedBytes: 0,
      send: () => {},
      close: () => {
        if (end()) client.io(() => events.closed(null))
      },
      abandon: () => void end(),
    }
  }

  /** Something that will fail, unless there is silence; returns what ends it before, and says whether it did. */
  #hopelessUntil(client: VirtualLoop, reach: Reach, failed: () => void): () => boolean {
    const hopeless = {}
    this.#hopeless.add(hopeless)
    const end = (): boolean => this.#hopeless.delete(hopeless)
    if (reach !== 'silence') {
      this.#clock.schedule(this.#clock.now + 2 * this.conditions.latencyMs, 'io', client, () => {
        if (end()) failed()
      })
    }
    return end
  }
}

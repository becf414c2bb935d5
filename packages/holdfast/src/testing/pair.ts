import { makeClient, type Client } from '../client/connect.ts'
import type { ClientEnv, PageEvent } from '../client/env.ts'
import type { ClientEvents, ConnectOptions, StateChange } from '../client/options.ts'
import type { Engine } from '../engines/engine.ts'
import { memory } from '../engines/memory.ts'
import { hubOf, type Hub } from '../server/hub.ts'
import { HubCore } from '../server/hub-core.ts'
import { settingsOf, type HubOptions, type Logger } from '../server/options.ts'
import { CountedLinks, type LinkCount } from './counted-links.ts'
import { countTimers, type TimerCount } from './counted-timers.ts'
import { MemoryNetwork, type NetworkClient } from './memory-network.ts'
import type { PipeConditions } from './memory-pipe.ts'
import type { HubPeer, NetworkLink } from './network-link.ts'
import { noFetch, simulatedTransport, type TransportName } from './simulated-transport.ts'
import { SeededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualLoop } from './virtual-loop.ts'

export interface PairOptions {
  readonly seed?: number
  /** What clients connect over, unless they say otherwise. Default `websocket`. */
  readonly transport?: TransportName
  readonly hub?: Omit<HubOptions, 'engine' | 'logger'>
  /** Makes the engine of each hub that is started. */
  readonly engine?: () => Engine
  readonly network?: Partial<PipeConditions>
  /** Called with each hub that is started, to give it its handlers. */
  readonly started?: (hub: Hub) => void
}

export interface PairConnectOptions extends Omit<ConnectOptions, 'transports'> {
  /** The ways to reach the hub, best first. Default: the pair's. */
  readonly over?: readonly TransportName[]
  /** What the client's requests carry beside what it says itself. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A client and what surrounds it. */
export interface PairClient {
  readonly client: Client
  readonly loop: VirtualLoop
  /** The client's links, oldest first. */
  readonly links: readonly NetworkLink[]
  /** The latest of them. */
  readonly link: NetworkLink
  readonly states: readonly StateChange[]
  readonly errors: readonly ClientEvents['error'][]
  /** Makes something happen to the page; null once the client no longer listens. */
  readonly page: Readonly<Record<PageEvent, () => void>> | null
  /** Requests that it may keep open for long, by the right it asked for. */
  readonly heldRequests: number
  /** The client's own timers, without those of the application around it. */
  readonly timers: TimerCount
  /** Links that the client holds. */
  readonly held: LinkCount
}

interface RunningHub {
  readonly hub: Hub
  readonly peer: HubPeer
}

/** By then the hub has judged a silence, with the default heartbeat, and destroyed the link. */
const silenceMs = 41_100
const wallStart = Date.UTC(2025, 0, 1)

/** One hub and any number of clients over virtual time and a simulated network; the seed replays all of it. */
export class Pair {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly clients: PairClient[] = []
  /** What the hubs logged. */
  readonly logged: { readonly details: object; readonly message: string }[] = []
  readonly #options: PairOptions
  #running: RunningHub | null = null
  #polled: boolean
  #hub: Hub
  #core: HubCore
  #hubs = 0

  constructor(options: PairOptions = {}) {
    this.#options = options
    this.#polled = options.transport === 'long-poll'
    this.random = new SeededRandom(options.seed ?? 1)
    this.network = new MemoryNetwork(this.clock, () => this.#running?.peer ?? null)
    this.network.change(options.network ?? {})
    ;[this.#hub, this.#core] = this.#start()
  }

  get transport(): TransportName {
    return this.#options.transport ?? 'websocket'
  }

  /** The latest hub. */
  get hub(): Hub {
    return this.#hub
  }

  /** What is behind the latest hub's public face. */
  get hubCore(): HubCore {
    return this.#core
  }

  /** The latest hub's process. */
  get hubLoop(): VirtualLoop {
    if (!this.#running) throw new Error('no hub runs')
    return this.#running.peer.loop
  }

  /** Starts a hub that knows nothing of an earlier one. */
  startHub(): Hub {
    ;[this.#hub, this.#core] = this.#start()
    return this.#hub
  }

  #start(): [hub: Hub, core: HubCore] {
    const loop = new VirtualLoop(this.clock)
    const log = (details: object, message: string): void => void this.logged.push({ details, message })
    const logger: Logger = { warn: log, error: log }
    const engine = this.#options.engine?.() ?? memory()
    const settings = settingsOf({ ...this.#options.hub, engine, logger })
    const random = SeededRandom.of(this.#seed, `hub ${++this.#hubs}`)
    const core = new HubCore(settings, { ...this.#env(loop, random), defer: loop.defer })
    const hub = hubOf(core)
    const { maxFrameBytes } = settings.limits
    this.#running = {
      hub,
      peer: {
        loop,
        maxFrameBytes,
        get refusing() {
          return core.refusing
        },
        accept: core.accept,
        exchange: (exchange) => core.http.serve(exchange),
      },
    }
    this.#options.started?.(hub)
    return [hub, core]
  }

  /** The hub's process dies: its memory is lost and every connection reset. */
  killHub(): void {
    this.#running?.peer.loop.kill()
    this.#running = null
    for (const link of this.network.links) if (!link.gone) link.hubDied()
  }

  connect(options: PairConnectOptions = {}): PairClient {
    const { headers = {}, over = [this.transport], ...connectOptions } = options
    if (over.includes('long-poll')) this.#polled = true
    const loop = new VirtualLoop(this.clock)
    const links: NetworkLink[] = []
    const states: StateChange[] = []
    const errors: ClientEvents['error'][] = []
    const heldRequests = new Set<object>()
    let page: PairClient['page'] = null
    const opened: NetworkClient['opened'] = (link) => void links.push(link)
    const counted = new CountedLinks()
    const transports = over.map((name) =>
      counted.over(simulatedTransport(name, this.network, { loop, headers, opened })),
    )
    const random = SeededRandom.of(this.#seed, `client ${this.clients.length}`)
    const timers = countTimers<{ setTimer: ClientEnv['setTimer'] }>(loop)
    const client = makeClient('https://example.test/holdfast', transports, connectOptions, {
      ...this.#env(loop, random),
      setTimer: timers.env.setTimer,
      fetch: noFetch,
      holdRequest: () => holdRequest(heldRequests),
      provedTransports: new Map<string, string>(),
      watchPage(tell) {
        page = {
          woke: () => tell('woke'),
          cameOnline: () => tell('cameOnline'),
          wentOffline: () => tell('wentOffline'),
          putAway: () => tell('putAway'),
        }
        return () => {
          page = null
        }
      },
    })
    client.on('state', (change) => states.push(change))
    client.on('error', (error) => errors.push(error))
    const pairClient: PairClient = {
      client,
      loop,
      links,
      states,
      errors,
      timers,
      held: counted,
      get link() {
        const link = links.at(-1)
        if (!link) throw new Error('the client has not opened a link')
        return link
      },
      get page() {
        return page
      },
      get heldRequests() {
        return heldRequests.size
      },
    }
    this.clients.push(pairClient)
    return pairClient
  }

  /** Connects a client and waits until its link is proved. */
  async connected(options: PairConnectOptions = {}): Promise<PairClient> {
    const connected = this.connect(options)
    await this.clock.until(() => connected.client.state === 'live')
    await this.clock.advance(4 * this.network.conditions.latencyMs)
    return connected
  }

  /**
   * Cuts a client off: its link is reset, no new one can be opened until `network.reach` says so, and when it resolves the
   * hub knows. Over long-poll that takes as long as a silence that is judged: a poll that broke off might come again.
   */
  async cutOff({ client, link }: PairClient): Promise<void> {
    this.network.reach = 'refused'
    link.cut()
    await this.clock.settle()
    await this.clock.until(() => !this.hub.sessions().some(({ id, live }) => live && id === client.session))
  }

  /** Closes all clients. */
  async closeClients(): Promise<void> {
    await this.clock.settled(Promise.all(this.clients.map(({ client }) => client.close())))
    await this.clock.advance(2 * this.network.conditions.latencyMs + 2_000)
  }

  /** Closes everything, unless it is closed, and tells what is left: nothing, if all is right. */
  async leftovers(): Promise<string[]> {
    await this.closeClients()
    const left: string[] = []
    if (this.#running) {
      // What was dropped without a word the hub finds out by silence.
      if (this.#polled && this.hub.stats().links > 0) await this.clock.advance(silenceMs)
      left.push(...leftInHub(this.#running.hub))
      await this.clock.settled(this.#running.hub.close())
      await this.clock.settle()
      const { timerCount } = this.#running.peer.loop
      if (timerCount > 0) left.push(`${timerCount} timers of the hub`)
    }
    for (const [index, { client, loop, page, heldRequests }] of this.clients.entries()) {
      const { pending, topics, asks, deadlines } = client.stats()
      const counts = {
        pending,
        topics,
        asks,
        deadlines,
        timers: loop.timerCount,
        pages: page ? 1 : 0,
        heldRequests,
      }
      for (const [what, count] of Object.entries(counts)) {
        if (count > 0) left.push(`${count} ${what} of client ${index}`)
      }
      if (client.state !== 'closed') left.push(`client ${index} is ${client.state}`)
    }
    if (this.network.openCount > 0) left.push(`${this.network.openCount} connections`)
    return left
  }

  /** The wall clock as a process sees it. */
  wallNow(loop: VirtualLoop): number {
    return Math.floor(wallStart + this.clock.now + loop.wallAheadMs)
  }

  get #seed(): number {
    return this.#options.seed ?? 1
  }

  #env(loop: VirtualLoop, random: SeededRandom) {
    return {
      now: loop.now,
      wallNow: () => this.wallNow(loop),
      random: () => random.next(),
      randomName: () => random.name(),
      setTimer: loop.setTimer,
    }
  }
}

function holdRequest(held: Set<object>): Promise<() => void> {
  const request = {}
  held.add(request)
  return Promise.resolve(() => void held.delete(request))
}

/** What a hub holds although nobody is connected, beyond the messages it keeps and the sessions at rest. */
function leftInHub(hub: Hub): string[] {
  const { links, sessions, subscriptions, topics, operations, asks, deadlines, writing, orphans } =
    hub.stats()
  const counts = {
    links,
    'live sessions': sessions.live,
    subscriptions,
    'open topics': topics.open,
    'running operations': operations.running,
    'pending asks': asks.pending,
    'waiting asks': asks.waiting,
    // Those that are over have one for all.
    'deadlines without an owner': deadlines - sessions.resting - Math.min(asks.ended, 1),
    writing,
    orphans,
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what} in the hub`] : []))
}

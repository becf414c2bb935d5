import { makeClient, type Client } from '../client/connect.ts'
import type { PageEvents } from '../client/env.ts'
import type { ClientEvents, ConnectOptions, StateChange } from '../client/options.ts'
import type { Engine } from '../engines/engine.ts'
import { memory } from '../engines/memory.ts'
import { hubOf, type Hub } from '../server/hub.ts'
import { HubCore } from '../server/hub-core.ts'
import { settingsOf, type HubOptions, type Logger } from '../server/options.ts'
import type { HubPeer, MemoryLink } from './memory-link.ts'
import { MemoryNetwork, noHttp } from './memory-network.ts'
import type { PipeConditions } from './memory-pipe.ts'
import { SeededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualLoop } from './virtual-loop.ts'

export interface PairOptions {
  readonly seed?: number
  readonly hub?: Omit<HubOptions, 'engine' | 'logger'>
  /** Makes the engine of each hub that is started. */
  readonly engine?: () => Engine
  readonly network?: Partial<PipeConditions>
  /** Called with each hub that is started, to give it its handlers. */
  readonly started?: (hub: Hub) => void
}

/** A client and what surrounds it. */
export interface PairClient {
  readonly client: Client
  readonly loop: VirtualLoop
  /** The client's connections, oldest first. */
  readonly links: readonly MemoryLink[]
  /** The latest of them. */
  readonly link: MemoryLink
  readonly states: readonly StateChange[]
  readonly errors: readonly ClientEvents['error'][]
  /** The events of the page; null once the client no longer listens. */
  readonly page: PageEvents | null
}

interface RunningHub {
  readonly hub: Hub
  readonly peer: HubPeer
}

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
  #hub: Hub

  constructor(options: PairOptions = {}) {
    this.#options = options
    this.random = new SeededRandom(options.seed ?? 1)
    this.network = new MemoryNetwork(this.clock, () => this.#running?.peer ?? null)
    this.network.change(options.network ?? {})
    this.#hub = this.startHub()
  }

  /** The latest hub. */
  get hub(): Hub {
    return this.#hub
  }

  /** The latest hub's process. */
  get hubLoop(): VirtualLoop {
    if (!this.#running) throw new Error('no hub runs')
    return this.#running.peer.loop
  }

  /** Starts a hub that knows nothing of an earlier one. */
  startHub(): Hub {
    const loop = new VirtualLoop(this.clock)
    const log = (details: object, message: string): void => void this.logged.push({ details, message })
    const logger: Logger = { warn: log, error: log }
    const engine = this.#options.engine?.() ?? memory()
    const settings = settingsOf({ ...this.#options.hub, engine, logger })
    const core = new HubCore(settings, { ...this.#env(loop), defer: loop.defer })
    this.#hub = hubOf(core)
    const { maxFrameBytes } = settings.limits
    this.#running = {
      hub: this.#hub,
      peer: {
        loop,
        maxFrameBytes,
        get refusing() {
          return core.refusing
        },
        accept: (socket, request) => core.accept(socket, request),
      },
    }
    this.#options.started?.(this.#hub)
    return this.#hub
  }

  /** The hub's process dies: its memory is lost and every connection reset. */
  killHub(): void {
    this.#running?.peer.loop.kill()
    this.#running = null
    for (const link of this.network.links) if (!link.goneAt('hub')) link.hubDied()
  }

  connect(
    options: ConnectOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ): PairClient {
    const { headers = {}, ...connectOptions } = options
    const loop = new VirtualLoop(this.clock)
    const links: MemoryLink[] = []
    const states: StateChange[] = []
    const errors: ClientEvents['error'][] = []
    let page: PageEvents | null = null
    const transport = this.network.transport(loop, headers, (link) => links.push(link))
    const client = makeClient('https://example.test/holdfast', [transport], connectOptions, {
      ...this.#env(loop),
      watchPage(events) {
        page = events
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
      get link() {
        const link = links.at(-1)
        if (!link) throw new Error('the client has not opened a connection')
        return link
      },
      get page() {
        return page
      },
    }
    this.clients.push(pairClient)
    return pairClient
  }

  /** Connects a client and waits until its link is proved. */
  async connected(options: Parameters<Pair['connect']>[0] = {}): Promise<PairClient> {
    const connected = this.connect(options)
    await this.clock.until(() => connected.client.state === 'live')
    await this.clock.advance(4 * this.network.conditions.latencyMs)
    return connected
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
      left.push(...leftInHub(this.#running.hub))
      await this.clock.settled(this.#running.hub.close())
      await this.clock.settle()
      const { timerCount } = this.#running.peer.loop
      if (timerCount > 0) left.push(`${timerCount} timers of the hub`)
    }
    for (const [index, { client, loop, page }] of this.clients.entries()) {
      const { pending, topics, deadlines } = client.stats()
      const counts = { pending, topics, deadlines, timers: loop.timerCount, pages: page ? 1 : 0 }
      for (const [what, count] of Object.entries(counts)) {
        if (count > 0) left.push(`${count} ${what} of client ${index}`)
      }
      if (client.state !== 'closed') left.push(`client ${index} is ${client.state}`)
    }
    if (this.network.openCount > 0) left.push(`${this.network.openCount} connections`)
    return left
  }

  #env(loop: VirtualLoop) {
    return {
      now: loop.now,
      wallNow: () => Math.floor(wallStart + this.clock.now),
      random: () => this.random.next(),
      randomName: () => this.random.name(),
      setTimer: loop.setTimer,
      ...noHttp,
      provedTransports: new Map<string, string>(),
    }
  }
}

/** What a hub holds although nobody is connected, beyond the messages it keeps and the sessions at rest. */
function leftInHub(hub: Hub): string[] {
  const { links, sessions, subscriptions, topics, operations, deadlines, writing, orphans } = hub.stats()
  const counts = {
    links,
    'live sessions': sessions.live,
    subscriptions,
    'open topics': topics.open,
    'running operations': operations.running,
    'deadlines without a session': deadlines - sessions.resting,
    writing,
    orphans,
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what} in the hub`] : []))
}

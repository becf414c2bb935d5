import type { ConnectOptions } from '../client/options.ts'
import type { Engine } from '../engines/engine.ts'
import { memory } from '../engines/memory.ts'
import type { Hub } from '../server/hub.ts'
import type { HubCore } from '../server/hub-core.ts'
import type { HubOptions, Logger } from '../server/options.ts'
import { MemoryNetwork } from './memory-network.ts'
import type { PipeConditions } from './memory-pipe.ts'
import { SeededRandom } from './seeded-random.ts'
import { leftAtClient, simulatedClient, type SimulatedClient } from './simulated-client.ts'
import { leftInHub, simulatedHub, type SimulatedHub } from './simulated-hub.ts'
import { wallNow } from './simulated-process.ts'
import { transportNamed, type TransportName } from './simulated-transport.ts'
import { VirtualClock } from './virtual-clock.ts'
import type { VirtualLoop } from './virtual-loop.ts'

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

export type { SimulatedClient as PairClient } from './simulated-client.ts'

/** By then the hub has judged a silence, with the default heartbeat, and destroyed the link. */
const silenceMs = 41_100

/** One hub and any number of clients over virtual time and a simulated network; the seed replays all of it. */
export class Pair {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly clients: SimulatedClient[] = []
  /** What the hubs logged. */
  readonly logged: { readonly details: object; readonly message: string }[] = []
  readonly #options: PairOptions
  #running: SimulatedHub | null = null
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
    const log = (details: object, message: string): void => void this.logged.push({ details, message })
    const logger: Logger = { warn: log, error: log }
    const engine = this.#options.engine?.() ?? memory()
    const random = SeededRandom.of(this.#seed, `hub ${++this.#hubs}`)
    this.#running = simulatedHub({ ...this.#options.hub, engine, logger }, this.clock, random)
    const { hub, core } = this.#running
    this.#options.started?.(hub)
    return [hub, core]
  }

  /** The hub's process dies: its memory is lost and every connection reset. */
  killHub(): void {
    this.#running?.peer.loop.kill()
    this.#running = null
    for (const link of this.network.links) if (!link.gone) link.hubDied()
  }

  connect(options: PairConnectOptions = {}): SimulatedClient {
    const { headers = {}, over = [this.transport], ...connectOptions } = options
    if (over.includes('long-poll')) this.#polled = true
    const random = SeededRandom.of(this.#seed, `client ${this.clients.length}`)
    const place = { clock: this.clock, random, network: this.network, headers }
    const pairClient = simulatedClient(place, over.map(transportNamed), connectOptions)
    this.clients.push(pairClient)
    return pairClient
  }

  /** Connects a client and waits until its link is proved. */
  async connected(options: PairConnectOptions = {}): Promise<SimulatedClient> {
    const connected = this.connect(options)
    await this.clock.until(() => connected.client.state === 'live')
    await this.clock.advance(4 * this.network.conditions.latencyMs)
    return connected
  }

  /**
   * Cuts a client off: its link is reset, no new one can be opened until `network.reach` says so, and when it resolves the
   * hub knows. Over long-poll that takes as long as a silence that is judged: a poll that broke off might come again.
   */
  async cutOff({ client, link }: SimulatedClient): Promise<void> {
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
    for (const [index, client] of this.clients.entries())
      left.push(...leftAtClient(client, `client ${index}`))
    if (this.network.openCount > 0) left.push(`${this.network.openCount} connections`)
    return left
  }

  /** The wall clock as a process sees it. */
  wallNow(loop: VirtualLoop): number {
    return wallNow(loop)
  }

  get #seed(): number {
    return this.#options.seed ?? 1
  }
}

import { longPoll } from '../../client/transports/long-poll.ts'
import { sse } from '../../client/transports/sse.ts'
import { websocket } from '../../client/transports/websocket.ts'
import type { Client } from '../../client/connect.ts'
import type { Hub } from '../../server/hub.ts'
import type { HubOptions, Logger } from '../../server/options.ts'
import { MemoryNetwork } from '../memory-network.ts'
import { SeededRandom } from '../seeded-random.ts'
import { leftAtClient, simulatedClient } from '../simulated-client.ts'
import { leftInHub, simulatedHub, type SimulatedHub } from '../simulated-hub.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { Chaos, type MisbehaveOptions, type Victims } from './chaos.ts'
import { LastingFaults } from './lasting-faults.ts'
import { withErrors } from './shown-error.ts'
import { FaultyNetwork, type Way } from './simulated-network.ts'
import { FaultyPages, type Seat } from './simulated-page.ts'
import { hint, SimulatedTime } from './simulated-time.ts'
import type { SimulatedConnectOptions, Simulation, StartHub } from './simulation.ts'

/** By then a link whose packets vanish was found out at both ends, with the default heartbeat, and another one took its place. */
const silenceMs = 120_000
/** By then the longest backoff, and each transport in turn, have been gone through. */
const patienceMs = 600_000

interface OwnSeat extends Seat, Way {
  readonly client: Client
  readonly name: string
}

export class SimulatedWorld implements Simulation {
  readonly seed: number
  readonly random: SeededRandom
  readonly clock: SimulatedTime
  readonly network: FaultyNetwork
  readonly pages: FaultyPages
  readonly history: string[] = []
  /** What callbacks of the application threw. */
  readonly thrown: unknown[] = []
  readonly #virtual = new VirtualClock()
  readonly #seats = new Map<Client, OwnSeat>()
  #start: StartHub | null = null
  #running: SimulatedHub | null = null
  #hubs = 0
  #chaos: Chaos | null = null

  constructor(seed: number) {
    this.seed = seed
    this.random = SeededRandom.of(seed, 'application')
    this.clock = new SimulatedTime(this.#virtual)
    const tell = (client: Client, what: string): void => this.#tell(this.#seatOf(client).name, what)
    this.network = new FaultyNetwork(
      (concerned) => (concerned === 'all' ? this.#open() : [this.#seatOf(concerned)]),
      tell,
    )
    this.pages = new FaultyPages((client) => this.#seatOf(client), tell)
  }

  get hub(): Hub {
    return this.#process().hub
  }

  startHub(start: StartHub): Hub {
    this.#start = start
    return this.restartHub()
  }

  killHub(): void {
    if (!this.#running) return
    this.#tell('hub', 'killed')
    this.#running.peer.loop.kill()
    this.#running = null
    for (const { network } of this.#seats.values())
      for (const link of network.links) if (!link.gone) link.hubDied()
  }

  restartHub(): Hub {
    if (!this.#start) throw new Error('no hub was started yet')
    this.killHub()
    let made: SimulatedHub | null = null
    this.#start(<Context>(options: HubOptions<Context> = {}) => {
      if (made) throw new Error('a start of the hub makes one hub')
      this.#tell('hub', 'started')
      const random = SeededRandom.of(this.seed, `hub ${++this.#hubs}`)
      const simulated = simulatedHub({ logger: this.#logger, ...options }, this.#virtual, random)
      made = simulated
      // Before its handlers are there nobody can reach it: nothing happens until the application waits.
      this.#running = made
      return simulated.hub
    })
    if (!this.#running) throw new Error('the function made no hub: use the createHub that it is given')
    return this.hub
  }

  pauseHub(ms: number): void {
    const { loop } = this.#process().peer
    this.#tell('hub', `paused for ${ms} ms`)
    loop.stall(ms)
  }

  connect({
    headers = {},
    transports = [websocket(), sse(), longPoll()],
    ...options
  }: SimulatedConnectOptions = {}): Client {
    const name = `client ${this.#seats.size + 1}`
    const random = SeededRandom.of(this.seed, name)
    const network = new MemoryNetwork(this.#virtual, () => this.#running?.peer ?? null)
    const seat = simulatedClient({ clock: this.#virtual, random, network, headers }, [...transports], options)
    const { client } = seat
    client.on('state', ({ to, reason }) => this.#tell(name, `is ${to}${reason ? ` (${reason.code})` : ''}`))
    client.on('error', (error) => {
      if (error.code === 'handler_threw') this.thrown.push(error.cause)
    })
    this.#seats.set(client, Object.assign(seat, { network, faults: new LastingFaults(network), name }))
    return client
  }

  misbehave(options: MisbehaveOptions = {}): void {
    this.#chaos?.stop()
    this.#chaos = new Chaos(this.#victims(), options)
  }

  async calm(): Promise<void> {
    this.#repair()
    this.#tell('everything', 'works again')
    const inOrder = (): boolean =>
      this.#open().every(({ client }) => client.state === 'live' && client.pending === 0)
    try {
      await this.clock.until(inOrder, patienceMs)
      // Whoever seems to be live may still have to find out that the link is dead.
      await this.clock.advance(silenceMs)
      await this.clock.until(inOrder, patienceMs)
    } catch (cause) {
      throw new Error(`not in order although everything works: ${this.#disorder()}\n${hint}`, { cause })
    }
  }

  /** Closes everything, and tells what is left: nothing, if all is right. */
  async close(): Promise<string[]> {
    this.#repair()
    const left = await this.#unfinished()
    await Promise.all([...this.#seats.keys()].map((client) => client.close()))
    const { hub, peer } = this.#running ?? {}
    if (hub && peer) {
      await this.clock.until(() => leftInHub(hub).length === 0, patienceMs).catch(() => {})
      left.push(...leftInHub(hub))
      await hub.close()
      await this.clock.settle()
      if (peer.loop.timerCount > 0) left.push(`${peer.loop.timerCount} timers of the hub`)
    }
    for (const seat of this.#seats.values()) {
      left.push(...leftAtClient(seat, seat.name))
      const { openCount } = seat.network
      if (openCount > 0) left.push(`${openCount} connections of ${seat.name}`)
    }
    return [...left, ...this.clock.left()]
  }

  /** Handlers that do not end, although they are given time: closing the clients would only end the wait for them. */
  async #unfinished(): Promise<string[]> {
    const hub = this.#running?.hub
    const count = (): number => {
      const { running = 0, requested = 0 } = hub?.stats().operations ?? {}
      return running + requested
    }
    await this.clock.until(() => count() === 0, silenceMs).catch(() => {})
    return count() > 0 ? [`${count()} running operations`] : []
  }

  /** The faults end. Whoever was frozen or paused goes on, and what happened meanwhile keeps its order. */
  #repair(): void {
    this.#chaos?.stop()
    this.#chaos = null
    this.#running?.peer.loop.goOn()
    for (const { loop } of this.#seats.values()) loop.goOn()
    if (!this.#running && this.#start) this.restartHub()
    for (const client of this.#seats.keys()) this.pages.comeBack(client)
    this.network.repair()
  }

  #victims(): Victims {
    const { network, pages } = this
    return {
      clock: this.#virtual,
      random: SeededRandom.of(this.seed, 'faults'),
      network,
      pages,
      clients: () => this.#open().map(({ client }) => client),
      killHub: () => this.#killForAWhile(),
      pauseHub: (ms) => {
        if (this.#running) this.pauseHub(ms)
      },
    }
  }

  /** Returns what starts a hub in place of the one that is killed, unless somebody else did. */
  #killForAWhile(): (() => void) | null {
    if (!this.#running) return null
    this.killHub()
    const hubs = this.#hubs
    return () => {
      if (this.#hubs === hubs) this.restartHub()
    }
  }

  #disorder(): string {
    const found = this.#open().filter(({ client }) => client.state !== 'live' || client.pending > 0)
    return found.map(({ name, client }) => `${name} is ${client.state}, ${client.pending} pending`).join('; ')
  }

  /** Clients that are not closed. */
  #open(): readonly OwnSeat[] {
    return [...this.#seats.values()].filter(
      ({ client: { state } }) => state !== 'closed' && state !== 'closing',
    )
  }

  #seatOf(client: Client): OwnSeat {
    const seat = this.#seats.get(client)
    if (!seat) throw new TypeError('the client is none of this simulation')
    return seat
  }

  #process(): SimulatedHub {
    if (!this.#running) throw new Error('no hub runs')
    return this.#running
  }

  get #logger(): Logger {
    const log = (details: object, message: string): void =>
      this.#tell('hub', `${message} ${JSON.stringify(details, withErrors)}`)
    return { warn: log, error: log }
  }

  #tell(who: string, what: string): void {
    this.history.push(`${this.#virtual.now.toFixed(0).padStart(9)} ms  ${who}: ${what}`)
  }
}

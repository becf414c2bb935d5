import type { Client } from '../../client/connect.ts'
import type { ConnectOptions } from '../../client/options.ts'
import type { Hub } from '../../server/hub.ts'
import type { HubOptions } from '../../server/options.ts'
import type { MisbehaveOptions } from './chaos.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedPages } from './simulated-page.ts'
import type { SimulationClock } from './simulated-time.ts'

/** As `createHub` of `holdfast/server`; the hub it makes runs in the simulation. */
export type CreateHub = <Context = unknown>(options?: HubOptions<Context>) => Hub<Context>

/**
 * How the application starts its hub: with `createHub`, handlers and what else belongs to it. It is called for each start, as
 * a process begins anew: what it keeps in itself is lost with the hub, what it takes from outside is the application's disk.
 */
export type StartHub = (createHub: CreateHub) => unknown

/** The options of `connect` in a simulation: those of `holdfast/client`, and what belongs to a browser's requests. */
export interface SimulatedConnectOptions extends ConnectOptions {
  /** What the client's requests carry beside what it says itself, such as a cookie. Default: nothing. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Numbers from the seed, for whatever the application leaves to chance. */
export interface SimulationRandom {
  /** A number from 0 up to, not including, 1. */
  next(): number
  /** An integer from `least` to `most`. */
  integer(least: number, most: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of the items. @throws RangeError if there are none */
  pick<Item>(items: readonly Item[]): Item
}

/**
 * A hub and its clients, the real ones, over a simulated network and virtual time. Everything that happens follows from the
 * application's code and the seed.
 */
export interface Simulation {
  readonly seed: number
  readonly random: SimulationRandom
  readonly clock: SimulationClock
  readonly network: SimulatedNetwork
  readonly pages: SimulatedPages
  /** The hub that runs. @throws Error while none does */
  readonly hub: Hub
  /** What happened so far, a line for each fault, state of a client, and warning of a hub. */
  readonly history: readonly string[]
  /**
   * Starts the application's hub. One that runs dies.
   * @throws Error if it made no hub, or several
   */
  startHub(start: StartHub): Hub
  /** The hub's process dies: its memory is lost, its connections are reset, and nothing of it ever runs again. */
  killHub(): void
  /**
   * Starts a hub like the last one, in a new process. One that runs dies.
   * @throws Error if none was started yet, or if it made no hub, or several
   */
  restartHub(): Hub
  /**
   * The hub's process is busy, or stopped, for so many milliseconds.
   * @throws Error while no hub runs
   */
  pauseHub(ms: number): void
  /**
   * As `connect` of `holdfast/client`, to the hub of the simulation, over each of its transports.
   * @throws TypeError if an option is invalid, or a transport is none of Holdfast's
   */
  connect(options?: SimulatedConnectOptions): Client
  /**
   * From now on things go wrong at random, according to the seed: with the network, pages and the hub's process, until
   * `calm`. Called again, it goes on with the new options. The promise still holds: each message arrives once, or its
   * subscriber is told of a gap. So an application that deals with both is right in the end.
   * @throws TypeError if an option is invalid
   */
  misbehave(options?: MisbehaveOptions): void
  /**
   * From now on everything works: what is frozen or paused goes on, a dead hub starts again, the network is repaired, pages
   * come back. Resolves when the time has passed in which everybody must have noticed, and all clients that are
   * not closed are live with nothing pending.
   * @throws Error if some client is not within ten minutes of virtual time; `cause` is what the wait failed with
   */
  calm(): Promise<void>
}

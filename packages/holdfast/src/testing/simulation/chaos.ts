import type { Client } from '../../client/connect.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { outside, type VirtualClock } from '../virtual-clock.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedPages } from './simulated-page.ts'

/**
 * What can go wrong by chance: each does to one client, or to the hub, what the method of that name does. Those that concern
 * new connections also cut the present ones where it says so. Those with an end last up to 20 seconds, evenly
 * distributed, and may overlap; each ends by itself and ends no other.
 */
export type FaultName =
  | 'cut'
  /** Up, down, or both ways. There is no end to it: client and hub find out. */
  | 'vanish'
  /** Up, down, or both ways, for up to 20 s. */
  | 'hold'
  /** Cuts, and new connections are refused or meet silence, for up to 20 s. */
  | 'refuse'
  /** Cuts, and upgrades are refused or meet silence, for up to 20 s. */
  | 'refuseUpgrades'
  /** For up to 20 s, without a cut. */
  | 'bufferResponses'
  /** Cuts, and new connections have 20–1,500 ms of latency and pass 20–2,000 bytes per millisecond, for up to 20 s. */
  | 'slow'
  /** For up to 60 s. */
  | 'freeze'
  /** For up to 20 s; then the page is online. */
  | 'goOffline'
  /** For up to 20 s; then the page is shown. */
  | 'putAway'
  /** For up to 20 s; then a hub like it is started. */
  | 'killHub'
  /** For up to 20 s. */
  | 'pauseHub'

/** Which faults happen at random, and how often. */
export interface MisbehaveOptions {
  /** Which faults happen, each as likely as the others; one that is named twice twice as likely. Default: all. */
  readonly faults?: readonly FaultName[]
  /** From one fault to the next on average, in milliseconds: evenly distributed from 0 to twice that. Default 3,000. */
  readonly meanMs?: number
}

/** What faults happen to. */
export interface Victims {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly pages: SimulatedPages
  /** Those that are not closed. */
  readonly clients: () => readonly Client[]
  /** Returns how to end it; null if no hub runs. */
  killHub(): (() => void) | null
  /** Does nothing while no hub runs. */
  pauseHub(ms: number): void
}

/** A fault for so many milliseconds; returns how to end it and nothing else, if it does not end by itself. */
type Fault = (victims: Victims, client: Client, ms: number) => (() => void) | null | void

const directions = ['both', 'up', 'down'] as const
const answers = ['refused', 'silence'] as const

/** Each is something that happens to real networks, pages and processes. */
const faults: Record<FaultName, Fault> = {
  cut: ({ network }, client) => network.cut(client),
  vanish: ({ network, random }, client) => network.vanish(client, random.pick(directions)),
  hold: ({ network, random }, client) => network.hold(client, random.pick(directions)),
  refuse({ network, random }, client) {
    network.cut(client)
    return network.refuse(client, random.pick(answers))
  },
  refuseUpgrades({ network, random }, client) {
    const end = network.refuseUpgrades(client, random.pick(answers))
    network.cut(client)
    return end
  },
  bufferResponses: ({ network }, client) => network.bufferResponses(client),
  slow({ network, random }, client) {
    const quality = { latencyMs: random.integer(20, 1_500), bytesPerMs: random.integer(20, 2_000) }
    const end = network.slow(client, quality)
    network.cut(client)
    return end
  },
  freeze: ({ pages }, client, ms) => pages.freeze(client, longerFrozen * ms),
  goOffline: ({ pages }, client) => pages.goOffline(client),
  putAway: ({ pages }, client) => pages.putAway(client),
  killHub: (victims) => victims.killHub(),
  pauseHub: (victims, _client, ms) => victims.pauseHub(ms),
}

const faultNames: readonly FaultName[] = Object.keys(faults) as FaultName[]

const mostFaultMs = 20_000
/** Tabs sleep longer than networks fail: so many times. */
const longerFrozen = 3

/** Faults at random, one after the other, each for a while, until it is over. */
export class Chaos {
  readonly #victims: Victims
  readonly #names: readonly FaultName[]
  readonly #meanMs: number
  #cancelNext: () => void = () => {}
  /** How to end what goes on, and its timer. */
  readonly #going = new Set<() => void>()

  /** @throws TypeError for a fault that there is not, or a mean that is no positive number */
  constructor(victims: Victims, { faults: names = faultNames, meanMs = 3_000 }: MisbehaveOptions) {
    const unknown = names.find((name) => !faultNames.includes(name))
    if (unknown !== undefined)
      throw new TypeError(`there is no fault ${unknown}, there are ${faultNames.join(', ')}`)
    if (names.length === 0) throw new TypeError('name at least one fault')
    if (!(meanMs > 0 && meanMs < Infinity)) throw new TypeError('meanMs must be a positive number')
    this.#victims = victims
    this.#names = names
    this.#meanMs = meanMs
    this.#scheduleNext()
  }

  /** No further fault happens, and what goes on is ended. */
  stop(): void {
    this.#cancelNext()
    for (const end of this.#going) end()
  }

  #scheduleNext(): void {
    const { clock, random } = this.#victims
    const at = clock.now + random.next() * 2 * this.#meanMs
    this.#cancelNext = clock.schedule(at, 'io', outside, () => {
      this.#strike()
      this.#scheduleNext()
    })
  }

  #strike(): void {
    const { clock, random, clients } = this.#victims
    const present = clients()
    if (present.length === 0) return
    const ms = random.integer(1, mostFaultMs)
    const fault: Fault = faults[random.pick(this.#names)]
    const undo = fault(this.#victims, random.pick(present), ms)
    if (!undo) return
    const end = (): void => {
      this.#going.delete(end)
      cancel()
      undo()
    }
    const cancel = clock.schedule(clock.now + ms, 'io', outside, end)
    this.#going.add(end)
  }
}

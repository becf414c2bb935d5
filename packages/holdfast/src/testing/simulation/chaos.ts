import type { Client } from '../../client/connect.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedPages } from './simulated-page.ts'

/** What can go wrong by chance: each is what the method of that name does, for a while where there is an end to it. */
export type FaultName =
  | 'cut'
  | 'vanish'
  | 'hold'
  | 'refuse'
  | 'refuseUpgrades'
  | 'bufferResponses'
  | 'slow'
  | 'freeze'
  | 'goOffline'
  | 'putAway'
  | 'killHub'
  | 'pauseHub'

export interface MisbehaveOptions {
  /** Which faults happen. Default: all. */
  readonly faults?: readonly FaultName[]
  /** From one fault to the next on average, in milliseconds. Default 3,000. */
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
  killHub(): void
  /** Does nothing while a hub runs. */
  startHub(): void
  pauseHub(ms: number): void
}

/** A fault of at most so many milliseconds; returns how to end it, if it does not end by itself. */
type Fault = (victims: Victims, client: Client, ms: number) => (() => void) | void

const directions = ['both', 'up', 'down'] as const
const answers = ['refused', 'silence'] as const

/** Each is something that happens to real networks, pages and processes. */
const faults: Record<FaultName, Fault> = {
  cut: ({ network }, client) => network.cut(client),
  vanish: ({ network, random }, client) => network.vanish(client, random.pick(directions)),
  hold({ network, random }, client) {
    network.hold(client, random.pick(directions))
    return () => network.release(client)
  },
  refuse({ network, random }, client) {
    network.cut(client)
    network.refuse(client, random.pick(answers))
    return () => network.repair(client)
  },
  refuseUpgrades({ network, random }, client) {
    network.refuseUpgrades(client, random.pick(answers))
    network.cut(client)
    return () => network.repair(client)
  },
  bufferResponses({ network }, client) {
    network.bufferResponses(client)
    return () => network.repair(client)
  },
  slow({ network, random }, client) {
    network.slow({ latencyMs: random.integer(20, 1_500), bytesPerMs: random.integer(20, 2_000) }, client)
    network.cut(client)
    return () => network.repair(client)
  },
  freeze: ({ pages }, client, ms) => pages.freeze(client, 3 * ms),
  goOffline({ pages }, client) {
    pages.goOffline(client)
    return () => pages.goOnline(client)
  },
  putAway({ pages }, client) {
    pages.putAway(client)
    return () => pages.wake(client)
  },
  killHub(victims) {
    victims.killHub()
    return () => victims.startHub()
  },
  pauseHub: (victims, _client, ms) => victims.pauseHub(ms),
}

const faultNames: readonly FaultName[] = Object.keys(faults) as FaultName[]

const mostFaultMs = 20_000
/** Whoever breaks things: never stalls. */
const somebody = { dead: false, stalledUntil: 0 }

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
    const unknown = names.find((name) => !(name in faults))
    if (unknown !== undefined) throw new TypeError(`there is no fault ${unknown}`)
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
    this.#cancelNext = clock.schedule(at, 'io', somebody, () => {
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
    const cancel = clock.schedule(clock.now + ms, 'io', somebody, end)
    this.#going.add(end)
  }
}

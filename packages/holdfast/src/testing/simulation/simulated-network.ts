import type { Client } from '../../client/connect.ts'
import type { Direction } from '../fault-proxy/fault.ts'
import type { MemoryNetwork } from '../memory-network.ts'
import type { NetworkLink } from '../network-link.ts'
import type { LastingFault, LastingFaults, LineQuality, Refusal } from './lasting-faults.ts'

/** Whom a fault concerns: one client, or all that there are now and that are not closed. */
export type Concerned = Client | 'all'

/**
 * The network between the clients and the hub. Each method names first whom it concerns, by default `all`. What goes on for a
 * while ends with `repair`, or with the function that its method returns: that ends this fault and no other. Of several faults
 * of one name, the last that began counts.
 */
export interface SimulatedNetwork {
  /**
   * Every connection is reset, what is in flight is lost, and both ends are told.
   * @throws TypeError for a client of another simulation
   */
  cut(concerned?: Concerned): void
  /**
   * Half-open: from now on what travels over the present connections vanishes, and nobody is told. Both ends have to find out
   * by silence.
   * @param direction default: `both`
   * @throws TypeError for a client of another simulation
   */
  vanish(concerned?: Concerned, direction?: Direction | 'both'): void
  /**
   * What travels over the present connections is held back until `release` or `repair`; nothing is lost.
   * @param direction default: `both`
   * @returns what releases it, but for what another `hold` keeps back
   * @throws TypeError for a client of another simulation
   */
  hold(concerned?: Concerned, direction?: Direction | 'both'): () => void
  /**
   * What was held back arrives.
   * @throws TypeError for a client of another simulation
   */
  release(concerned?: Concerned): void
  /**
   * New connections fail until `repair`; present ones stay.
   * @param how `refused`: at once, the default. `silence`: nobody answers
   * @returns what ends it
   * @throws TypeError for a client of another simulation
   */
  refuse(concerned?: Concerned, how?: Refusal): () => void
  /**
   * No upgrade to WebSocket passes until `repair`, as behind many proxies; present connections stay.
   * @param how `refused`: it fails at once, the default. `silence`: nobody answers
   * @returns what ends it
   * @throws TypeError for a client of another simulation
   */
  refuseUpgrades(concerned?: Concerned, how?: Refusal): () => void
  /**
   * Responses are held back until they are whole, until `repair`, as behind many proxies: server-sent events never arrive.
   * @returns what ends it
   * @throws TypeError for a client of another simulation
   */
  bufferResponses(concerned?: Concerned): () => void
  /**
   * The quality of connections that are opened from now on, until `repair`; present ones stay as they are.
   * @param quality what it does not name is as on a line without faults, whatever an earlier `slow` said
   * @returns what ends it
   * @throws TypeError for a client of another simulation
   */
  slow(concerned: Concerned, quality: LineQuality): () => void
  /**
   * Ends whatever was done to the network. What vanished stays lost, and the ends of those connections still have to find out;
   * a page that is offline stays so.
   * @throws TypeError for a client of another simulation
   */
  repair(concerned?: Concerned): void
}

/** A client's own way to the hub. */
export interface Way {
  readonly client: Client
  readonly network: MemoryNetwork
  readonly faults: LastingFaults
}

export class FaultyNetwork implements SimulatedNetwork {
  readonly #ways: (concerned: Concerned) => readonly Way[]
  readonly #tell: (client: Client, what: string) => void

  /**
   * @param ways of one client, or of all
   * @param tell is told of every fault
   */
  constructor(ways: (concerned: Concerned) => readonly Way[], tell: (client: Client, what: string) => void) {
    this.#ways = ways
    this.#tell = tell
  }

  cut(concerned: Concerned = 'all'): void {
    this.#each(concerned, 'cut', ({ network }) => openOf(network).forEach((link) => link.cut()))
  }

  vanish(concerned: Concerned = 'all', direction: Direction | 'both' = 'both'): void {
    this.#each(concerned, `what travels ${wayOf[direction]} vanishes`, ({ network }) =>
      openOf(network).forEach((link) => link.vanish(...directionsOf(direction))),
    )
  }

  hold(concerned: Concerned = 'all', direction: Direction | 'both' = 'both'): () => void {
    return this.#begin(concerned, `what travels ${wayOf[direction]} is held back`, (network) => ({
      name: 'hold',
      held: openOf(network).flatMap((link) =>
        directionsOf(direction).map((way) => ({ link, pipe: link[way] })),
      ),
    }))
  }

  release(concerned: Concerned = 'all'): void {
    this.#each(concerned, 'nothing is held back any more', ({ faults }) => faults.endAll('hold'))
  }

  refuse(concerned: Concerned = 'all', how: Refusal = 'refused'): () => void {
    return this.#begin(concerned, `new connections: ${how}`, () => ({ name: 'refuse', how }))
  }

  refuseUpgrades(concerned: Concerned = 'all', how: Refusal = 'refused'): () => void {
    return this.#begin(concerned, `upgrades: ${how}`, () => ({ name: 'refuseUpgrades', how }))
  }

  bufferResponses(concerned: Concerned = 'all'): () => void {
    return this.#begin(concerned, 'responses are buffered', () => ({ name: 'bufferResponses' }))
  }

  slow(concerned: Concerned, quality: LineQuality): () => void {
    const what = `new connections have ${JSON.stringify(quality)}`
    return this.#begin(concerned, what, () => ({ name: 'slow', quality }))
  }

  repair(concerned: Concerned = 'all'): void {
    this.#each(concerned, 'repaired', ({ faults }) =>
      faults.endAll('refuse', 'refuseUpgrades', 'bufferResponses', 'slow', 'hold'),
    )
  }

  /** @returns what ends the fault, once, where nothing else did */
  #begin(concerned: Concerned, what: string, faultOn: (network: MemoryNetwork) => LastingFault): () => void {
    const ends: (() => void)[] = []
    this.#each(concerned, what, ({ client, network, faults }) => {
      const fault = faultOn(network)
      faults.begin(fault)
      ends.push(() => {
        if (faults.end(fault)) this.#tell(client, `over: ${what}`)
      })
    })
    return () => {
      for (const end of ends) end()
    }
  }

  #each(concerned: Concerned, what: string, change: (way: Way) => void): void {
    for (const way of this.#ways(concerned)) {
      this.#tell(way.client, what)
      change(way)
    }
  }
}

const openOf = ({ links }: MemoryNetwork): readonly NetworkLink[] => links.filter(({ gone }) => !gone)

const wayOf: Readonly<Record<Direction | 'both', string>> = { up: 'up', down: 'down', both: 'both ways' }

const directionsOf = (direction: Direction | 'both'): readonly Direction[] =>
  direction === 'both' ? ['up', 'down'] : [direction]

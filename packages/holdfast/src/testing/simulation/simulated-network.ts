import type { Client } from '../../client/connect.ts'
import type { MemoryNetwork } from '../memory-network.ts'
import type { NetworkLink } from '../network-link.ts'

/** `up`: to the hub. `down`: from it. */
export type Direction = 'up' | 'down' | 'both'

export interface LineQuality {
  /** How long bytes travel from one end to the other, in milliseconds. Default 10. */
  readonly latencyMs?: number
  /** How many bytes pass in a millisecond. Default: any number. */
  readonly bytesPerMs?: number
}

/** The network between the clients and the hub. Each fault concerns one client, or all that there are now if none is named. */
export interface SimulatedNetwork {
  /** Every connection is reset, what is in flight is lost, and both ends are told. */
  cut(client?: Client): void
  /**
   * Half-open: from now on what travels over the present connections vanishes, and nobody is told. Both ends have to find out
   * by silence.
   * @param direction default: `both`
   */
  vanish(client?: Client, direction?: Direction): void
  /**
   * What travels over the present connections is held back until `release`; nothing is lost.
   * @param direction default: `both`
   */
  hold(client?: Client, direction?: Direction): void
  /** What was held back arrives. */
  release(client?: Client): void
  /**
   * New connections fail until `repair`; present ones stay.
   * @param how `refused`: at once, the default. `silence`: nobody answers
   */
  refuse(client?: Client, how?: 'refused' | 'silence'): void
  /** No upgrade to WebSocket passes until `repair`, as behind many proxies. */
  refuseUpgrades(client?: Client, how?: 'refused' | 'silence'): void
  /** Responses are held back until they are whole, until `repair`, as behind many proxies: server-sent events never arrive. */
  bufferResponses(client?: Client): void
  /** The quality of connections that are opened from now on, until `repair`. */
  slow(quality: LineQuality, client?: Client): void
  /** Ends whatever was done to the network. What vanished stays lost, and the ends of those connections still have to find out. */
  repair(client?: Client): void
}

/** A client's own way to the hub. */
export interface Way {
  readonly client: Client
  readonly network: MemoryNetwork
}

const goodLine = { latencyMs: 10, bytesPerMs: Infinity }

export class FaultyNetwork implements SimulatedNetwork {
  readonly #ways: (client: Client | undefined) => readonly Way[]
  readonly #tell: (client: Client, what: string) => void

  /**
   * @param ways of one client, or of all
   * @param tell is told of every fault
   */
  constructor(
    ways: (client: Client | undefined) => readonly Way[],
    tell: (client: Client, what: string) => void,
  ) {
    this.#ways = ways
    this.#tell = tell
  }

  cut(client?: Client): void {
    this.#each(client, 'cut', ({ links }) => openOf(links).forEach((link) => link.cut()))
  }

  vanish(client?: Client, direction: Direction = 'both'): void {
    const what = `what travels ${wayOf[direction]} vanishes`
    this.#each(client, what, ({ links }) =>
      openOf(links).forEach((link) => link.vanish(...directionsOf(direction))),
    )
  }

  hold(client?: Client, direction: Direction = 'both'): void {
    this.#each(client, `what travels ${wayOf[direction]} is held back`, ({ links }) => {
      for (const link of openOf(links)) for (const way of directionsOf(direction)) link[way].hold()
    })
  }

  release(client?: Client): void {
    this.#each(client, 'nothing is held back any more', releaseAll)
  }

  refuse(client?: Client, how: 'refused' | 'silence' = 'refused'): void {
    this.#each(client, `new connections: ${how}`, (network) => {
      network.reach = how
    })
  }

  refuseUpgrades(client?: Client, how: 'refused' | 'silence' = 'refused'): void {
    this.#each(client, `upgrades: ${how}`, (network) => {
      network.upgrades = how
    })
  }

  bufferResponses(client?: Client): void {
    this.#each(client, 'responses are buffered', (network) => {
      network.buffering = true
    })
  }

  slow(quality: LineQuality, client?: Client): void {
    this.#each(client, `new connections have ${JSON.stringify(quality)}`, (network) =>
      network.change(quality),
    )
  }

  repair(client?: Client): void {
    this.#each(client, 'repaired', (network) => {
      network.reach = 'hub'
      network.upgrades = 'hub'
      network.buffering = false
      network.change(goodLine)
      releaseAll(network)
    })
  }

  #each(client: Client | undefined, what: string, change: (network: MemoryNetwork) => void): void {
    for (const way of this.#ways(client)) {
      this.#tell(way.client, what)
      change(way.network)
    }
  }
}

const openOf = (links: readonly NetworkLink[]): readonly NetworkLink[] => links.filter(({ gone }) => !gone)

const wayOf: Readonly<Record<Direction, string>> = { up: 'up', down: 'down', both: 'both ways' }

const directionsOf = (direction: Direction): readonly ('up' | 'down')[] =>
  direction === 'both' ? ['up', 'down'] : [direction]

function releaseAll({ links }: MemoryNetwork): void {
  for (const { up, down } of openOf(links)) {
    up.release()
    down.release()
  }
}

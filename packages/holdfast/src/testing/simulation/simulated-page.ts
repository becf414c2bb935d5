import type { Client } from '../../client/connect.ts'
import type { PageEvent } from '../../client/env.ts'
import type { MemoryNetwork } from '../memory-network.ts'
import type { SimulatedClient } from '../simulated-client.ts'

/** What happens to the page in which a client runs, and to its machine. */
export interface SimulatedPages {
  /** The tab is frozen, or the machine asleep, for so many milliseconds: nothing of the client runs, and its timers come late. */
  freeze(client: Client, ms: number): void
  /** The browser has no network: its connections are reset, new ones fail, and the client is told. Ends with `goOnline`. */
  goOffline(client: Client): void
  goOnline(client: Client): void
  /** The user leaves the page, which may be kept for going back to; ends with `wake`. */
  putAway(client: Client): void
  /** The page is shown again, became visible, or was resumed. */
  wake(client: Client): void
}

/** A client and its own way to the hub. */
export interface Seat extends SimulatedClient {
  readonly network: MemoryNetwork
}

export class FaultyPages implements SimulatedPages {
  readonly #seatOf: (client: Client) => Seat
  readonly #tell: (client: Client, what: string) => void
  readonly #offline = new Set<Client>()
  readonly #away = new Set<Client>()

  /** @param tell is told of everything that happens */
  constructor(seatOf: (client: Client) => Seat, tell: (client: Client, what: string) => void) {
    this.#seatOf = seatOf
    this.#tell = tell
  }

  freeze(client: Client, ms: number): void {
    const { loop } = this.#seatOf(client)
    this.#tell(client, `frozen for ${ms} ms`)
    loop.stall(ms)
  }

  goOffline(client: Client): void {
    const { network, links } = this.#seatOf(client)
    this.#tell(client, 'offline')
    this.#offline.add(client)
    network.reach = 'refused'
    for (const link of links) if (!link.gone) link.cut()
    this.#happens(client, 'wentOffline')
  }

  goOnline(client: Client): void {
    this.#tell(client, 'online')
    this.#offline.delete(client)
    this.#seatOf(client).network.reach = 'hub'
    this.#happens(client, 'cameOnline')
  }

  putAway(client: Client): void {
    this.#tell(client, 'put away')
    this.#away.add(client)
    this.#happens(client, 'putAway')
  }

  wake(client: Client): void {
    this.#tell(client, 'awake')
    this.#away.delete(client)
    this.#happens(client, 'woke')
  }

  /** Every page is shown and has a network. */
  comeBack(): void {
    for (const client of this.#offline) this.goOnline(client)
    for (const client of this.#away) this.wake(client)
  }

  /** A page that is frozen hears of it later. */
  #happens(client: Client, event: PageEvent): void {
    const seat = this.#seatOf(client)
    seat.loop.io(() => seat.page?.[event]())
  }
}

import type { Client } from '../../client/connect.ts'
import type { PageEvent } from '../../client/env.ts'
import type { SimulatedClient } from '../simulated-client.ts'
import type { LastingFault, LastingFaults } from './lasting-faults.ts'

/** What happens to the page in which a client runs, and to its machine. Each method names the client first. */
export interface SimulatedPages {
  /**
   * The tab is frozen, or the machine asleep, for so many milliseconds: nothing of the client runs, and its timers come late.
   * @throws TypeError for a client of another simulation
   */
  freeze(client: Client, ms: number): void
  /**
   * The browser has no network: its connections are reset, new ones fail, and the client is told. Ends with `goOnline`;
   * `network.repair` does not end it.
   * @returns what ends it, unless another `goOffline` goes on
   * @throws TypeError for a client of another simulation
   */
  goOffline(client: Client): () => void
  /**
   * The browser has a network again, and the client is told. What `network.refuse` and the like do goes on.
   * @throws TypeError for a client of another simulation
   */
  goOnline(client: Client): void
  /**
   * The user leaves the page, which may be kept for going back to; ends with `wake`.
   * @returns what ends it, unless another `putAway` goes on
   * @throws TypeError for a client of another simulation
   */
  putAway(client: Client): () => void
  /**
   * The page is shown again, became visible, or was resumed.
   * @throws TypeError for a client of another simulation
   */
  wake(client: Client): void
}

/** A client, and what goes on at it. */
export interface Seat extends SimulatedClient {
  readonly faults: LastingFaults
}

export class FaultyPages implements SimulatedPages {
  readonly #seatOf: (client: Client) => Seat
  readonly #tell: (client: Client, what: string) => void

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

  goOffline(client: Client): () => void {
    const seat = this.#seatOf(client)
    this.#tell(client, 'offline')
    const end = begin(seat, 'goOffline', () => this.goOnline(client))
    for (const link of seat.links) if (!link.gone) link.cut()
    happens(seat, 'wentOffline')
    return end
  }

  goOnline(client: Client): void {
    const seat = this.#seatOf(client)
    this.#tell(client, 'online')
    seat.faults.endAll('goOffline')
    happens(seat, 'cameOnline')
  }

  putAway(client: Client): () => void {
    const seat = this.#seatOf(client)
    this.#tell(client, 'put away')
    const end = begin(seat, 'putAway', () => this.wake(client))
    happens(seat, 'putAway')
    return end
  }

  wake(client: Client): void {
    const seat = this.#seatOf(client)
    this.#tell(client, 'awake')
    seat.faults.endAll('putAway')
    happens(seat, 'woke')
  }

  /** The page is shown and has a network. */
  comeBack(client: Client): void {
    const { faults } = this.#seatOf(client)
    if (faults.has('goOffline')) this.goOnline(client)
    if (faults.has('putAway')) this.wake(client)
  }
}

/**
 * @param over called when the last fault of this name is over
 * @returns what ends this one, once, where nothing else did
 */
function begin({ faults }: Seat, name: 'goOffline' | 'putAway', over: () => void): () => void {
  const fault: LastingFault = { name }
  faults.begin(fault)
  return () => {
    if (faults.end(fault) && !faults.has(name)) over()
  }
}

/** A page that is frozen hears of it later. */
const happens = (seat: Seat, event: PageEvent): void => seat.loop.io(() => seat.page?.[event]())

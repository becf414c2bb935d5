import type { MemoryNetwork } from '../memory-network.ts'
import type { MemoryPipe } from '../memory-pipe.ts'
import type { NetworkLink } from '../network-link.ts'

/** What a new connection meets: at once an error, or nobody who answers. */
export type Refusal = 'refused' | 'silence'

/** What a connection lets pass. What is not named is as on a line without faults. */
export interface LineQuality {
  /** How long bytes travel from one end to the other, in milliseconds. Default 10. */
  readonly latencyMs?: number
  /** How many bytes pass in a millisecond. Default: any number. */
  readonly bytesPerMs?: number
}

/** A fault that goes on until it is ended. */
export type LastingFault =
  | { readonly name: 'goOffline' }
  | { readonly name: 'putAway' }
  | { readonly name: 'refuse'; readonly how: Refusal }
  | { readonly name: 'refuseUpgrades'; readonly how: Refusal }
  | { readonly name: 'bufferResponses' }
  | { readonly name: 'slow'; readonly quality: LineQuality }
  | { readonly name: 'hold'; readonly held: readonly HeldPipe[] }

export type LastingFaultName = LastingFault['name']

export interface HeldPipe {
  readonly link: NetworkLink
  readonly pipe: MemoryPipe
}

type FaultOf<Name extends LastingFaultName> = Extract<LastingFault, { name: Name }>

/**
 * What goes on at one client. The state of its network follows from these faults, and from nothing else; so each can end
 * without regard to the others. Of several of one name, the last that began counts.
 */
export class LastingFaults {
  readonly #network: MemoryNetwork
  readonly #faults = new Set<LastingFault>()

  /** @param network the client's own */
  constructor(network: MemoryNetwork) {
    this.#network = network
  }

  has(name: LastingFaultName): boolean {
    return this.#last(name) !== undefined
  }

  begin(fault: LastingFault): void {
    this.#faults.add(fault)
    this.#apply()
  }

  /** Returns whether it was not over yet. */
  end(fault: LastingFault): boolean {
    if (!this.#faults.delete(fault)) return false
    this.#apply()
    if (fault.name === 'hold') this.#release(fault.held)
    return true
  }

  /** Ends all of these names. */
  endAll(...names: readonly LastingFaultName[]): void {
    for (const fault of this.#faults) if (names.includes(fault.name)) this.end(fault)
  }

  #apply(): void {
    const network = this.#network
    network.reach = this.has('goOffline') ? 'refused' : (this.#last('refuse')?.how ?? 'hub')
    network.upgrades = this.#last('refuseUpgrades')?.how ?? 'hub'
    network.buffering = this.has('bufferResponses')
    network.change({ ...goodLine, ...this.#last('slow')?.quality })
    for (const { pipe } of this.#held()) pipe.hold()
  }

  #release(held: readonly HeldPipe[]): void {
    const still = new Set(this.#held().map(({ pipe }) => pipe))
    for (const { link, pipe } of held) if (!link.gone && !still.has(pipe)) pipe.release()
  }

  #held(): readonly HeldPipe[] {
    return [...this.#faults].flatMap((fault) => (fault.name === 'hold' ? fault.held : []))
  }

  #last<Name extends LastingFaultName>(name: Name): FaultOf<Name> | undefined {
    const isNamed = (fault: LastingFault): fault is FaultOf<Name> => fault.name === name
    return [...this.#faults].findLast(isNamed)
  }
}

const goodLine = { latencyMs: 10, bytesPerMs: Infinity }

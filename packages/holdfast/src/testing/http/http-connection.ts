import type { HubPeer } from '../network-link.ts'
import type { PipeConditions } from '../memory-pipe.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import type { MemoryExchange } from './memory-exchange.ts'
import type { End } from '../wiretap.ts'
import { SharedPipe } from './shared-pipe.ts'

export type ExchangeTap = (exchange: object, end: End, direction: 'up' | 'down', bytes: Uint8Array) => void

/** A connection between a client and a hub's process that carries any number of exchanges at once. */
export class HttpConnection {
  readonly up: SharedPipe
  readonly down: SharedPipe
  readonly client: VirtualLoop
  readonly hub: HubPeer
  /** Told of what passes, if somebody listens. */
  readonly tap: ExchangeTap | null
  /** Those of which at least one end is open. */
  readonly exchanges: Set<MemoryExchange> = new Set()

  constructor(
    clock: VirtualClock,
    conditions: PipeConditions,
    client: VirtualLoop,
    hub: HubPeer,
    tap: ExchangeTap | null = null,
  ) {
    this.tap = tap
    this.client = client
    this.hub = hub
    const clientLoop = (): VirtualLoop => client
    const hubLoop = (): VirtualLoop => hub.loop
    this.up = new SharedPipe(clock, conditions, { sender: clientLoop, receiver: hubLoop })
    this.down = new SharedPipe(clock, conditions, { sender: hubLoop, receiver: clientLoop })
  }

  /** The client learns that the connection is gone. */
  closedAtClient(): void {
    for (const exchange of this.exchanges) exchange.resetAtClient()
  }

  /** The hub learns that the connection is gone. */
  closedAtHub(): void {
    for (const exchange of this.exchanges) exchange.closedAtHub()
  }

  /** The hub's process is gone; its kernel still sends what it has, and resets. */
  hubDied(): void {
    for (const exchange of this.exchanges) exchange.forgottenByHub()
    this.up.pipe.drop()
    this.down.pipe.dropUnsent()
    this.down.mark(() => this.closedAtClient())
  }
}

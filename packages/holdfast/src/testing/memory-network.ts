import type {
  Transport,
  TransportEnv,
  TransportEvents,
  TransportLink,
} from '../client/transports/transport.ts'
import { MemoryLink, type HubPeer } from './memory-link.ts'
import type { PipeConditions } from './memory-pipe.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualLoop } from './virtual-loop.ts'

/** For transports that need neither. */
export const noHttp: TransportEnv = {
  fetch: () => Promise.reject(new Error('there is no HTTP here')),
  holdRequest: () => Promise.resolve(() => {}),
}

const defaultConditions: PipeConditions = {
  latencyMs: 10,
  bytesPerMs: Infinity,
  kernelBytes: 262_144,
  segmentBytes: 16_384,
}

/** Every connection between the clients and the hub, and what happens to those to come. */
export class MemoryNetwork {
  /** All there ever were, oldest first. */
  readonly links: MemoryLink[] = []
  /** Of connections opened from now on. */
  conditions: PipeConditions = defaultConditions
  /** What an attempt to connect meets: the hub, an error, or nothing at all. */
  reach: 'hub' | 'refused' | 'silence' = 'hub'
  /** Attempts to connect, those that failed too. */
  attempts = 0
  /** Connections being opened that are refused or meet silence. */
  readonly #hopeless = new Set<object>()
  readonly #clock: VirtualClock
  readonly #hub: () => HubPeer | null

  constructor(clock: VirtualClock, hub: () => HubPeer | null) {
    this.#clock = clock
    this.#hub = hub
  }

  /** Connections that at least one end still has. */
  get openCount(): number {
    return this.links.filter((link) => !link.gone).length + this.#hopeless.size
  }

  change(conditions: Partial<PipeConditions>): void {
    this.conditions = { ...this.conditions, ...conditions }
  }

  /** The way of one client to the hub. @param opened told of each connection */
  transport(
    loop: VirtualLoop,
    headers: Readonly<Record<string, string>>,
    opened: (link: MemoryLink) => void,
  ): Transport {
    return {
      name: 'memory',
      open: (_url, events) => {
        this.attempts++
        const hub = this.reach === 'hub' ? this.#hub() : null
        if (!hub) return this.#unreachable(loop, events)
        const request = { headers, remoteAddress: null }
        const link = new MemoryLink(this.#clock, this.conditions, { loop, events }, hub, request)
        this.links.push(link)
        opened(link)
        return link
      },
    }
  }

  #unreachable(loop: VirtualLoop, events: TransportEvents): TransportLink {
    const link = {}
    this.#hopeless.add(link)
    let open = true
    const end = (): boolean => {
      const was = open
      open = false
      this.#hopeless.delete(link)
      return was
    }
    if (this.reach !== 'silence') {
      this.#clock.schedule(this.#clock.now + 2 * this.conditions.latencyMs, 'io', loop, () => {
        if (end()) events.closed(null)
      })
    }
    return {
      bufferedBytes: 0,
      send: () => {},
      close: () => {
        if (end()) loop.io(() => events.closed(null))
      },
      abandon: () => void end(),
    }
  }
}

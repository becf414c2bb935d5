import { makeClient, type Client } from '../client/connect.ts'
import type { ClientEnv, PageEvent } from '../client/env.ts'
import type { ClientEvents, ConnectOptions, StateChange } from '../client/options.ts'
import type { Transport } from '../client/transports/transport.ts'
import { CountedLinks, type LinkCount } from './counted-links.ts'
import { countTimers, type TimerCount } from './counted-timers.ts'
import type { MemoryNetwork, NetworkClient } from './memory-network.ts'
import type { NetworkLink } from './network-link.ts'
import type { SeededRandom } from './seeded-random.ts'
import { processEnv } from './simulated-process.ts'
import { noFetch, overNetwork } from './simulated-transport.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { VirtualLoop } from './virtual-loop.ts'

/** A client in a simulated process of its own, and what surrounds it. */
export interface SimulatedClient {
  readonly client: Client
  readonly loop: VirtualLoop
  /** The client's links, oldest first. */
  readonly links: readonly NetworkLink[]
  /** The latest of them. */
  readonly link: NetworkLink
  readonly states: readonly StateChange[]
  readonly errors: readonly ClientEvents['error'][]
  /** Makes something happen to the page; null once the client no longer listens. */
  readonly page: Readonly<Record<PageEvent, () => void>> | null
  /** Requests that it may keep open for long, by the right it asked for. */
  readonly heldRequests: number
  /** The client's own timers, without those of the application around it. */
  readonly timers: TimerCount
  /** Links that the client holds. */
  readonly held: LinkCount
}

export interface ClientPlace {
  readonly clock: VirtualClock
  /** Its own. */
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  /** What its requests carry beside what the transports say. */
  readonly headers: Readonly<Record<string, string>>
}

/** @param transports as in production; what they open goes through the simulated network */
export function simulatedClient(
  { clock, random, network, headers }: ClientPlace,
  transports: readonly Transport[],
  options: Omit<ConnectOptions, 'transports'>,
): SimulatedClient {
  const loop = new VirtualLoop(clock)
  const links: NetworkLink[] = []
  const states: StateChange[] = []
  const errors: ClientEvents['error'][] = []
  const heldRequests = new Set<object>()
  let page: SimulatedClient['page'] = null
  const opened: NetworkClient['opened'] = (link) => void links.push(link)
  const counted = new CountedLinks()
  const simulated = transports.map((transport) =>
    counted.over(overNetwork(transport, network, { loop, headers, opened })),
  )
  const timers = countTimers<{ setTimer: ClientEnv['setTimer'] }>(loop)
  const client = makeClient('https://example.test/holdfast', simulated, options, {
    ...processEnv(loop, random),
    setTimer: timers.env.setTimer,
    fetch: noFetch,
    holdRequest: () => holdRequest(heldRequests),
    provedTransports: new Map<string, string>(),
    watchPage(tell) {
      page = pageOf(tell)
      return () => {
        page = null
      }
    },
  })
  client.on('state', (change) => states.push(change))
  client.on('error', (error) => errors.push(error))
  return {
    client,
    loop,
    links,
    states,
    errors,
    timers,
    held: counted,
    get link() {
      const link = links.at(-1)
      if (!link) throw new Error('the client has not opened a link')
      return link
    },
    get page() {
      return page
    },
    get heldRequests() {
      return heldRequests.size
    },
  }
}

/** What a client holds although it is closed; the name says which one it is. */
export function leftAtClient({ client, loop, page, heldRequests }: SimulatedClient, name: string): string[] {
  const { pending, topics, asks, deadlines } = client.stats()
  const counts = {
    pending,
    topics,
    asks,
    deadlines,
    timers: loop.timerCount,
    pages: page ? 1 : 0,
    heldRequests,
  }
  const left = Object.entries(counts).flatMap(([what, count]) =>
    count > 0 ? [`${count} ${what} of ${name}`] : [],
  )
  return client.state === 'closed' ? left : [...left, `${name} is ${client.state}`]
}

const pageOf = (tell: (event: PageEvent) => void): Readonly<Record<PageEvent, () => void>> => ({
  woke: () => tell('woke'),
  cameOnline: () => tell('cameOnline'),
  wentOffline: () => tell('wentOffline'),
  putAway: () => tell('putAway'),
})

function holdRequest(held: Set<object>): Promise<() => void> {
  const request = {}
  held.add(request)
  return Promise.resolve(() => void held.delete(request))
}

import { hubOf, type Hub } from '../server/hub.ts'
import { HubCore } from '../server/hub-core.ts'
import { settingsOf, type HubOptions } from '../server/options.ts'
import type { HubPeer } from './network-link.ts'
import type { SeededRandom } from './seeded-random.ts'
import { processEnv } from './simulated-process.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { VirtualLoop } from './virtual-loop.ts'

/** A hub in a simulated process of its own. */
export interface SimulatedHub<Context = unknown> {
  readonly hub: Hub<Context>
  /** What is behind its public face. */
  readonly core: HubCore
  /** As the network reaches it. */
  readonly peer: HubPeer
}

export function simulatedHub<Context>(
  options: HubOptions<Context>,
  clock: VirtualClock,
  random: SeededRandom,
): SimulatedHub<Context> {
  const loop = new VirtualLoop(clock)
  const settings = settingsOf(options)
  const core = new HubCore(settings, { ...processEnv(loop, random), defer: loop.defer })
  const peer: HubPeer = {
    loop,
    maxFrameBytes: settings.limits.maxFrameBytes,
    get refusing() {
      return core.refusing
    },
    accept: core.accept,
    exchange: (exchange) => core.http.serve(exchange),
  }
  return { hub: hubOf(core), core, peer }
}

/** What a hub holds although nobody is connected, beyond the messages it keeps and the sessions at rest. */
export function leftInHub(hub: Pick<Hub, 'stats'>): string[] {
  const { links, sessions, subscriptions, topics, operations, asks, deadlines, writing, orphans } =
    hub.stats()
  const counts = {
    links,
    'live sessions': sessions.live,
    subscriptions,
    'open topics': topics.open,
    'running operations': operations.running,
    'pending asks': asks.pending,
    'waiting asks': asks.waiting,
    // Those that are over have one for all.
    'deadlines without an owner': deadlines - sessions.resting - Math.min(asks.ended, 1),
    writing,
    orphans,
  }
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what} in the hub`] : []))
}

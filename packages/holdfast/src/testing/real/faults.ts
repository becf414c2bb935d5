import { setTimeout as pause } from 'node:timers/promises'
import type { Direction, FaultRule } from '../fault-proxy/fault.ts'
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { RealClient } from './real-client.ts'
import type { RealWorld } from './real-world.ts'

interface Fault {
  readonly weight: number
  inject(world: RealWorld, client: RealClient): void
}

/** What networks do to one client. */
const faults: Readonly<Record<string, Fault>> = {
  cut: { weight: 3, inject: (world, client) => cutOff(world, client, 'cut', 'all') },
  reset: { weight: 3, inject: (world, client) => cutOff(world, client, 'reset', 'all') },
  resetOne: { weight: 2, inject: (world, client) => cutOff(world, client, 'reset', 'one') },
  freeze: { weight: 2, inject: freeze },
  stall: { weight: 3, inject: stall },
  unreachable: { weight: 1, inject: unreachable },
  conditions: { weight: 3, inject: (world, { proxy }) => worsen(proxy, world.random) },
}

const names = Object.entries(faults).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))

/** Something goes wrong between the hub and one client. */
export function injectFault(world: RealWorld): void {
  const client = victimOf(world)
  const name = world.random.pick(names)
  world.log.note(client.index, `meets ${name}`)
  world.tally.count('faults', name)
  faults[name]?.inject(world, client)
}

/** Half of the time somebody whose operations are on their way. */
function victimOf({ open, random }: RealWorld): RealClient {
  const busy = open.filter(({ client }) => client.pending > 0)
  return random.pick(busy.length > 0 && random.chance(0.5) ? busy : open)
}

/** All networks work again. What vanished stays lost, and is found out by silence. */
export function calm({ proxies }: RealWorld): void {
  for (const proxy of proxies) {
    proxy.rules = []
    proxy.thaw()
  }
}

const directionsOf = (random: SeededRandom): readonly Direction[] =>
  random.pick([['up', 'down'], ['up'], ['down']] as const)

function cutOff(world: RealWorld, client: RealClient, type: 'cut' | 'reset', concerned: 'all' | 'one'): void {
  const { transport } = client.client
  // Only what breaks off a link that works counts.
  if (client.proxy.disturb({ type }, concerned) > 0 && transport) world.tally.count('cuts', transport)
}

function freeze({ random }: RealWorld, { proxy }: RealClient): void {
  proxy.disturb({ type: 'freeze', directions: directionsOf(random) })
}

function stall({ random }: RealWorld, { proxy }: RealClient): void {
  const ms = random.integer(100, random.pick([1_000, 4_000, 10_000]))
  proxy.disturb({ type: 'stall', directions: directionsOf(random), ms })
}

/** For a while nothing gets an answer, new connections neither. */
function unreachable({ random }: RealWorld, { proxy }: RealClient): void {
  proxy.freeze()
  void pause(random.integer(500, 8_000)).then(() => proxy.thaw())
}

/** For connections that are made in the next seconds. */
function worsen(proxy: FaultProxy, random: SeededRandom): void {
  const rules: readonly FaultRule[] = [
    { fault: { type: 'delay', leastMs: random.integer(0, 20), mostMs: random.integer(20, 300) } },
    { fault: { type: 'slice', leastBytes: 1, mostBytes: random.pick([7, 100, 1_000]) } },
    { fault: { type: 'throttle', bytesPerSecond: random.pick([2_000, 20_000, 200_000]) } },
    { of: 'websocket', fault: { type: 'refuse', status: random.pick([403, 503, 'none']) } },
    { of: 'http', fault: { type: 'cut', afterMs: random.integer(100, 5_000) } },
    { of: 'websocket', fault: { type: 'swallow' } },
  ]
  const worse = rules.filter(() => random.chance(0.25))
  proxy.rules = worse
  void pause(random.integer(2_000, 20_000)).then(() => {
    if (proxy.rules === worse) proxy.rules = []
  })
}

import type { Fault, StepOf } from './schedule.ts'
import type { World } from './world.ts'

/** Lets a fault of one kind happen. */
type Performer<Name extends Fault['do']> = (world: World, step: StepOf<Name>) => void

/** What networks and machines do. Nothing here is impossible: within one connection bytes keep their order. */
export const faults: { readonly [Name in Fault['do']]: Performer<Name> } = {
  cut: (world, { client, told }) => world.device(client)?.link?.cut(...told),
  vanish: (world, { client, directions }) => world.device(client)?.link?.vanish(...directions),
  hold: (world, { client, direction }) => world.device(client)?.link?.[direction].hold(),
  release: (world, { client, direction }) => world.device(client)?.link?.[direction].release(),
  loseResponse: (world, { client, to }) => world.device(client)?.link?.http?.loseResponse(to),
  delaySend: (world, { client, ms }) => world.device(client)?.link?.http?.delaySend(ms),
  loseSend: (world, { client }) => world.device(client)?.link?.http?.loseSend(),
  conditions: (world, { network }) => world.pair.network.change(network),
  reach(world, { reach }) {
    world.pair.network.reach = reach
  },
  upgrades(world, { pass }) {
    world.pair.network.upgrades = pass
  },
  proxy(world, { multiplexed, buffering }) {
    world.pair.network.multiplexed = multiplexed
    world.pair.network.buffering = buffering
  },
  freeze: (world, { client, ms }) => world.device(client)?.pairClient.loop.stall(ms),
  pauseHub(world, { ms }) {
    if (world.hubState !== 'down') world.pair.hubLoop.stall(ms)
  },
  jumpClock(world, { client, ms }) {
    const device = world.device(client)
    if (device) device.pairClient.loop.wallAheadMs += ms
  },
  jumpHubClock(world, { ms }) {
    if (world.hubState !== 'down') world.pair.hubLoop.wallAheadMs += ms
  },
  page: (world, { client, event }) => world.device(client)?.page(event),
  killHub: (world, { downMs }) => world.killHub(downMs),
  closeHub: (world, { drainMs, downMs }) => world.closeHub(drainMs, downMs),
  service: (world, { which, ...trouble }) => world.services.trouble(which, trouble),
}

/** From now on everything works; whoever stands still goes on when its time has come. */
export function calm(world: World): void {
  const { network } = world.pair
  network.reach = 'hub'
  network.upgrades = 'hub'
  network.multiplexed = false
  network.buffering = false
  network.change({ latencyMs: 10, bytesPerMs: Infinity, kernelBytes: 262_144, segmentBytes: 16_384 })
  world.services.recover()
  for (const device of world.devices) {
    for (const { up, down } of device.pairClient.links) {
      up.release()
      down.release()
    }
    device.comeBack()
  }
}

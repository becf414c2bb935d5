import type { Pair } from '../../pair.ts'
import type { Chronicle } from '../chronicle.ts'
import type { Device } from '../device.ts'
import type { Schedule } from '../schedule.ts'
import type { Services } from '../services.ts'
import { ClientOracle } from './client-oracle.ts'
import { HeartbeatOracle } from './heartbeats.ts'
import { MemoryOracle } from './memory.ts'
import { RightsOracle } from './rights.ts'
import { SessionOracle } from './sessions.ts'
import type { HubState } from './witnesses.ts'

export interface WitnessedWorld {
  readonly pair: Pair
  readonly devices: readonly Device[]
  readonly chronicle: Chronicle
  readonly services: Services
  readonly schedule: Schedule
  readonly hubEnded: () => boolean
  readonly hubState: () => HubState
}

/** Judges a simulated world: all that clients are told, and what can be seen inside of clients and hubs. */
export class Oracle extends ClientOracle {
  readonly heartbeats: HeartbeatOracle
  readonly memory: MemoryOracle
  readonly rights: RightsOracle
  readonly sessions: SessionOracle
  readonly #world: WitnessedWorld

  constructor(world: WitnessedWorld) {
    const { pair, devices, chronicle, services, schedule, hubEnded, hubState } = world
    const { settings, steps } = schedule
    const now = (): number => pair.clock.now
    const knowsSession = (session: string): boolean => pair.hub.sessions().some(({ id }) => id === session)
    super({
      devices,
      chronicle,
      services,
      outboxOperations: settings.outboxOperations,
      now,
      longestPauseMs: Math.max(0, ...steps.map((step) => (step.do === 'pauseHub' ? step.ms : 0))),
      get hubEnded() {
        return hubEnded()
      },
      knowsSession,
    })
    this.#world = world
    this.heartbeats = new HeartbeatOracle(schedule, this.reportOf('heartbeats'))
    this.memory = new MemoryOracle(pair, settings, this.reportOf('memory'))
    const { rights } = services
    this.rights = new RightsOracle({ rights, chronicle, devices, hubState }, this.reportOf('rights'))
    const { sessionTtlMs, tokenLifeMs } = settings
    const tokensExpire = tokenLifeMs !== null
    const surroundings = { now, sessionTtlMs, hubState, tokensExpire, knowsSession, devices }
    this.sessions = new SessionOracle(surroundings, this.reportOf('sessions'))
  }

  /** Watches the hub that runs from now on. */
  hubStarted(): void {
    const { hub, hubCore } = this.#world.pair
    this.sessions.watch(hub)
    this.rights.watch(hubCore)
  }

  override checkEvent(): void {
    super.checkEvent()
    this.rights.check()
    for (const device of this.#world.devices) {
      this.heartbeats.check(device)
      this.sessions.check(device)
    }
  }

  /** After each step of the schedule, and at last: what is not cheap to see. */
  checkStep(): void {
    const { pair, devices } = this.#world
    this.checkEvent()
    this.links.checkHub(pair.hubCore.links)
    this.protocol.checkHub(pair.logged)
    this.memory.check(devices)
  }
}

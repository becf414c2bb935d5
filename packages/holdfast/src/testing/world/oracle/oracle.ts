import type { Pair } from '../../pair.ts'
import type { Chronicle } from '../chronicle.ts'
import type { Device } from '../device.ts'
import type { Schedule } from '../schedule.ts'
import type { Services } from '../services.ts'
import { AskOracle } from './asks.ts'
import { ClosingOracle } from './closing.ts'
import type { Circumstances } from './excuses.ts'
import { HeartbeatOracle } from './heartbeats.ts'
import { LinkOracle } from './links.ts'
import { MemoryOracle } from './memory.ts'
import { OperationOracle } from './operations.ts'
import { ProtocolOracle } from './protocol.ts'
import { SubscriptionOracle } from './subscriptions.ts'
import type { PromiseName, Report, Violation } from './violation.ts'

export interface Witnessed {
  readonly pair: Pair
  readonly devices: readonly Device[]
  readonly chronicle: Chronicle
  readonly services: Services
  readonly schedule: Schedule
  readonly hubEnded: () => boolean
}

/** Judges a world: has a part for each promise, and what each of them found. */
export class Oracle {
  readonly violations: Violation[] = []
  readonly subscriptions: SubscriptionOracle
  readonly operations: OperationOracle
  readonly asks: AskOracle
  readonly links: LinkOracle
  readonly heartbeats: HeartbeatOracle
  readonly closing: ClosingOracle
  readonly memory: MemoryOracle
  readonly protocol: ProtocolOracle
  readonly #witnessed: Witnessed

  constructor(witnessed: Witnessed) {
    this.#witnessed = witnessed
    const { pair, chronicle, services, schedule, hubEnded } = witnessed
    const { settings } = schedule
    const circumstances: Circumstances = {
      chronicle,
      services,
      outboxOperations: settings.outboxOperations,
      now: () => pair.clock.now,
      get hubEnded() {
        return hubEnded()
      },
      knowsSession: (session) => pair.hub.sessions().some(({ id }) => id === session),
    }
    this.subscriptions = new SubscriptionOracle(chronicle, services, this.reportOf('subscriptions'))
    this.operations = new OperationOracle(circumstances, this.reportOf('operations'))
    this.asks = new AskOracle(circumstances, this.reportOf('asks'))
    this.links = new LinkOracle(pair, this.reportOf('links'))
    this.heartbeats = new HeartbeatOracle(schedule, this.reportOf('heartbeats'))
    this.closing = new ClosingOracle(this.reportOf('closing'))
    this.memory = new MemoryOracle(pair, settings, this.reportOf('memory'))
    this.protocol = new ProtocolOracle(pair, this.reportOf('protocol'))
    chronicle.reader = this.operations
  }

  reportOf(promise: PromiseName): Report {
    const { clock } = this.#witnessed.pair
    return (client, what) => void this.violations.push({ promise, at: clock.now, client, what })
  }

  /** After each event: what is cheap to see. */
  readonly checkEvent = (): void => {
    for (const device of this.#witnessed.devices) {
      this.links.check(device)
      this.heartbeats.check(device)
      this.closing.check(device)
      this.protocol.check(device)
    }
  }

  /** After each step of the schedule, and at last: what is not. */
  checkStep(): void {
    this.checkEvent()
    this.links.checkHub()
    this.protocol.checkHub()
    this.memory.check(this.#witnessed.devices)
  }

  hubDied(): void {
    this.operations.hubDied()
    this.asks.hubDied()
  }

  clientClosed(device: Device): void {
    this.operations.clientClosed(device.index)
    this.asks.clientClosed(device.index)
    this.closing.closed(device)
  }
}

import { AskOracle } from './asks.ts'
import { ClosingOracle } from './closing.ts'
import type { Circumstances } from './excuses.ts'
import { LinkOracle } from './links.ts'
import { OperationOracle } from './operations.ts'
import { ProtocolOracle } from './protocol.ts'
import { SubscriptionOracle } from './subscriptions.ts'
import type { PromiseName, Report, Violation } from './violation.ts'
import type { JudgedClient } from './witnesses.ts'

export interface Witnessed extends Circumstances {
  readonly devices: readonly JudgedClient[]
}

/** Judges all that clients are told, with a part for each promise; needs nothing of the inside of a hub. */
export class ClientOracle {
  readonly violations: Violation[] = []
  readonly subscriptions: SubscriptionOracle
  readonly operations: OperationOracle
  readonly asks: AskOracle
  readonly links: LinkOracle
  readonly closing: ClosingOracle
  readonly protocol: ProtocolOracle
  readonly #witnessed: Witnessed

  constructor(witnessed: Witnessed) {
    this.#witnessed = witnessed
    const { chronicle } = witnessed
    this.subscriptions = new SubscriptionOracle(witnessed, this.reportOf('subscriptions'))
    this.operations = new OperationOracle(witnessed, this.reportOf('operations'))
    this.asks = new AskOracle(witnessed, this.reportOf('asks'))
    this.links = new LinkOracle(this.reportOf('links'))
    this.closing = new ClosingOracle(this.reportOf('closing'))
    this.protocol = new ProtocolOracle(this.reportOf('protocol'))
    chronicle.reader = {
      executed: (token, count) => this.operations.executed(token, count),
      concludedAgain: (ask) => this.asks.concludedAgain(ask),
    }
  }

  reportOf(promise: PromiseName): Report {
    return (client, what) => void this.violations.push({ promise, at: this.#witnessed.now(), client, what })
  }

  /** After each event: what is cheap to see. */
  checkEvent(): void {
    for (const device of this.#witnessed.devices) {
      this.links.check(device)
      this.closing.check(device)
      this.protocol.check(device)
    }
  }

  hubDied(): void {
    this.operations.hubDied()
    this.asks.hubDied()
  }

  clientClosed(device: JudgedClient): void {
    this.operations.clientClosed(device.index)
    this.asks.clientClosed(device.index)
    this.closing.closed(device)
  }
}

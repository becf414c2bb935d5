import { Ledger, type Arrival, type LedgerLimits } from '../core/operations/ledger.ts'
import { Timekeeper } from '../core/time/timekeeper.ts'

const noTimers = new Timekeeper({ now: () => 0, setTimer: () => () => {} })
const roomy: LedgerLimits = { maxOpen: 1_024, maxResultLength: 1_000_000 }

/** A ledger whose sent results are kept. */
export class ProbedLedger extends Ledger {
  readonly #sent: string[]

  constructor(limits: Partial<LedgerLimits> = {}, highest = 0) {
    const sent: string[] = []
    super(highest, { ...roomy, ...limits }, noTimers, (text) => void sent.push(text))
    this.#sent = sent
  }

  /** An operation arrives, by default with its number as content. */
  arrive(number: number, text: string = `${number}`): Arrival | 'started' {
    let started = false
    const arrival = this.receive(number, text, () => {
      started = true
    })
    return started ? 'started' : arrival
  }

  /** What was sent since the last time. */
  sent(): string[] {
    return this.#sent.splice(0)
  }

  /** The results that nobody has acknowledged, as a resume sends them. */
  kept(): string[] {
    this.sent()
    this.resume({ highest: this.highest, open: [[1, Number.MAX_SAFE_INTEGER]] })
    return this.sent()
  }
}

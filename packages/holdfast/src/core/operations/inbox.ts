import type { ErrorCode } from '../wire/error-codes.ts'
import type { ProducerSummary, Range } from '../wire/frames.ts'
import { fingerprint } from './fingerprint.ts'
import { Ledger } from './ledger.ts'
import { errorResult, type HandlerResult } from './result-frame.ts'
import type { Timed, Timekeeper } from '../time/timekeeper.ts'

export interface InboxLimits {
  /** Operations that may be open. */
  readonly maxOpen: number
  /** JSON characters of results that may be kept. */
  readonly maxResultLength: number
}

/** What became of an operation that arrived; all but `taken` break the protocol [R17, R19, R20]. */
export type Arrival = 'taken' | 'reused' | 'skipped' | 'full'

/** A request whose handler runs. */
interface Running extends Timed {
  readonly abort: () => void
}

/**
 * The executing side of one producer's operations: each is started once and in order, its result is kept in the
 * ledger and sent again until it is acknowledged [R16–R27]. The same on both sides; who executes is told by callbacks.
 */
export class Inbox {
  readonly #timekeeper: Timekeeper
  readonly #send: (text: string) => void
  readonly #ledger: Ledger
  readonly #running = new Map<number, Running>()
  #whenIdle: (() => void)[] = []
  #ended = false

  /**
   * @param highest numbers up to this one count as used up [R23]
   * @param send sends a result if there is a link; what is lost with a link is sent again by `resume`
   */
  constructor(highest: number, limits: InboxLimits, timekeeper: Timekeeper, send: (text: string) => void) {
    this.#timekeeper = timekeeper
    this.#send = send
    this.#ledger = new Ledger(highest, limits, (number) =>
      errorResult(number, 'result_dropped', 'It ran to its end, but the result is no longer kept.'),
    )
  }

  /** The highest number that was started. */
  get highest(): number {
    return this.#ledger.highest
  }

  /** JSON characters of the results that are kept. */
  get resultLength(): number {
    return this.#ledger.resultLength
  }

  get runningCount(): number {
    return this.#ledger.runningCount
  }

  /** @param start executes it, and has its result settled; called at once and at most once for each number */
  receive(number: number, text: string, start: () => void): Arrival {
    const receipt = this.#ledger.receive(number, fingerprint(text))
    switch (receipt.kind) {
      case 'start':
        start()
        return 'taken'
      case 'finished':
        this.#send(receipt.result)
        return 'taken'
      case 'running':
      case 'acknowledged':
        return 'taken'
      default:
        return receipt.kind
    }
  }

  /** Aborts what runs; uses up the next number if that is what is cancelled [R24]. */
  cancel(number: number): Arrival {
    this.#running.get(number)?.abort()
    if (number <= this.#ledger.highest) return 'taken'
    return this.receive(number, '', () => this.fail(number, 'cancelled', 'Cancelled before it started.'))
  }

  /** A handler runs for the number: it is aborted by a cancel, at the end, and when its time is over [R25]. */
  run(number: number, timeoutMs: number | undefined, abort: () => void): void {
    const running: Running = {
      abort,
      tick: () => {
        this.fail(number, 'timeout', 'The deadline passed.')
        abort()
      },
    }
    this.#running.set(number, running)
    if (timeoutMs !== undefined) this.#timekeeper.set(running, this.#timekeeper.now() + timeoutMs)
  }

  /** The first result of a number counts; what comes later, or after the end, goes nowhere. */
  settle(number: number, { text }: Pick<HandlerResult, 'text'>): void {
    if (this.#ended) return
    this.#finish(number)
    const result = this.#ledger.settle(number, text)
    if (result !== null) this.#send(result)
    if (this.#ledger.runningCount === 0) this.#becomeIdle()
  }

  fail(number: number, code: ErrorCode, message: string): void {
    this.settle(number, { text: errorResult(number, code, message) })
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#ledger.acknowledge(ranges)
  }

  /** There is a new link: releases what the producer no longer waits for, and sends the rest again [R21, R22]. */
  resume(producer: ProducerSummary): void {
    this.#ledger.reconcile(producer)
    for (const result of this.#ledger.finished()) this.#send(result)
  }

  /** Calls back once nothing runs, or at the end. */
  whenIdle(callback: () => void): void {
    if (this.#ended || this.#ledger.runningCount === 0) callback()
    else this.#whenIdle.push(callback)
  }

  /** The producer's session is over: what runs is told, and its results go nowhere. */
  end(): void {
    this.#ended = true
    for (const [number, { abort }] of this.#running) {
      this.#finish(number)
      abort()
    }
    this.#becomeIdle()
  }

  #becomeIdle(): void {
    for (const callback of this.#whenIdle.splice(0)) callback()
  }

  #finish(number: number): void {
    const running = this.#running.get(number)
    if (!running) return
    this.#running.delete(number)
    this.#timekeeper.set(running, null)
  }
}

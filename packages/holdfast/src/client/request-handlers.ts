import { Ledger, type Arrival } from '../core/operations/ledger.ts'
import { returnedResult, thrownResult, type HandlerResult } from '../core/operations/result-frame.ts'
import type { Timekeeper } from '../core/time/timekeeper.ts'
import type { CancelFrame, Range, RequestFrame, WelcomeFrame } from '../core/wire/frames.ts'
import type { Connection } from './connection.ts'
import { addHandler } from './method-handlers.ts'

export interface RequestContext {
  /** Fires when the hub cancelled, its deadline passed or the session ended. */
  readonly signal: AbortSignal
}

export type RequestHandler = (payload: unknown, context: RequestContext) => unknown

/** The hub knows the same bounds: beyond them it would be at fault. */
const limits = { maxOpen: 1_024, maxResultLength: 4_194_304 }

/** Executes the hub's requests; a result given while offline is delivered later. */
export class RequestHandlers {
  readonly #connection: Connection
  readonly #timekeeper: Timekeeper
  readonly #report: (error: unknown) => void
  readonly #handlers = new Map<string, RequestHandler>()
  #ledger: Ledger
  #maxFrameBytes = Infinity

  /** @param report takes what a handler threw that the hub is not told */
  constructor(connection: Connection, timekeeper: Timekeeper, report: (error: unknown) => void) {
    this.#connection = connection
    this.#timekeeper = timekeeper
    this.#report = report
    this.#ledger = this.#newLedger()
  }

  get count(): number {
    return this.#handlers.size
  }

  /** For `hello`. */
  get received(): number {
    return this.#ledger.highest
  }

  /** @throws TypeError */
  on(method: string, handler: RequestHandler): () => void {
    return addHandler(this.#handlers, method, handler)
  }

  /** The session goes on with its ledger, or a new one has begun. */
  resume({ resumed, producer, limits: { maxFrameBytes } }: WelcomeFrame): void {
    this.#maxFrameBytes = maxFrameBytes
    if (resumed) return this.#ledger.resume(producer)
    const before = this.#ledger
    this.#ledger = this.#newLedger()
    before.end()
  }

  /** The client is closed. */
  release(): void {
    this.#ledger.end()
    this.#handlers.clear()
  }

  receive(frame: RequestFrame, text: string): void {
    this.#judge(this.#ledger.receive(frame.number, text, () => void this.#handle(frame)))
  }

  cancel({ number }: CancelFrame): void {
    this.#judge(this.#ledger.cancel(number))
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#ledger.acknowledge(ranges)
  }

  #newLedger(): Ledger {
    return new Ledger(0, limits, this.#timekeeper, (text) => {
      if (this.#connection.live) this.#connection.sendText(text)
    })
  }

  /** A hub that breaks the numbering cannot be relied on: another link is tried. */
  #judge(arrival: Arrival): void {
    if (arrival !== 'taken') this.#connection.distrust(arrival)
  }

  async #handle({ number, method, data, timeoutMs }: RequestFrame): Promise<void> {
    const ledger = this.#ledger
    const handler = this.#handlers.get(method)
    if (!handler) return ledger.fail(number, 'method_unknown')
    const controller = new AbortController()
    const { signal } = controller
    ledger.run(number, timeoutMs, () => controller.abort())
    let result: HandlerResult
    try {
      result = returnedResult(number, await handler(data, { signal }), this.#maxFrameBytes)
    } catch (thrown) {
      result = thrownResult(number, thrown, this.#maxFrameBytes)
    }
    if (result.defect !== null && !signal.aborted) this.#report(result.defect)
    ledger.settle(number, result.text)
  }
}

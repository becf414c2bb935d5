import { fingerprint } from '../core/shared/fingerprint.ts'
import { Ledger } from '../core/shared/ledger.ts'
import { errorResult, returnedResult, thrownResult } from '../core/shared/result-frame.ts'
import type { Timed, Timekeeper } from '../core/shared/timekeeper.ts'
import type { CancelFrame, Range, RequestFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { utf8Length } from '../core/wire/names.ts'
import type { Connection } from './connection.ts'

export interface RequestContext {
  /** Fires when the hub cancelled, its deadline passed or the session ended. */
  readonly signal: AbortSignal
}

export type RequestHandler = (payload: unknown, context: RequestContext) => unknown

interface Running extends Timed {
  readonly controller: AbortController
}

const maxOpen = 1_024
const maxResultLength = 4_194_304

const newLedger = (): Ledger =>
  new Ledger(0, { maxOpen, maxResultLength }, (number) =>
    errorResult(number, 'result_dropped', 'Done, but the result is no longer kept.'),
  )

/** Executes the hub's requests, each once; a result given while offline is delivered later [S25]. */
export class RequestHandlers {
  readonly #connection: Connection
  readonly #timekeeper: Timekeeper
  readonly #report: (error: unknown) => void
  readonly #handlers = new Map<string, RequestHandler>()
  readonly #running = new Map<number, Running>()
  #ledger = newLedger()
  #maxFrameBytes = Infinity

  /** @param report takes what a handler threw that the hub is not told */
  constructor(connection: Connection, timekeeper: Timekeeper, report: (error: unknown) => void) {
    this.#connection = connection
    this.#timekeeper = timekeeper
    this.#report = report
  }

  get count(): number {
    return this.#handlers.size
  }

  /** For `hello`. */
  get received(): number {
    return this.#ledger.highest
  }

  on(method: string, handler: RequestHandler): () => void {
    if (this.#handlers.has(method)) throw new TypeError(`${method} has a handler already`)
    this.#handlers.set(method, handler)
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method)
    }
  }

  /** The session goes on with its ledger, or a new one has begun. */
  resume({ resumed, producer, limits }: WelcomeFrame): void {
    this.#maxFrameBytes = limits.maxFrameBytes
    if (!resumed) {
      this.#abandon()
      return
    }
    this.#ledger.reconcile(producer.open)
    for (const result of this.#ledger.finished()) this.#connection.sendText(result)
  }

  /** The session is over: what runs is told, and its results go nowhere. */
  #abandon(): void {
    this.#ledger = newLedger()
    for (const [number, { controller }] of this.#running) {
      this.#finish(number)
      controller.abort()
    }
  }

  /** The client is closed. */
  release(): void {
    this.#abandon()
    this.#handlers.clear()
  }

  receive(frame: RequestFrame, text: string): void {
    const { number } = frame
    const receipt = this.#ledger.receive(number, fingerprint(text))
    if (receipt.kind === 'finished') this.#connection.sendText(receipt.result)
    if (receipt.kind === 'start') this.#start(frame)
    if (receipt.kind === 'skipped' || receipt.kind === 'full') {
      this.#connection.distrust(`request ${number} after ${this.#ledger.highest}: ${receipt.kind}`)
    }
  }

  cancel({ number }: CancelFrame): void {
    this.#running.get(number)?.controller.abort()
    if (this.#ledger.receive(number, 0).kind !== 'start') return
    this.#settle(this.#ledger, number, errorResult(number, 'cancelled', 'Cancelled before it started.'))
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#ledger.acknowledge(ranges)
  }

  #start({ number, method, data, timeoutMs }: RequestFrame): void {
    const ledger = this.#ledger
    const handler = this.#handlers.get(method)
    if (!handler) {
      const message = `No handler for ${JSON.stringify(method)}.`
      this.#settle(ledger, number, errorResult(number, 'method_unknown', message))
      return
    }
    const controller = new AbortController()
    const running: Running = {
      controller,
      tick: () => {
        this.#settle(ledger, number, errorResult(number, 'timeout', 'The deadline passed.'))
        controller.abort()
      },
    }
    this.#running.set(number, running)
    if (timeoutMs !== undefined) this.#timekeeper.set(running, this.#timekeeper.now() + timeoutMs)
    const { signal } = controller
    void this.#handle(ledger, number, signal, () => handler(data, { signal }))
  }

  async #handle(ledger: Ledger, number: number, signal: AbortSignal, handle: () => unknown): Promise<void> {
    let result: { readonly text: string; readonly defect: unknown }
    try {
      result = this.#fitting(number, returnedResult(number, await handle()))
    } catch (thrown) {
      result = this.#fitting(number, thrownResult(number, thrown))
    }
    if (result.defect !== null && !signal.aborted) this.#report(result.defect)
    this.#settle(ledger, number, result.text)
  }

  /** A result that the hub does not take would end the link, and the next one when it is sent again. */
  #fitting<Result extends { readonly text: string }>(
    number: number,
    result: Result,
  ): Result | { readonly text: string; readonly defect: unknown } {
    if (utf8Length(result.text) <= this.#maxFrameBytes) return result
    const problem = `The reply is larger than the ${this.#maxFrameBytes} bytes that the hub takes.`
    return { text: errorResult(number, 'message_too_large', problem), defect: new RangeError(problem) }
  }

  /** A result of an earlier session's ledger goes nowhere. */
  #settle(ledger: Ledger, number: number, text: string): void {
    if (ledger !== this.#ledger) return
    this.#finish(number)
    const result = ledger.settle(number, text)
    if (result !== null && this.#connection.live) this.#connection.sendText(result)
  }

  #finish(number: number): void {
    const running = this.#running.get(number)
    if (!running) return
    this.#running.delete(number)
    this.#timekeeper.set(running, null)
  }
}

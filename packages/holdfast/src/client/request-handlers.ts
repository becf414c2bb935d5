import { Inbox, type Arrival } from '../core/operations/inbox.ts'
import { returnedResult, thrownResult, type HandlerResult } from '../core/operations/result-frame.ts'
import type { Timekeeper } from '../core/time/timekeeper.ts'
import type { CancelFrame, Range, RequestFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { isName, noName } from '../core/wire/names.ts'
import type { Connection } from './connection.ts'

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
  #inbox: Inbox
  #maxFrameBytes = Infinity

  /** @param report takes what a handler threw that the hub is not told */
  constructor(connection: Connection, timekeeper: Timekeeper, report: (error: unknown) => void) {
    this.#connection = connection
    this.#timekeeper = timekeeper
    this.#report = report
    this.#inbox = this.#newInbox()
  }

  get count(): number {
    return this.#handlers.size
  }

  /** For `hello`. */
  get received(): number {
    return this.#inbox.highest
  }

  /** @throws TypeError */
  on(method: string, handler: RequestHandler): () => void {
    if (!isName(method)) throw new TypeError(noName)
    if (this.#handlers.has(method)) throw new TypeError(`${method} has a handler already`)
    this.#handlers.set(method, handler)
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method)
    }
  }

  /** The session goes on with its ledger, or a new one has begun. */
  resume({ resumed, producer, limits: { maxFrameBytes } }: WelcomeFrame): void {
    this.#maxFrameBytes = maxFrameBytes
    if (resumed) this.#inbox.resume(producer)
    else this.#beginAnew()
  }

  /** The client is closed. */
  release(): void {
    this.#inbox.end()
    this.#handlers.clear()
  }

  receive(frame: RequestFrame, text: string): void {
    const { number } = frame
    this.#judge(
      number,
      this.#inbox.receive(number, text, () => this.#start(frame)),
    )
  }

  cancel({ number }: CancelFrame): void {
    this.#judge(number, this.#inbox.cancel(number))
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#inbox.acknowledge(ranges)
  }

  #newInbox(): Inbox {
    return new Inbox(0, limits, this.#timekeeper, (text) => {
      if (this.#connection.live) this.#connection.sendText(text)
    })
  }

  #beginAnew(): void {
    const before = this.#inbox
    this.#inbox = this.#newInbox()
    before.end()
  }

  /** A hub that breaks the numbering cannot be relied on: another link is tried. */
  #judge(number: number, arrival: Arrival): void {
    if (arrival === 'taken') return
    this.#connection.distrust(`request ${number} after ${this.#inbox.highest}: ${arrival}`)
  }

  #start({ number, method, data, timeoutMs }: RequestFrame): void {
    const inbox = this.#inbox
    const handler = this.#handlers.get(method)
    if (!handler) return inbox.fail(number, 'method_unknown', `No handler for ${JSON.stringify(method)}.`)
    const controller = new AbortController()
    const { signal } = controller
    inbox.run(number, timeoutMs, () => controller.abort())
    void this.#handle(inbox, number, signal, () => handler(data, { signal }))
  }

  async #handle(inbox: Inbox, number: number, signal: AbortSignal, handle: () => unknown): Promise<void> {
    let result: HandlerResult
    try {
      result = returnedResult(number, await handle(), this.#maxFrameBytes)
    } catch (thrown) {
      result = thrownResult(number, thrown, this.#maxFrameBytes)
    }
    if (result.defect !== null && !signal.aborted) this.#report(result.defect)
    inbox.settle(number, result)
  }
}

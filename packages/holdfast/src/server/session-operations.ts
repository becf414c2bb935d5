import { fingerprint } from '../core/shared/fingerprint.ts'
import { Ledger } from '../core/shared/ledger.ts'
import { errorResult, returnedResult, thrownResult, valueResult } from '../core/shared/result-frame.ts'
import type { FrameFault } from '../core/wire/decode.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import type { Farewell } from '../core/wire/farewell.ts'
import type {
  CancelFrame,
  ProducerSummary,
  PublishFrame,
  PublishResult,
  Range,
  RequestFrame,
} from '../core/wire/frames.ts'
import type { Verdict } from './grants.ts'
import type { HubParts, RequestHandler } from './hub-parts.ts'
import type { Session } from './session.ts'
import type { Timed } from '../core/shared/timekeeper.ts'

interface Running extends Timed {
  readonly controller: AbortController
}

/** The operations that a session's client asked for: each is started once, in order, and its result kept [R16–R27]. */
export class SessionOperations {
  readonly #parts: HubParts
  readonly #session: Session
  readonly #ledger: Ledger
  readonly #running = new Map<number, Running>()
  readonly #idle: (() => void)[] = []
  /** Publishes that wait for `authorize`, so that a later one does not overtake them. */
  #publishQueue: Promise<void> = Promise.resolve()
  #queuedPublishes = 0

  constructor(parts: HubParts, session: Session, highest: number) {
    const { maxOpenOperations, maxResultLength } = parts.settings.limits
    this.#parts = parts
    this.#session = session
    this.#ledger = new Ledger(highest, { maxOpen: maxOpenOperations, maxResultLength }, (number) =>
      errorResult(number, 'result_dropped', 'Done, but the result is no longer kept.'),
    )
  }

  get highest(): number {
    return this.#ledger.highest
  }

  get runningCount(): number {
    return this.#ledger.runningCount
  }

  /** Takes an operation that arrived on the session's link; returns how the link has to end, if it has to. */
  receive(frame: PublishFrame | RequestFrame | CancelFrame, text: string): Farewell | null {
    if (frame.type === 'cancel') return this.#cancel(frame)
    return this.#receive(frame.number, text, () => {
      if (frame.type === 'publish') this.#publish(frame)
      else this.#request(frame)
    })
  }

  /** An operation that names its number but is not sound otherwise: it uses the number up [R3]. */
  receiveFaulty(number: number, fault: FrameFault, text: string): Farewell | null {
    return this.#receive(number, text, () => this.#fail(number, fault.code, fault.message))
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#ledger.acknowledge(ranges)
  }

  /** The session has a new link: releases what its client no longer waits for, and sends the rest again. */
  resume({ open }: ProducerSummary): void {
    this.#ledger.reconcile(open)
    for (const result of this.#ledger.finished()) this.#session.sendText(result)
  }

  /** Resolves when nothing runs, or the session ended. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ledger.runningCount === 0 || this.#session.ended) resolve()
      else this.#idle.push(resolve)
    })
  }

  /** The session ended: whatever still runs is told, and its result goes nowhere. */
  end(): void {
    for (const [number, { controller }] of this.#running) {
      this.#finish(number)
      controller.abort()
    }
    this.#becomeIdle()
  }

  #receive(number: number, text: string, start: () => void): Farewell | null {
    const receipt = this.#ledger.receive(number, fingerprint(text))
    switch (receipt.kind) {
      case 'start':
        start()
        return null
      case 'finished':
        this.#session.sendText(receipt.result)
        return null
      case 'reused':
        this.#session.send({
          type: 'error',
          code: 'number_reused',
          message: `Number ${number} came again with other content.`,
        })
        return null
      case 'skipped':
        return {
          code: 'number_skipped',
          message: `Number ${number} came before ${this.#ledger.highest + 1}.`,
          retry: false,
        }
      case 'full':
        return { code: 'window_exceeded', message: 'Too many open operations.', retry: false }
      case 'running':
      case 'acknowledged':
        return null
    }
  }

  #cancel({ number }: CancelFrame): Farewell | null {
    this.#running.get(number)?.controller.abort()
    if (number <= this.#ledger.highest) return null
    return this.#receive(number, '', () => this.#fail(number, 'cancelled', 'Cancelled before it started.'))
  }

  #publish(frame: PublishFrame): void {
    const { grants } = this.#parts
    const ask = (): Verdict | Promise<Verdict> =>
      grants.ask({ action: 'publish', topic: frame.topic, session: this.#session.info })
    let revision = grants.revision
    const verdict = ask()
    if (typeof verdict === 'string' && this.#queuedPublishes === 0) {
      void this.#append(frame, verdict)
      return
    }
    this.#queuedPublishes++
    const before = this.#publishQueue
    this.#publishQueue = (async () => {
      let settled = await verdict
      await before
      while (revision !== grants.revision) {
        // It waited for a slower one while rights were withdrawn [R36].
        revision = grants.revision
        // oxlint-disable-next-line no-await-in-loop -- asked again until no revocation came meanwhile
        settled = await ask()
      }
      this.#queuedPublishes--
      void this.#append(frame, settled)
    })()
  }

  async #append({ number, topic, data }: PublishFrame, verdict: Verdict): Promise<void> {
    if (this.#session.ended) return
    if (verdict === 'forbidden')
      return this.#fail(number, 'forbidden', 'Publishing to this topic is not allowed.')
    if (verdict === 'failed') return this.#fail(number, 'authorize_failed', 'The right could not be checked.')
    const { user } = this.#session.info
    const producer = { id: this.#session.producerId, number }
    const entry = { topic, data: JSON.stringify(data), user, key: null, producer }
    const outcome = await this.#parts.publisher.append(entry)
    if (outcome.kind === 'refused') return this.#fail(number, outcome.code, outcome.message)
    const value: PublishResult = { ...outcome.position, duplicate: outcome.duplicate }
    this.#settle(number, valueResult(number, value))
  }

  #request(frame: RequestFrame): void {
    const { number, method, timeoutMs } = frame
    const handler = this.#parts.handlers.get(method)
    if (!handler) return this.#fail(number, 'method_unknown', `No handler for ${JSON.stringify(method)}.`)
    const controller = new AbortController()
    const running: Running = {
      controller,
      tick: () => {
        this.#fail(number, 'timeout', 'The deadline passed.')
        controller.abort()
      },
    }
    this.#running.set(number, running)
    if (timeoutMs !== undefined) this.#parts.timekeeper.set(running, this.#parts.env.now() + timeoutMs)
    void this.#handle(handler, frame, controller.signal)
  }

  async #handle(
    handler: RequestHandler,
    { number, method, data }: RequestFrame,
    signal: AbortSignal,
  ): Promise<void> {
    let result: { readonly text: string; readonly defect: unknown }
    try {
      result = returnedResult(number, await handler(data, { session: this.#session.info, signal }))
    } catch (thrown) {
      result = thrownResult(number, thrown)
    }
    if (result.defect !== null && !signal.aborted) {
      this.#parts.settings.logger.error({ error: result.defect, method }, 'a request handler failed')
    }
    this.#settle(number, result.text)
  }

  #fail(number: number, code: ErrorCode, message: string): void {
    this.#settle(number, errorResult(number, code, message))
  }

  #settle(number: number, text: string): void {
    this.#finish(number)
    const result = this.#ledger.settle(number, text)
    if (result !== null) this.#session.sendText(result)
    if (this.#ledger.runningCount === 0) this.#becomeIdle()
  }

  #becomeIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #finish(number: number): void {
    const running = this.#running.get(number)
    if (!running) return
    this.#running.delete(number)
    this.#parts.timekeeper.set(running, null)
  }
}

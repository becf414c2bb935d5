import { setMaxListeners } from 'node:events'
import type { Arrival } from '../../core/operations/ledger.ts'
import {
  errorResult,
  returnedResult,
  thrownResult,
  valueResult,
  type HandlerResult,
} from '../../core/operations/result-frame.ts'
import type { FrameFault } from '../../core/wire/decode.ts'
import type { Goodbye } from '../../core/wire/goodbye.ts'
import type {
  AnswerFrame,
  CancelFrame,
  ProducerSummary,
  PublishFrame,
  PublishResult,
  Range,
  RequestFrame,
} from '../../core/wire/frames.ts'
import type { AnswerVerdict } from '../asks/offered-answer.ts'
import { Budget } from '../budget.ts'
import type { Verdict } from '../topics/grants.ts'
import type { HubParts } from '../hub-parts.ts'
import type { Session } from './session.ts'
import { SessionLedger } from './session-ledger.ts'

/** A publish on its way to the engine. */
interface Publish {
  readonly frame: PublishFrame
  /** Of its JSON. */
  readonly length: number
  /** Null while the right to it is being asked. */
  decision: { readonly verdict: Verdict; readonly revision: number } | null
}

/** Executes what a session's client asks for. */
export class SessionOperations {
  readonly #parts: HubParts
  readonly #session: Session
  readonly #ledger: SessionLedger
  readonly #owner = new AbortController()
  /** In the order of their numbers; a later one does not overtake one that still waits for `authorize`. */
  readonly #publishes: Publish[] = []
  readonly #running: Budget

  constructor(parts: HubParts, session: Session, highest: number) {
    const { maxOpenOperations, maxResultLength, maxRunningLength } = parts.settings.limits
    this.#running = new Budget(maxRunningLength / 4)
    setMaxListeners(0, this.#owner.signal)
    this.#parts = parts
    this.#session = session
    const limits = { maxOpen: maxOpenOperations, maxResultLength }
    this.#ledger = new SessionLedger(highest, limits, parts.timekeeper, (text) => session.sendText(text))
  }

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

  /** Takes an operation that arrived on the session's link; returns how the link has to end, if it has to. */
  receive(frame: PublishFrame | RequestFrame | AnswerFrame | CancelFrame, text: string): Goodbye | null {
    const { number } = frame
    if (frame.type === 'cancel') return this.#answer(number, this.#ledger.cancel(number))
    const start = (): void => {
      if (!this.#take(text.length)) this.#ledger.fail(number, 'overloaded', 'The hub runs too much already.')
      else if (frame.type === 'publish') this.#publish(frame, text.length)
      else if (frame.type === 'answer') this.#offer(frame, text.length)
      else void this.#request(frame).finally(() => this.#giveBack(text.length))
    }
    return this.#answer(number, this.#ledger.receive(number, text, start))
  }

  /** An operation that names its number but is not sound otherwise: it uses the number up [R3]. */
  receiveFaulty(number: number, { code, message }: FrameFault, text: string): Goodbye | null {
    const start = (): void => this.#ledger.fail(number, code, message)
    return this.#answer(number, this.#ledger.receive(number, text, start))
  }

  acknowledge(ranges: readonly Range[]): void {
    this.#ledger.acknowledge(ranges)
  }

  resume(producer: ProducerSummary): void {
    this.#ledger.resume(producer)
  }

  /** Resolves when nothing runs, or the session ended. */
  idle(): Promise<void> {
    return this.#ledger.idle()
  }

  /** The session ended. */
  end(): void {
    for (const { length } of this.#publishes.splice(0)) this.#giveBack(length)
    this.#owner.abort()
    this.#ledger.end()
  }

  #answer(number: number, arrival: Arrival): Goodbye | null {
    switch (arrival) {
      case 'taken':
        return null
      case 'reused': {
        const message = `Number ${number} came again with other content.`
        this.#session.send({ type: 'error', code: 'number_reused', message })
        return null
      }
      case 'skipped': {
        const message = `Number ${number} came before ${this.#ledger.highest + 1}.`
        return { code: 'number_skipped', message, retry: false }
      }
      case 'full':
        return { code: 'too_many_open', message: 'Too many open operations.', retry: false }
    }
  }

  #take(length: number): boolean {
    if (!this.#running.take(length)) return false
    if (this.#parts.running.take(length)) return true
    this.#running.giveBack(length)
    return false
  }

  #giveBack(length: number): void {
    this.#running.giveBack(length)
    this.#parts.running.giveBack(length)
  }

  #publish(frame: PublishFrame, length: number): void {
    const publish: Publish = { frame, length, decision: null }
    this.#publishes.push(publish)
    this.#decide(publish)
  }

  #decide(publish: Publish): void {
    const { grants } = this.#parts
    const access = { action: 'publish', topic: publish.frame.topic } as const
    grants.decide(this.#session, access, this.#owner.signal, (verdict) => {
      publish.decision = { verdict, revision: this.#session.rightsRevision }
      this.#appendDecided()
    })
  }

  #appendDecided(): void {
    for (;;) {
      const [next] = this.#publishes
      if (!next?.decision) return
      if (this.#isStale(next)) return this.#decideAgain()
      this.#publishes.shift()
      const { frame, length, decision } = next
      void this.#append(frame, decision.verdict).finally(() => this.#giveBack(length))
    }
  }

  /** It waited for a slower one while rights may have changed [R36]. */
  #isStale({ decision }: Publish): boolean {
    return decision !== null && decision.revision !== this.#session.rightsRevision
  }

  #decideAgain(): void {
    const stale = this.#publishes.filter((publish) => this.#isStale(publish))
    for (const publish of stale) publish.decision = null
    for (const publish of stale) this.#decide(publish)
  }

  async #append({ number, topic, data }: PublishFrame, verdict: Verdict): Promise<void> {
    const ledger = this.#ledger
    if (verdict === 'abandoned') return
    if (verdict === 'forbidden')
      return ledger.fail(number, 'forbidden', 'Publishing to this topic is not allowed.')
    if (verdict === 'failed')
      return ledger.fail(number, 'authorize_failed', 'The right could not be checked.')
    const { user } = this.#session.info
    const producer = { id: this.#session.producerId, number }
    const entry = { topic, data: JSON.stringify(data), user, key: null, producer }
    const outcome = await this.#parts.publisher.append(entry)
    if (outcome.kind === 'refused') return ledger.fail(number, outcome.code, outcome.message)
    const value: PublishResult = { ...outcome.position, duplicate: outcome.duplicate }
    ledger.settle(number, valueResult(number, value))
  }

  #offer({ number, id, data }: AnswerFrame, length: number): void {
    const session = this.#session
    let responded = false
    const respond = (verdict: AnswerVerdict): void => {
      if (responded) return
      responded = true
      this.#giveBack(length)
      const { text, defect } = this.#resultOf(number, verdict)
      if (defect !== null) {
        this.#parts.settings.logger.error({ error: defect, ask: id }, 'the validator of an ask failed')
      }
      this.#ledger.settle(number, text)
    }
    this.#ledger.run(number, undefined, this.#parts.asks.answer({ id, data, session, respond }))
  }

  #resultOf(number: number, verdict: AnswerVerdict): HandlerResult {
    switch (verdict.kind) {
      case 'taken':
        return { text: valueResult(number, null), defect: null }
      case 'refused':
        return { text: errorResult(number, verdict.code), defect: null }
      case 'thrown':
        return thrownResult(number, verdict.thrown, this.#parts.settings.limits.maxResultLength)
    }
  }

  async #request({ number, method, data, timeoutMs }: RequestFrame): Promise<void> {
    const { handlers, settings } = this.#parts
    const { limits, logger } = settings
    const handler = handlers.get(method)
    if (!handler) {
      return this.#ledger.fail(number, 'method_unknown', `No handler for ${JSON.stringify(method)}.`)
    }
    const controller = new AbortController()
    const { signal } = controller
    this.#ledger.run(number, timeoutMs, () => controller.abort())
    let result: HandlerResult
    try {
      const value = await handler(data, { session: this.#session.info, signal })
      result = returnedResult(number, value, limits.maxResultLength)
    } catch (thrown) {
      result = thrownResult(number, thrown, limits.maxResultLength)
    }
    if (result.defect !== null && !signal.aborted) {
      logger.error({ error: result.defect, method }, 'a request handler failed')
    }
    this.#ledger.settle(number, result.text)
  }
}

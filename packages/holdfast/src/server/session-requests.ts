import { Acknowledger } from '../core/shared/acknowledger.ts'
import { Outbox, type OutboxItem } from '../core/shared/outbox.ts'
import { assertTimeout } from '../core/shared/timeout.ts'
import { replyError } from '../core/shared/result-frame.ts'
import { HoldfastError } from '../core/wire/errors.ts'
import type { ProducerSummary, ResultFrame } from '../core/wire/frames.ts'
import { lossyJsonProblem } from '../core/wire/json.ts'
import { nameProblem } from '../core/wire/names.ts'
import type { HubParts } from './hub-parts.ts'
import type { Session } from './session.ts'
import type { Timed } from '../core/shared/timekeeper.ts'

export interface RequestOptions {
  /** From now to the reply, outages included. Default 30,000 ms. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const defaultTimeoutMs = 30_000

interface HubRequest extends OutboxItem, Timed {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: HoldfastError) => void
  /** Removes the deadline and the abort listener. */
  release(): void
}

/** The hub's requests to one session's client; they survive its links [S25]. */
export class SessionRequests {
  readonly #parts: HubParts
  readonly #session: Session
  readonly #outbox: Outbox<HubRequest>
  readonly #acknowledger = new Acknowledger()

  constructor(parts: HubParts, session: Session) {
    const { maxWaitingRequests, maxOpenOperations, maxControlBytes } = parts.settings.limits
    this.#parts = parts
    this.#session = session
    this.#outbox = new Outbox({
      maxWaiting: maxWaitingRequests,
      maxWaitingLength: Infinity,
      maxOpen: maxOpenOperations,
      // Sent again at once after a resume, they must fit beside the results.
      maxOpenLength: maxControlBytes / 4,
    })
  }

  get pendingCount(): number {
    return this.#outbox.waitingCount + this.#outbox.openCount
  }

  /** For `welcome`. */
  summary(): ProducerSummary {
    return this.#outbox.summary()
  }

  request(method: string, payload: unknown, options: RequestOptions): Promise<unknown> {
    assertTimeout(options.timeoutMs)
    return new Promise((resolve, reject) => {
      const problem = nameProblem(method)
      if (problem)
        return reject(new HoldfastError('method_invalid', `The method ${problem}.`, { outcome: 'not_sent' }))
      const lossy = lossyJsonProblem(payload)
      if (lossy) return reject(new HoldfastError('data_invalid', lossy, { outcome: 'not_sent' }))
      if (options.signal?.aborted)
        return reject(new HoldfastError('aborted', 'Aborted.', { outcome: 'not_sent' }))
      this.#add(method, payload, options, resolve, reject)
    })
  }

  #add(
    method: string,
    payload: unknown,
    { timeoutMs = defaultTimeoutMs, signal }: RequestOptions,
    resolve: (value: unknown) => void,
    reject: (error: HoldfastError) => void,
  ): void {
    const { timekeeper, env } = this.#parts
    const data = JSON.stringify(payload)
    const head = `"method":${JSON.stringify(method)},"data":${data},"timeoutMs":${timeoutMs}`
    const abort = (): void => this.#giveUp(item, 'aborted', 'Aborted.')
    const item: HubRequest = {
      number: null,
      length: head.length,
      encode: (number) => `{"type":"request","number":${number},${head}}`,
      resolve,
      reject,
      tick: () => this.#giveUp(item, 'timeout', 'The deadline passed.'),
      release() {
        timekeeper.set(item, null)
        signal?.removeEventListener('abort', abort)
      },
    }
    if (!this.#outbox.add(item)) {
      reject(
        new HoldfastError('outbox_full', 'Too many requests wait for this session.', {
          outcome: 'not_sent',
          retry: true,
        }),
      )
      return
    }
    signal?.addEventListener('abort', abort, { once: true })
    timekeeper.set(item, env.now() + timeoutMs)
    this.pump()
  }

  /** Hands over what may go to the session's link. */
  pump(): void {
    if (!this.#session.link) return
    for (;;) {
      if (this.#outbox.isHeldUpBy(this.#acknowledger.count)) this.#acknowledge()
      const handed = this.#outbox.handOver(this.#acknowledger.count)
      if (!handed) return
      this.#session.sendText(handed.frame)
    }
  }

  /** The session has a new link whose client has started the requests up to `received` [R22]. */
  resume(received: number): void {
    this.#acknowledger.clear()
    for (const frame of this.#outbox.resend(received)) this.#session.sendText(frame)
    this.pump()
  }

  settle(frame: ResultFrame, length: number): void {
    this.#acknowledger.note(frame.number, length)
    const item = this.#outbox.settle(frame.number)
    if (item) {
      item.release()
      if (frame.error) item.reject(replyError(frame.error))
      else item.resolve(frame.value)
    }
    if (this.#acknowledger.due || this.#outbox.openCount === 0) this.#acknowledge()
    this.pump()
  }

  /** The session ended: what was handed over may have been done. */
  end(): void {
    for (const item of this.#outbox.clear()) {
      item.release()
      const outcome = item.number === null ? 'not_sent' : 'unknown'
      item.reject(new HoldfastError('session_ended', 'The session ended.', { outcome }))
    }
  }

  #acknowledge(): void {
    this.#session.send({ type: 'ack', numbers: this.#acknowledger.take() })
  }

  #giveUp(item: HubRequest, code: 'aborted' | 'timeout', message: string): void {
    const where = this.#outbox.cancel(item)
    if (where === 'settled') return
    item.release()
    const outcome = where === 'not_sent' ? 'not_sent' : 'unknown'
    item.reject(new HoldfastError(code, message, { outcome, retry: code === 'timeout' }))
    if (where === 'handed') this.#session.send({ type: 'cancel', number: item.number })
  }
}

import { Outbox, type OutboxItem } from '../../core/operations/outbox.ts'
import { replyError } from '../../core/operations/result-frame.ts'
import { HoldfastError } from '../../core/wire/errors.ts'
import type { ProducerSummary, ResultFrame } from '../../core/wire/frames.ts'
import { assertPositive } from '../../core/wire/positive.ts'
import { notSent, refusalOf } from '../../core/wire/refusals.ts'
import type { HubParts } from '../hub-parts.ts'
import { maxBurstLength } from '../limits.ts'
import type { Session } from './session.ts'
import type { Timed } from '../../core/time/timekeeper.ts'

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

/** The hub's requests to one session's client; they survive its links. */
export class SessionRequests {
  readonly #parts: HubParts
  readonly #session: Session
  readonly #outbox: Outbox<HubRequest>

  constructor(parts: HubParts, session: Session) {
    const { maxWaitingRequests, maxWaitingRequestLength, maxOpenOperations } = parts.settings.limits
    this.#parts = parts
    this.#session = session
    this.#outbox = new Outbox({
      maxWaiting: maxWaitingRequests,
      maxWaitingLength: maxWaitingRequestLength,
      maxOpen: maxOpenOperations,
      maxOpenLength: maxBurstLength(parts.settings.limits),
    })
  }

  get pendingCount(): number {
    return this.#outbox.pendingCount
  }

  /** For `welcome`. */
  summary(): ProducerSummary {
    return this.#outbox.summary()
  }

  request(method: string, payload: unknown, options: RequestOptions): Promise<unknown> {
    assertPositive('timeoutMs', options.timeoutMs)
    return new Promise((resolve, reject) => {
      const refusal = refusalOf('method_invalid', method, payload)
      if (refusal) reject(refusal)
      else if (options.signal?.aborted) reject(notSent('aborted', 'Aborted.'))
      else this.#add(method, payload, options, resolve, reject)
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
    const most = maxBurstLength(this.#parts.settings.limits)
    if (item.length > most)
      return reject(notSent('message_too_large', `Longer than ${most} characters of JSON.`))
    if (!this.#outbox.add(item))
      return reject(notSent('outbox_full', 'Too many requests wait for this session.'))
    signal?.addEventListener('abort', abort, { once: true })
    timekeeper.set(item, env.now() + timeoutMs)
    this.pump()
  }

  /** Hands over what may go to the session's link. */
  pump(): void {
    if (!this.#session.link) return
    for (;;) {
      const numbers = this.#outbox.takeAcknowledgement()
      if (numbers) this.#session.send({ type: 'ack', numbers })
      const item = this.#outbox.handOver()
      if (!item) return
      this.#session.sendText(item.encode(item.number ?? 0))
    }
  }

  /** The session has a new link whose client has started the requests up to `received` [R22]. */
  resume(received: number): void {
    for (const frame of this.#outbox.resend(received)) this.#session.sendText(frame)
    this.pump()
  }

  settle({ number, error, value }: ResultFrame, length: number): void {
    const item = this.#outbox.settle(number, length)
    if (item) {
      item.release()
      if (error) item.reject(replyError(error))
      else item.resolve(value)
    }
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

  #giveUp(item: HubRequest, code: 'aborted' | 'timeout', message: string): void {
    const where = this.#outbox.cancel(item)
    if (where === 'settled') return
    item.release()
    const outcome = where === 'not_sent' ? 'not_sent' : 'unknown'
    item.reject(new HoldfastError(code, message, { outcome }))
    if (where === 'handed') this.#session.send({ type: 'cancel', number: item.number })
  }
}

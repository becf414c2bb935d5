import type { OperationStatus } from '../../../client/operation.ts'
import { HoldfastError } from '../../../core/wire/errors.ts'
import type { PublishResult } from '../../../core/wire/frames.ts'
import { Attempt, type AttemptDescription } from './attempt.ts'
import { isExcused, refusedBeforeExecution, type Circumstances } from './excuses.ts'
import type { Report } from './violation.ts'

/** What an operation may become next. A session that ends takes numbers back, so `sent` may be queued again [R43]. */
const successors: Readonly<Record<Attempt['status'], readonly OperationStatus[]>> = {
  made: ['queued', 'failed'],
  queued: ['sent', 'failed'],
  sent: ['queued', 'done', 'failed'],
  done: [],
  failed: [],
}

/**
 * Every publish and request settles exactly once with the right outcome: what was reported done was done once, what was
 * reported `not_sent` was not done, and an error has its reason.
 */
export class OperationOracle {
  readonly #attempts = new Map<string, Attempt>()
  readonly #circumstances: Circumstances
  readonly #report: Report
  /** Of the operation that was executed last, by its client and what it concerns. */
  readonly #lastOrders = new Map<string, number>()

  constructor(circumstances: Circumstances, report: Report) {
    this.#circumstances = circumstances
    this.#report = report
  }

  begin(described: AttemptDescription): Attempt {
    const { chronicle, now } = this.#circumstances
    const attempt = new Attempt(described, now(), chronicle.life, this.#attempts.size)
    this.#attempts.set(described.token, attempt)
    return attempt
  }

  moved(attempt: Attempt, status: OperationStatus): void {
    if (!successors[attempt.status].includes(status)) this.#fault(attempt, `became ${status}`)
    attempt.status = status
    if (status === 'sent') attempt.handedIn = attempt.described.device?.client.session ?? null
  }

  /** Watches what becomes of it. */
  watch(attempt: Attempt, promise: Promise<unknown>): void {
    promise.then(
      (value) => this.#settled(attempt, () => this.#resolved(attempt, value)),
      (error: unknown) => this.#settled(attempt, () => this.#rejected(attempt, error)),
    )
  }

  executed(token: string, count: number): void {
    const attempt = this.#attempts.get(token)
    if (!attempt) return
    const { described, ending } = attempt
    if (count > 1 && !described.idempotent) this.#fault(attempt, `was executed ${count} times`)
    if (ending?.kind === 'rejected') {
      const { code, outcome } = ending.error
      const never = outcome === 'not_sent' || (outcome === 'replied' && refusedBeforeExecution.has(code))
      if (never && !described.idempotent) this.#fault(attempt, 'was executed afterwards')
    }
    if (!described.idempotent) this.#checkOrder(attempt)
  }

  /** The hub's process died: whoever waited in it waits no more. */
  hubDied(): void {
    for (const attempt of this.#attempts.values())
      if (attempt.ofHub && attempt.pending) attempt.forgotten = true
  }

  /** The client is closed: nothing of it may still be open. */
  clientClosed(index: number): void {
    for (const attempt of this.#attempts.values()) {
      const { device } = attempt.described
      if (device?.index === index && !attempt.ofHub && attempt.pending)
        this.#fault(attempt, 'outlives its client')
    }
  }

  get pending(): boolean {
    for (const { pending } of this.#attempts.values()) if (pending) return true
    return false
  }

  reportPending(): void {
    for (const attempt of this.#attempts.values()) if (attempt.pending) this.#fault(attempt, 'never settles')
  }

  #settled(attempt: Attempt, judge: () => void): void {
    if (attempt.forgotten) return
    if (attempt.ending) return this.#fault(attempt, 'settles again')
    judge()
  }

  #resolved(attempt: Attempt, value: unknown): void {
    attempt.ending = { kind: 'resolved', value }
    const { kind, token, topic } = attempt.described
    const { chronicle } = this.#circumstances
    if (chronicle.executionsOf(token) === 0) this.#fault(attempt, 'was never executed')
    if (kind === 'publish' || kind === 'hubPublish') {
      const { epoch, offset } = value as PublishResult
      const there = chronicle.messageAt(topic, epoch, offset)
      if (there !== token) this.#fault(attempt, `but ${there} is there`)
    } else if (value !== replyTo(token)) {
      this.#fault(attempt, 'is another reply')
    }
  }

  #rejected(attempt: Attempt, error: unknown): void {
    if (!(error instanceof HoldfastError)) return this.#fault(attempt, `is rejected with ${String(error)}`)
    attempt.ending = { kind: 'rejected', error }
    const { described } = attempt
    const count = this.#circumstances.chronicle.executionsOf(described.token)
    const { code, outcome } = error
    if (outcome === undefined) this.#fault(attempt, 'has no outcome')
    if (outcome === 'not_sent' && count > 0) this.#fault(attempt, `was executed ${count} times`)
    if (outcome === 'replied') this.#checkReply(attempt, error, count)
    if (outcome === 'unknown' && !attempt.ofHub && attempt.handedIn === null)
      this.#fault(attempt, 'was never sent')
    if (!isExcused(attempt, code, this.#circumstances)) this.#fault(attempt, 'has no reason')
  }

  #checkReply(attempt: Attempt, { code }: HoldfastError, count: number): void {
    const executed = code === 'rejected' || code === 'handler_failed'
    if (executed && count === 0) this.#fault(attempt, 'was never executed')
    // What is idempotent may have been executed under a ledger that was lost, and be refused under the next.
    if (refusedBeforeExecution.has(code) && count > 0 && !attempt.described.idempotent)
      this.#fault(attempt, `was executed ${count} times`)
  }

  /** Operations of a client start in the order in which they were made; messages of a topic are accepted in it. */
  #checkOrder(attempt: Attempt): void {
    const { kind, device, topic } = attempt.described
    const { ending } = attempt
    // The session of the user before goes on with what it had, beside the next one.
    if (ending?.kind === 'rejected' && ending.error.code === 'identity_changed') return
    if (device?.userChanged && attempt.handedIn !== device.client.session) return
    const of = `${kind} ${device?.index} ${topic}`
    const last = this.#lastOrders.get(of) ?? -1
    if (attempt.order < last) this.#fault(attempt, 'was executed after a later one')
    this.#lastOrders.set(of, Math.max(attempt.order, last))
  }

  #fault(attempt: Attempt, what: string): void {
    this.#report(attempt.described.device?.index ?? null, `${attempt.describe()}: ${what}`)
  }
}

/** What the handler of a request returns. */
export const replyTo = (token: string): string => `done ${token}`

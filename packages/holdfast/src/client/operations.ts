import { Outbox } from '../core/operations/outbox.ts'
import { replyError } from '../core/operations/result-frame.ts'
import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import { HoldfastError } from '../core/wire/errors.ts'
import type { ProducerSummary, Range, ResultFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { assertPositive } from '../core/wire/positive.ts'
import { dataRefusal, notSent, refusalOf } from '../core/wire/refusals.ts'
import type { Connection } from './connection.ts'
import { PendingOperation, type Operation, type OperationOptions, type OperationWatch } from './operation.ts'

export interface OutboxOptions {
  /** Operations that may wait for a link. Beyond: `outbox_full`. Default 10,000. */
  readonly maxOperations?: number
  /** JSON characters that may wait in all. Beyond: `outbox_full`. Default 16,777,216. */
  readonly maxLength?: number
}

/** Nothing more is handed over while this much has not left the socket. */
const maxBufferedBytes = 262_144
/** How soon that is looked at again: a WebSocket does not tell when it has drained. */
const congestionCheckMs = 100
/** Until `welcome` tells the hub's own bound. */
const defaultMaxOpen = 1_024

/** Publishes, requests and answers, from the caller's hands to their results [R16–R28]. */
export class Operations implements Timed {
  readonly #connection: Connection
  readonly #timekeeper: Timekeeper
  readonly #outbox: Outbox<PendingOperation>
  readonly #callSafely: (callback: () => void) => void
  #flushes: ((error?: HoldfastError) => void)[] = []
  #maxFrameBytes = Infinity

  constructor(
    connection: Connection,
    timekeeper: Timekeeper,
    { maxOperations = 10_000, maxLength = 16_777_216 }: OutboxOptions,
    callSafely: (callback: () => void) => void,
  ) {
    this.#connection = connection
    this.#timekeeper = timekeeper
    this.#callSafely = callSafely
    this.#outbox = new Outbox({
      maxWaiting: maxOperations,
      maxWaitingLength: maxLength,
      maxOpen: defaultMaxOpen,
    })
  }

  /** Operations without a result. */
  get pendingCount(): number {
    return this.#outbox.pendingCount
  }

  publish(topic: string, data: unknown, options: OperationOptions): Operation<unknown> {
    const invalid = refusalOf('topic_invalid', topic, data)
    return this.#add(invalid, { type: 'publish', topic, data }, options, options.timeoutMs)
  }

  request(method: string, data: unknown, options: OperationOptions): Operation<unknown> {
    const { timeoutMs = 30_000 } = options
    const invalid = refusalOf('method_invalid', method, data)
    return this.#add(invalid, { type: 'request', method, data, timeoutMs }, options, timeoutMs)
  }

  /** Of the ask with the id. Sent again when the ledger was lost: the hub knows the answer that it took [R66]. */
  answer(id: string, data: unknown, options: OperationOptions, watch: OperationWatch): Operation<unknown> {
    const frame = { type: 'answer', id, data }
    return this.#add(dataRefusal(data), frame, { ...options, idempotent: true }, options.timeoutMs, watch)
  }

  /** An operation that fails at once. */
  refuse(error: HoldfastError, options: OperationOptions): Operation<unknown> {
    return this.#add(error, {}, options, undefined)
  }

  /** For `hello`. */
  summary(): ProducerSummary {
    return this.#outbox.summary()
  }

  /**
   * The hub's ledger is known: goes on where it stands, or takes out what was lost with it [R22, R23, R28]. Returns what
   * then tells the application, which is called only when everything is in order again.
   */
  resume({ resumed, received, limits }: WelcomeFrame, identityChanged: boolean): () => void {
    this.#maxFrameBytes = limits.maxFrameBytes
    this.#outbox.limits.maxOpen = limits.maxOpenOperations
    const dropped = identityChanged ? this.#outbox.clear() : []
    const lost = resumed ? [] : this.#outbox.loseOpen().filter(({ settled }) => !settled)
    const again = lost.filter(({ idempotent }) => idempotent)
    this.#outbox.requeue(again)
    this.#sendAgain(resumed, received)
    return () => {
      for (const item of dropped) this.#fail(item, 'identity_changed')
      for (const item of lost) {
        if (item.idempotent) item.move('queued')
        else this.#fail(item, 'ledger_lost')
      }
      this.pump()
      this.#tellFlushed()
    }
  }

  /**
   * What settled since the hello of a link that took over fills the hub's ledger until it is acknowledged, and a new ledger
   * waits for the numbers that were given since then, until they have reached it [R60].
   */
  #sendAgain(resumed: boolean, received: number): void {
    const settled = resumed ? this.#outbox.settledSinceSummary() : null
    if (settled) this.#acknowledge(settled)
    for (const number of this.#outbox.goneAbove(received)) {
      this.#connection.send({ type: 'cancel', number })
      this.#acknowledge([[number, number]])
    }
    for (const frame of this.#outbox.resend(received)) this.#connection.sendText(frame)
  }

  #acknowledge(numbers: readonly Range[]): void {
    this.#connection.send({ type: 'ack', numbers })
  }

  /** Numbers above this were not executed and never will be [R43]. */
  takeBack(received: number): void {
    for (const item of this.#outbox.takeBack(received)) item.move('queued')
  }

  settle({ number, error, value }: ResultFrame, length: number): void {
    const item = this.#outbox.settle(number, length)
    if (item) this.#settle(item, error ? replyError(error) : null, value)
    this.pump()
    this.#tellFlushed()
  }

  tick(): void {
    this.pump()
  }

  /** Hands over what may go. */
  pump(): void {
    while (this.#connection.handsOver) {
      const numbers = this.#outbox.takeAcknowledgement()
      if (numbers) this.#acknowledge(numbers)
      if (this.#connection.bufferedBytes > maxBufferedBytes) {
        const waits = this.#outbox.waitingCount > 0
        this.#timekeeper.set(this, waits ? this.#timekeeper.now() + congestionCheckMs : null)
        return
      }
      const item = this.#outbox.handOver()
      if (!item) return
      if (item.bytes > this.#maxFrameBytes) {
        // It was queued before the bound was known: its number is used up without executing anything.
        this.#giveUp(item, this.#tooLarge())
      } else {
        this.#connection.sendText(item.encode(item.number ?? 0))
        item.move('sent')
      }
    }
  }

  /** Resolves when nothing is pending; rejects if the client closes before. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push((error) => (error ? reject(error) : resolve()))
      this.#tellFlushed()
    })
  }

  /** The client is closed for good. */
  close(code: ErrorCode, message: string): void {
    this.#timekeeper.set(this, null)
    for (const tell of this.#flushes.splice(0)) tell(new HoldfastError(code, message))
    for (const item of this.#outbox.clear()) this.#fail(item, code, message)
  }

  #add(
    invalid: HoldfastError | null,
    frame: object,
    options: OperationOptions,
    timeoutMs: number | undefined,
    watch?: OperationWatch,
  ): Operation<unknown> {
    assertPositive('timeoutMs', timeoutMs)
    const head = invalid ? '' : JSON.stringify(frame).slice(0, -1)
    const gaveUp = (code: 'timeout' | 'aborted'): void => this.#giveUp(item, failure(item, code))
    const item = new PendingOperation(head, options, gaveUp, this.#callSafely, watch)
    const refusal = invalid ?? this.#refusalOf(item, options)
    if (refusal) item.settle(refusal)
    else {
      if (timeoutMs !== undefined) this.#timekeeper.set(item, this.#timekeeper.now() + timeoutMs)
      item.move('queued')
      this.pump()
    }
    return item.promise as Operation<unknown>
  }

  #refusalOf(item: PendingOperation, { signal }: OperationOptions): HoldfastError | null {
    const { name } = this.#connection.state
    if (name === 'closed' || name === 'closing') return notSent('closed')
    if (signal?.aborted) return notSent('aborted')
    if (item.bytes > this.#maxFrameBytes) return this.#tooLarge()
    return this.#outbox.add(item) ? null : notSent('outbox_full')
  }

  #giveUp(item: PendingOperation, error: HoldfastError): void {
    const where = this.#outbox.cancel(item)
    if (where === 'settled') return
    this.#settle(item, error)
    if (where === 'handed' && this.#connection.live) {
      this.#connection.send({ type: 'cancel', number: item.number })
    }
    this.#tellFlushed()
  }

  #fail(item: PendingOperation, code: ErrorCode, message?: string): void {
    this.#settle(item, failure(item, code, message))
  }

  #settle(item: PendingOperation, error: HoldfastError | null, value?: unknown): void {
    this.#timekeeper.set(item, null)
    item.settle(error, value)
  }

  #tooLarge(): HoldfastError {
    return notSent('message_too_large', `${this.#maxFrameBytes} bytes are taken`)
  }

  #tellFlushed(): void {
    if (this.pendingCount > 0) return
    for (const tell of this.#flushes.splice(0)) tell()
  }
}

/** What has a number may have been executed. */
const failure = ({ number }: PendingOperation, code: ErrorCode, message?: string): HoldfastError =>
  new HoldfastError(code, message, { outcome: number === null ? 'not_sent' : 'unknown' })

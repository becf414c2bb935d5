import { Outbox } from '../core/operations/outbox.ts'
import { replyError } from '../core/operations/result-frame.ts'
import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import { HoldfastError } from '../core/wire/errors.ts'
import type { ProducerSummary, ResultFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { dataRefusal, nameRefusal, notSent } from '../core/wire/refusals.ts'
import type { Connection } from './connection.ts'
import { PendingOperation, type Operation, type OperationOptions } from './operation.ts'

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

/** Publishes and requests, from the caller's hands to their results [R16–R28]. */
export class Operations {
  readonly #connection: Connection
  readonly #timekeeper: Timekeeper
  readonly #outbox: Outbox<PendingOperation>
  readonly #callSafely: (callback: () => void) => void
  readonly #congestion: Timed = { tick: () => this.pump() }
  #flushes: { readonly resolve: () => void; readonly reject: (error: HoldfastError) => void }[] = []
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
    return this.#outbox.waitingCount + this.#outbox.openCount
  }

  publish(topic: string, data: unknown, options: OperationOptions): Operation<unknown> {
    const refusal = nameRefusal('topic_invalid', topic) ?? dataRefusal(data)
    if (refusal) return this.#refused(refusal, options)
    const fields = `"type":"publish","topic":${JSON.stringify(topic)},"data":${JSON.stringify(data)}`
    return this.#add(fields, options, options.timeoutMs)
  }

  request(method: string, payload: unknown, options: OperationOptions): Operation<unknown> {
    const { timeoutMs = 30_000 } = options
    const refusal = nameRefusal('method_invalid', method) ?? dataRefusal(payload)
    if (refusal) return this.#refused(refusal, options)
    const fields = `"type":"request","method":${JSON.stringify(method)},"data":${JSON.stringify(payload)}`
    return this.#add(`${fields},"timeoutMs":${timeoutMs}`, options, timeoutMs)
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
    this.#outbox.relinked()
    this.#maxFrameBytes = limits.maxFrameBytes
    this.#outbox.limits.maxOpen = limits.maxOpenOperations
    const dropped = identityChanged ? this.#outbox.clear() : []
    const lost = resumed ? [] : this.#outbox.loseOpen().filter((item) => !item.settled)
    const again = lost.filter(({ idempotent }) => idempotent)
    this.#outbox.requeue(again)
    if (resumed) for (const frame of this.#outbox.resend(received)) this.#connection.sendText(frame)
    return () => {
      this.#rejectItems(dropped, 'identity_changed', 'It was queued under another identity.')
      const unknown = lost.filter(({ idempotent }) => !idempotent)
      this.#rejectItems(unknown, 'ledger_lost', 'The hub no longer knows whether it was executed.')
      for (const item of again) item.moved('queued')
      this.pump()
      this.#tellFlushed()
    }
  }

  /** Numbers above this were not executed and never will be [R43]. */
  takeBack(received: number): void {
    for (const item of this.#outbox.takeBack(received)) item.moved('queued')
  }

  settle({ number, error, value }: ResultFrame, length: number): void {
    const item = this.#outbox.settle(number, length)
    if (item) {
      this.#timekeeper.set(item, null)
      if (error) item.reject(replyError(error))
      else item.resolve(value)
    }
    this.pump()
    this.#tellFlushed()
  }

  /** Hands over what may go. */
  pump(): void {
    while (this.#connection.handsOver) {
      const numbers = this.#outbox.takeAcknowledgement()
      if (numbers) this.#connection.send({ type: 'ack', numbers })
      if (this.#connection.bufferedBytes > maxBufferedBytes) {
        const waits = this.#outbox.waitingCount > 0
        this.#timekeeper.set(this.#congestion, waits ? this.#timekeeper.now() + congestionCheckMs : null)
        return
      }
      const handed = this.#outbox.handOver()
      if (!handed) return
      const { item, frame } = handed
      if (item.frameBytes > this.#maxFrameBytes) this.#tooLarge(item)
      else {
        this.#connection.sendText(frame)
        item.moved('sent')
      }
    }
  }

  /** Resolves when nothing is pending; rejects if the client closes before. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ resolve, reject })
      this.#tellFlushed()
    })
  }

  /** The client is closed for good. */
  close(code: ErrorCode, message: string): void {
    for (const { reject } of this.#flushes.splice(0)) reject(new HoldfastError(code, message))
    this.#timekeeper.set(this.#congestion, null)
    this.#rejectItems(this.#outbox.clear(), code, message)
  }

  #add(fields: string, options: OperationOptions, timeoutMs: number | undefined): Operation<unknown> {
    const item = new PendingOperation(fields, this.#guarded(options), (given, code) =>
      this.#giveUp(given, code),
    )
    const refusal = this.#refusalOf(item, options)
    if (refusal) {
      item.reject(refusal)
      return item.operation
    }
    if (timeoutMs !== undefined) this.#timekeeper.set(item, this.#timekeeper.now() + timeoutMs)
    item.moved('queued')
    this.pump()
    return item.operation
  }

  #refusalOf(item: PendingOperation, { signal }: OperationOptions): HoldfastError | null {
    if (this.#connection.state.name === 'closed' || this.#connection.state.name === 'closing') {
      return notSent('closed', 'The client is closed.')
    }
    if (signal?.aborted) return notSent('aborted', 'Aborted.')
    if (item.frameBytes > this.#maxFrameBytes) return tooLarge(this.#maxFrameBytes)
    return this.#outbox.add(item) ? null : notSent('outbox_full', 'The outbox is full.')
  }

  #refused(refusal: HoldfastError, options: OperationOptions): Operation<unknown> {
    const item = new PendingOperation('', this.#guarded(options), () => {})
    item.reject(refusal)
    return item.operation
  }

  /** A callback that throws harms nobody. */
  #guarded(options: OperationOptions): OperationOptions {
    const { onStatus } = options
    return onStatus ? { ...options, onStatus: (status) => this.#callSafely(() => onStatus(status)) } : options
  }

  #giveUp(item: PendingOperation, code: 'timeout' | 'aborted'): void {
    const where = this.#outbox.cancel(item)
    if (where === 'settled') return
    this.#timekeeper.set(item, null)
    const message = code === 'timeout' ? 'The deadline passed.' : 'Aborted.'
    const outcome = where === 'not_sent' ? 'not_sent' : 'unknown'
    item.reject(new HoldfastError(code, message, { outcome }))
    if (where === 'handed' && this.#connection.live) {
      this.#connection.send({ type: 'cancel', number: item.number })
    }
    this.#tellFlushed()
  }

  /** What has a number may have been executed. */
  #rejectItems(items: readonly PendingOperation[], code: ErrorCode, message: string): void {
    for (const item of items) {
      this.#timekeeper.set(item, null)
      const outcome = item.number === null ? 'not_sent' : 'unknown'
      item.reject(new HoldfastError(code, message, { outcome }))
    }
  }

  /** It was queued before the bound was known: its number is used up without executing anything. */
  #tooLarge(item: PendingOperation): void {
    this.#timekeeper.set(item, null)
    this.#outbox.cancel(item)
    item.reject(tooLarge(this.#maxFrameBytes))
    this.#connection.send({ type: 'cancel', number: item.number })
  }

  #tellFlushed(): void {
    if (this.pendingCount > 0) return
    for (const { resolve } of this.#flushes.splice(0)) resolve()
  }
}

const tooLarge = (maxFrameBytes: number): HoldfastError =>
  notSent('message_too_large', `Larger than the ${maxFrameBytes} bytes that the hub takes.`)

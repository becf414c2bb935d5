import type { OutboxItem } from '../core/operations/outbox.ts'
import { assertTimeout } from '../core/operations/timeout.ts'
import type { Timed } from '../core/time/timekeeper.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import { utf8Length } from '../core/wire/names.ts'

/** Where an operation is: in the outbox, handed to a link, answered, or given up. */
export type OperationStatus = 'queued' | 'sent' | 'done' | 'failed'

export interface OperationOptions {
  /** From now to the result, outages included, in milliseconds. Default: publish none, request 30,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /**
   * It does no harm to execute it twice: if the hub's memory of it was lost, it is sent again instead of failing with
   * outcome `unknown`. Default false.
   */
  readonly idempotent?: boolean
  /** Called at every change of status, `queued` first. */
  readonly onStatus?: (status: OperationStatus) => void
}

/** A promise of an operation's result that also tells where the operation is. */
export interface Operation<Result> extends Promise<Result> {
  readonly status: OperationStatus
}

const longestNumber = `{,"number":${Number.MAX_SAFE_INTEGER}}`

/** An operation on its way; settles once. */
export class PendingOperation implements OutboxItem, Timed {
  number: number | null = null
  readonly length: number
  readonly idempotent: boolean
  readonly operation: Operation<unknown>
  readonly #head: string
  readonly #options: OperationOptions
  readonly #abort = (): void => this.#expired('aborted')
  readonly #expired: (code: 'timeout' | 'aborted') => void
  #status: OperationStatus | null = null
  #resolve: (value: unknown) => void = () => {}
  #reject: (error: HoldfastError) => void = () => {}

  /**
   * @param fields the frame's JSON without braces and number
   * @param expired the caller gave up or its deadline passed
   */
  constructor(
    fields: string,
    options: OperationOptions,
    expired: (item: PendingOperation, code: 'timeout' | 'aborted') => void,
  ) {
    assertTimeout(options.timeoutMs)
    this.#head = fields
    this.length = fields.length
    this.idempotent = options.idempotent ?? false
    this.#options = options
    this.#expired = (code) => expired(this, code)
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.operation = Object.defineProperty(promise, 'status', {
      get: () => this.#status,
    }) as Operation<unknown>
    options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** Its frame in bytes, with the longest number. */
  get frameBytes(): number {
    return utf8Length(this.#head) + longestNumber.length
  }

  get settled(): boolean {
    return this.#status === 'done' || this.#status === 'failed'
  }

  encode(number: number): string {
    return `{${this.#head},"number":${number}}`
  }

  tick(): void {
    this.#expired('timeout')
  }

  moved(status: 'queued' | 'sent'): void {
    this.#set(status)
  }

  resolve(value: unknown): void {
    if (this.settled) return
    this.#settle('done')
    this.#resolve(value)
  }

  reject(error: HoldfastError): void {
    if (this.settled) return
    this.#settle('failed')
    this.#reject(error)
  }

  #settle(status: 'done' | 'failed'): void {
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#set(status)
  }

  #set(status: OperationStatus): void {
    if (this.#status === status) return
    this.#status = status
    this.#options.onStatus?.(status)
  }
}

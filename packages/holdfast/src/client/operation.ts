import type { OutboxItem } from '../core/operations/outbox.ts'
import type { Timed } from '../core/time/timekeeper.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import { utf8Length } from '../core/wire/names.ts'

/** Where an operation is: in the outbox, handed to a link, answered, or given up. */
export type OperationStatus = 'queued' | 'sent' | 'done' | 'failed'

export interface OperationOptions {
  /** From now to the result, outages included, in milliseconds. Default: request 30,000, others none. */
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

/** Told of every change of status before the application is; with `failed`, why. */
export type OperationWatch = (status: OperationStatus, error: HoldfastError | null) => void

/** `,"number":9007199254740991}` */
const longestNumberBytes = 27

/** An operation on its way; settles once. */
export class PendingOperation implements OutboxItem, Timed {
  number: number | null = null
  readonly length: number
  /** Of its frame, with the longest number. */
  readonly bytes: number
  readonly idempotent: boolean
  readonly promise: Promise<unknown> & { status?: OperationStatus }
  readonly tick: () => void
  readonly #head: string
  readonly #told: OperationWatch
  #settled: (error: HoldfastError | null, value: unknown) => void = () => {}

  /**
   * @param head the frame's JSON without number and closing brace
   * @param gaveUp the caller gave up, or its deadline passed
   * @param callSafely a callback of the application that throws harms nobody
   */
  constructor(
    head: string,
    { signal, idempotent = false, onStatus }: OperationOptions,
    gaveUp: (code: 'timeout' | 'aborted') => void,
    callSafely: (callback: () => void) => void,
    watch?: OperationWatch,
  ) {
    this.#head = head
    this.length = head.length
    this.bytes = utf8Length(head) + longestNumberBytes
    this.idempotent = idempotent
    this.#told = (status, error) => {
      watch?.(status, error)
      if (onStatus) callSafely(() => onStatus(status))
    }
    this.tick = () => gaveUp('timeout')
    const abort = (): void => gaveUp('aborted')
    signal?.addEventListener('abort', abort)
    this.promise = new Promise((resolve, reject) => {
      this.#settled = (error, value) => {
        signal?.removeEventListener('abort', abort)
        if (error) reject(error)
        else resolve(value)
      }
    })
  }

  get settled(): boolean {
    return this.promise.status === 'done' || this.promise.status === 'failed'
  }

  encode(number: number): string {
    return `${this.#head},"number":${number}}`
  }

  move(status: OperationStatus, error: HoldfastError | null = null): void {
    // A callback of another operation may have given this one up.
    if (this.settled || this.promise.status === status) return
    this.promise.status = status
    this.#told(status, error)
  }

  settle(error: HoldfastError | null, value?: unknown): void {
    if (this.settled) return
    this.move(error ? 'failed' : 'done', error)
    this.#settled(error, value)
  }
}

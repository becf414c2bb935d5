import type { ErrorCode } from '../wire/error-codes.ts'
import type { ProducerSummary, Range } from '../wire/frames.ts'
import type { Timed, Timekeeper } from '../time/timekeeper.ts'
import { fingerprint } from './fingerprint.ts'
import { includes } from './ranges.ts'
import { errorResult } from './result-frame.ts'

export interface LedgerLimits {
  /** Operations that may be open. */
  readonly maxOpen: number
  /** JSON characters of results that may be kept. */
  readonly maxResultLength: number
}

/** What became of an operation that arrived; all but `taken` break the protocol [R17, R19, R20]. */
export type Arrival = 'taken' | 'reused' | 'skipped' | 'full'

/** An operation that was started and whose result is not acknowledged. */
class Entry implements Timed {
  readonly fingerprint: number
  /** The result's frame, or null while the operation runs. */
  result: string | null = null
  /** The producer no longer waits for it: its result is released as soon as there is one. */
  unwanted = false
  abort: () => void = () => {}
  readonly tick: () => void

  constructor(text: string, expired: () => void) {
    this.fingerprint = fingerprint(text)
    this.tick = expired
  }
}

/**
 * The executing side of one producer's operations, and its memory: each is started once and in order, its result is
 * kept and sent again until it is acknowledged. Every number up to `highest` that is not open was done and
 * acknowledged, so a request that runs for long holds up neither the acknowledgement of later ones nor their memory
 * [R16–R27]. The same on both sides; who executes is told by callbacks.
 */
export class Ledger {
  /** The highest number that was started. */
  highest: number
  /** JSON characters of the results that are kept. */
  resultLength: number = 0
  runningCount: number = 0
  readonly #limits: LedgerLimits
  readonly #timekeeper: Timekeeper
  readonly #send: (text: string) => void
  readonly #open = new Map<number, Entry>()
  #ended = false

  /**
   * @param highest numbers up to this one count as used up [R23]
   * @param send sends a result if there is a link; what is lost with a link is sent again by `resume`
   */
  constructor(highest: number, limits: LedgerLimits, timekeeper: Timekeeper, send: (text: string) => void) {
    this.highest = highest
    this.#limits = limits
    this.#timekeeper = timekeeper
    this.#send = send
  }

  /** @param start executes it, and has its result settled; called at once and at most once for each number [R18] */
  receive(number: number, text: string, start: () => void): Arrival {
    if (number > this.highest + 1) return 'skipped'
    if (number > this.highest) {
      if (this.#open.size >= this.#limits.maxOpen) return 'full'
      this.highest = number
      this.runningCount++
      this.#open.set(number, new Entry(text, () => this.#expire(number)))
      start()
      return 'taken'
    }
    const entry = this.#open.get(number)
    if (entry && entry.fingerprint !== fingerprint(text)) return 'reused'
    if (entry?.result) this.#send(entry.result)
    return 'taken'
  }

  /** Aborts what runs; uses up the next number if that is what is cancelled [R24]. */
  cancel(number: number): Arrival {
    this.#open.get(number)?.abort()
    if (number <= this.highest) return 'taken'
    return this.receive(number, '', () => this.fail(number, 'cancelled', 'Cancelled before it started.'))
  }

  /** A handler runs for the number: it is aborted by a cancel, at the end, and when its time is over [R25]. */
  run(number: number, timeoutMs: number | undefined, abort: () => void): void {
    const entry = this.#open.get(number)
    if (!entry) return
    entry.abort = abort
    if (timeoutMs) this.#timekeeper.set(entry, this.#timekeeper.now() + timeoutMs)
  }

  /** The first result of a number counts; what comes later, or after the end, goes nowhere. */
  settle(number: number, result: string): void {
    const entry = this.#open.get(number)
    if (this.#ended || !entry || entry.result !== null) return
    this.runningCount--
    this.#release(entry)
    entry.result = result
    this.resultLength += result.length
    if (entry.unwanted) this.#forget(number, entry)
    else {
      this.#dropOldestResults(entry)
      this.#send(result)
    }
  }

  fail(number: number, code: ErrorCode, message: string): void {
    this.settle(number, errorResult(number, code, message))
  }

  acknowledge(ranges: readonly Range[]): void {
    const isAcknowledged = includes(ranges)
    for (const [number, entry] of this.#open) {
      if (entry.result !== null && isAcknowledged(number)) this.#forget(number, entry)
    }
  }

  /** There is a new link: releases what the producer no longer waits for, and sends the rest again [R21, R22]. */
  resume({ highest, open }: ProducerSummary): void {
    const isOpen = includes(open)
    for (const [number, entry] of this.#open) {
      if (number <= highest && !isOpen(number)) {
        if (entry.result === null) entry.unwanted = true
        else this.#forget(number, entry)
      } else if (entry.result !== null) this.#send(entry.result)
    }
  }

  /** The producer's session is over: what runs is told, and its results go nowhere. */
  end(): void {
    this.#ended = true
    for (const entry of this.#open.values()) {
      const { abort } = entry
      this.#release(entry)
      abort()
    }
  }

  #expire(number: number): void {
    const abort = this.#open.get(number)?.abort
    this.fail(number, 'timeout', 'The deadline passed.')
    abort?.()
  }

  /** Nothing is left to abort, and no deadline. */
  #release(entry: Entry): void {
    entry.abort = () => {}
    this.#timekeeper.set(entry, null)
  }

  #forget(number: number, { result }: Entry): void {
    this.resultLength -= result?.length ?? 0
    this.#open.delete(number)
  }

  #dropOldestResults(newest: Entry): void {
    for (const [number, entry] of this.#open) {
      if (this.resultLength <= this.#limits.maxResultLength) return
      const dropped = errorResult(number, 'result_dropped', 'The result is no longer kept.')
      const saved = (entry.result ?? '').length - dropped.length
      if (entry === newest || saved <= 0) continue
      entry.result = dropped
      this.resultLength -= saved
    }
  }
}

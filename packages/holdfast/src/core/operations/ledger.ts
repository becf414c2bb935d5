import type { ProducerSummary, Range } from '../wire/frames.ts'
import { rangesInclude } from './ranges.ts'

interface Entry {
  readonly fingerprint: number
  /** The result's frame, or null while the operation runs. */
  result: string | null
  /** The producer no longer waits for it: its result is released as soon as there is one. */
  unwanted: boolean
}

/** What to do with an operation that arrived [R19, R20]. */
export type Receipt =
  | { readonly kind: 'start' | 'running' | 'acknowledged' | 'reused' | 'skipped' | 'full' }
  | { readonly kind: 'finished'; readonly result: string }

const receipt = (kind: Exclude<Receipt['kind'], 'finished'>): Receipt => ({ kind })

/**
 * The executing side's memory of one producer: which numbers were started, and the results that are not yet
 * acknowledged. Every number up to `highest` that is not open was done and acknowledged, so a request that runs for
 * long holds up neither the acknowledgement of later ones nor their memory [R16–R22].
 */
export class Ledger {
  readonly #maxOpen: number
  readonly #maxResultLength: number
  readonly #droppedResult: (number: number) => string
  readonly #open = new Map<number, Entry>()
  #highest: number
  #resultLength = 0
  #running = 0

  /** @param highest numbers up to this one count as used up [R23] */
  constructor(
    highest: number,
    limits: { readonly maxOpen: number; readonly maxResultLength: number },
    droppedResult: (number: number) => string,
  ) {
    this.#highest = highest
    this.#maxOpen = limits.maxOpen
    this.#maxResultLength = limits.maxResultLength
    this.#droppedResult = droppedResult
  }

  /** The highest number that was started. */
  get highest(): number {
    return this.#highest
  }

  /** JSON characters of the results that are kept. */
  get resultLength(): number {
    return this.#resultLength
  }

  get openCount(): number {
    return this.#open.size
  }

  get runningCount(): number {
    return this.#running
  }

  /** Takes note of an operation that arrived; `start` means the entry is made and the caller executes it now [R18]. */
  receive(number: number, fingerprint: number): Receipt {
    if (number > this.#highest + 1) return receipt('skipped')
    if (number === this.#highest + 1) {
      if (this.#open.size >= this.#maxOpen) return receipt('full')
      this.#highest = number
      this.#open.set(number, { fingerprint, result: null, unwanted: false })
      this.#running++
      return receipt('start')
    }
    const entry = this.#open.get(number)
    if (!entry) return receipt('acknowledged')
    if (entry.fingerprint !== fingerprint) return receipt('reused')
    return entry.result === null ? receipt('running') : { kind: 'finished', result: entry.result }
  }

  isRunning(number: number): boolean {
    return this.#open.get(number)?.result === null
  }

  /** Records a running operation's result; returns the frame to send, or null if nobody waits for it. */
  settle(number: number, result: string): string | null {
    const entry = this.#open.get(number)
    if (!entry || entry.result !== null) return null
    this.#running--
    if (entry.unwanted) {
      this.#open.delete(number)
      return null
    }
    entry.result = result
    this.#resultLength += result.length
    this.#dropOldestResults(number)
    return result
  }

  acknowledge(ranges: readonly Range[]): void {
    const span = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    if (span > this.#open.size) {
      for (const number of this.#open.keys()) if (rangesInclude(ranges, number)) this.#release(number)
      return
    }
    for (const [first, last] of ranges)
      for (let number = first; number <= last; number++) this.#release(number)
  }

  /**
   * After a resume: of the numbers up to `highest` the producer still waits for exactly the `open` ones. Of higher
   * ones it did not know yet when it said so [R21].
   */
  reconcile({ highest, open }: ProducerSummary): void {
    for (const [number, entry] of this.#open) {
      if (number > highest || rangesInclude(open, number)) continue
      if (entry.result === null) entry.unwanted = true
      else this.#release(number)
    }
  }

  /** The results that the producer has not acknowledged, in the order of their numbers [R22]. */
  *finished(): Generator<string> {
    for (const entry of this.#open.values()) if (entry.result !== null) yield entry.result
  }

  #release(number: number): void {
    const entry = this.#open.get(number)
    if (!entry || entry.result === null) return
    this.#resultLength -= entry.result.length
    this.#open.delete(number)
  }

  #dropOldestResults(newest: number): void {
    if (this.#resultLength <= this.#maxResultLength) return
    for (const [number, entry] of this.#open) {
      if (this.#resultLength <= this.#maxResultLength) return
      if (number === newest || entry.result === null) continue
      const dropped = this.#droppedResult(number)
      if (dropped.length >= entry.result.length) continue
      this.#resultLength += dropped.length - entry.result.length
      entry.result = dropped
    }
  }
}

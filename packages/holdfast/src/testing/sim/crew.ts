import type { PromiseName, Violation } from '../world/oracle/violation.ts'
import { WatchedWorker } from './watched-worker.ts'

export interface Search {
  /** The address of a build of the world. */
  readonly module: string
  readonly from: number
  readonly count: number
  readonly workers: number
  /** Stops once so many seeds have failed. */
  readonly enough: number
  /** Only who breaks this promise has failed. Default: whoever breaks any. */
  readonly promise?: PromiseName
  /** Stops early. */
  readonly signal?: AbortSignal
  readonly progressed?: (found: Found) => void
}

export interface Found {
  /** All seeds below this one were lived through. */
  readonly next: number
  /** Of those below `next`, in the order of their seeds. */
  readonly failures: readonly Failure[]
}

/** A seed whose world broke a promise. */
export interface Failure {
  readonly seed: number
  readonly violations: readonly Violation[]
}

/** Lives through many seeds with several workers; what is found does not depend on how many. */
export async function search(options: Search): Promise<Found> {
  const crew = new Crew(options)
  await Promise.all(Array.from({ length: options.workers }, () => crew.work()))
  return crew.found
}

class Crew {
  readonly #options: Search
  /** The next seed to be lived through. */
  #next: number
  /** All seeds below this one are accounted for. */
  #counted: number
  /** What came of seeds beyond that. */
  readonly #ahead = new Map<number, readonly Violation[]>()
  readonly #failures: Failure[] = []

  constructor(options: Search) {
    this.#options = options
    this.#next = options.from
    this.#counted = options.from
  }

  get found(): Found {
    return { next: this.#counted, failures: this.#failures }
  }

  /** One worker's share: takes seeds until there are no more, or enough was found. */
  async work(): Promise<void> {
    const { module, progressed } = this.#options
    let worker = new WatchedWorker(module)
    for (let seed = this.#take(); seed !== null; seed = this.#take()) {
      this.#ahead.set(seed, await worker.live(seed))
      this.#count()
      progressed?.(this.found)
      if (worker.hung) worker = new WatchedWorker(module)
    }
    await worker.end()
  }

  get #hasEnough(): boolean {
    return this.#failures.length >= this.#options.enough
  }

  #take(): number | null {
    const { from, count, signal } = this.#options
    return this.#next >= from + count || signal?.aborted || this.#hasEnough ? null : this.#next++
  }

  #count(): void {
    const { promise } = this.#options
    for (;;) {
      const violations = this.#ahead.get(this.#counted)
      if (!violations || this.#hasEnough) return
      this.#ahead.delete(this.#counted)
      const failed = violations.some((violation) => promise === undefined || violation.promise === promise)
      if (failed) this.#failures.push({ seed: this.#counted, violations })
      this.#counted++
    }
  }
}

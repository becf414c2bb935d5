import { Worker } from 'node:worker_threads'
import type { Batch, BatchReport, Failure, WorkerData } from './worker.ts'

export interface Search {
  /** The address of a build of the world. */
  readonly module: string
  readonly from: number
  readonly count: number
  readonly workers: number
  /** Stops once so many seeds have failed. */
  readonly enough: number
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

const batchSize = 25
/** A world that takes longer than this hangs, in milliseconds. */
const hangMs = 120_000

/** Lives through many seeds with several workers; what is found does not depend on how many. */
export async function search(options: Search): Promise<Found> {
  const crew = new Crew(options)
  await Promise.all(Array.from({ length: options.workers }, () => crew.work()))
  return crew.found()
}

class Crew {
  readonly #options: Search
  readonly #end: number
  #next: number
  /** Batches that are done, by their first seed. */
  readonly #done = new Map<number, BatchReport>()

  constructor(options: Search) {
    this.#options = options
    this.#next = options.from
    this.#end = options.from + options.count
  }

  /** One worker's share: takes batches until there are no more, or enough was found. */
  async work(): Promise<void> {
    let worker: WatchedWorker | null = null
    for (let batch = this.#take(); batch; batch = this.#take()) {
      worker ??= new WatchedWorker(this.#options.module)
      // oxlint-disable-next-line no-await-in-loop -- one batch after the other
      const report = await worker.live(batch)
      this.#done.set(batch.from, report)
      if (worker.hung) worker = null
      this.#options.progressed?.(this.found())
    }
    await worker?.stop()
  }

  /** What the batches tell that follow each other, up to the one with which enough was found. */
  found(): Found {
    const failures: Failure[] = []
    let next = this.#options.from
    for (let report = this.#done.get(next); report; report = this.#done.get(next)) {
      failures.push(...report.failures)
      next += report.count
      if (failures.length >= this.#options.enough) break
    }
    return { next, failures }
  }

  #take(): Batch | null {
    const { enough, signal } = this.#options
    if (this.#next >= this.#end || signal?.aborted || this.found().failures.length >= enough) return null
    const from = this.#next
    const count = Math.min(batchSize, this.#end - from)
    this.#next += count
    return { from, count }
  }
}

/** A worker that is not waited for for ever. */
class WatchedWorker {
  hung = false
  readonly #worker: Worker
  readonly #current = new Float64Array(new SharedArrayBuffer(8))

  constructor(module: string) {
    const workerData: WorkerData = { module, current: this.#current }
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData })
  }

  live(batch: Batch): Promise<BatchReport> {
    return new Promise((resolve, reject) => {
      let seed = NaN
      const over = (): void => {
        clearInterval(watch)
        this.#worker.off('message', reported)
        this.#worker.off('error', failed)
      }
      const reported = (report: BatchReport): void => {
        over()
        resolve(report)
      }
      const failed = (error: Error): void => {
        over()
        reject(error)
      }
      const watch = setInterval(() => {
        const [current = NaN] = this.#current
        if (current === seed) reported(this.#hang(batch, seed))
        seed = current
      }, hangMs)
      this.#worker.on('message', reported)
      this.#worker.on('error', failed)
      this.#worker.postMessage(batch)
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #hang(batch: Batch, seed: number): BatchReport {
    this.hung = true
    void this.stop()
    const what = `took longer than ${hangMs} ms`
    return { ...batch, failures: [{ seed, violations: [{ promise: 'ending', at: 0, client: null, what }] }] }
  }
}

import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Violation } from '../world/oracle/violation.ts'
import type { WorkerData } from './worker.ts'

/** A world that takes longer than this hangs, in milliseconds. */
const hangMs = 120_000

/** A thread that lives through one world after the other, and is not waited for for ever. */
export class WatchedWorker {
  /** It hung and was ended; another one has to take its place. */
  hung = false
  readonly #worker: Worker

  /** @param module the address of a build of the world */
  constructor(module: string) {
    const workerData: WorkerData = { module }
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData })
  }

  /** Lives through the world of a seed. @throws what the thread dies of */
  async live(seed: number): Promise<readonly Violation[]> {
    const stop = new AbortController()
    const { signal } = stop
    this.#worker.postMessage(seed)
    try {
      const answered = once(this.#worker, 'message', { signal }) as Promise<[readonly Violation[]]>
      const [violations] = await Promise.race([answered, this.#died(signal), this.#hang(signal)])
      return violations
    } finally {
      stop.abort()
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #died(signal: AbortSignal): Promise<never> {
    const [code] = (await once(this.#worker, 'exit', { signal })) as [number]
    throw new Error(`a worker ended with ${code}`)
  }

  async #hang(signal: AbortSignal): Promise<[readonly Violation[]]> {
    await setTimeout(hangMs, null, { signal })
    this.hung = true
    void this.end()
    return [[{ promise: 'crash', at: 0, client: null, what: `took longer than ${hangMs} ms` }]]
  }
}

import { parentPort, workerData } from 'node:worker_threads'
import type { Violation } from '../world/oracle/violation.ts'
import type { WorldModule } from './world-module.ts'

/** Seeds to live through. */
export interface Batch {
  readonly from: number
  readonly count: number
}

/** A seed whose world broke a promise. */
export interface Failure {
  readonly seed: number
  readonly violations: readonly Violation[]
}

/** What a worker answers to a batch. */
export interface BatchReport extends Batch {
  readonly failures: readonly Failure[]
}

/** What a worker begins with. */
export interface WorkerData {
  /** The address of a build of the world. */
  readonly module: string
  /** Where the worker writes which seed it lives through. */
  readonly current: Float64Array
}

async function main({ module, current }: WorkerData): Promise<void> {
  const { world } = (await import(module)) as WorldModule
  const lifeOf = async (batch: Batch): Promise<BatchReport> => {
    const failures: Failure[] = []
    for (let seed = batch.from; seed < batch.from + batch.count; seed++) {
      current[0] = seed
      // oxlint-disable-next-line no-await-in-loop -- one world after the other
      const violations = await world.live(world.generate(seed))
      if (violations.length > 0) failures.push({ seed, violations })
    }
    return { ...batch, failures }
  }
  parentPort?.on('message', (batch: Batch) => {
    void lifeOf(batch).then((report) => parentPort?.postMessage(report))
  })
}

// Errors are made all the time, and a replay tells where.
Error.stackTraceLimit = 0

void main(workerData as WorkerData)

import { parentPort, workerData } from 'node:worker_threads'
import type { WorldModule } from './world-module.ts'

/** What a worker begins with. It is sent a seed, lives through its world, and answers with the violations. */
export interface WorkerData {
  /** The address of a build of the world. */
  readonly module: string
}

async function main({ module }: WorkerData): Promise<void> {
  const { world } = (await import(module)) as WorldModule
  parentPort?.on('message', (seed: number) => {
    void world.live(world.generate(seed)).then((violations) => parentPort?.postMessage(violations))
  })
}

// Errors are made all the time, and a replay tells where.
Error.stackTraceLimit = 0

void main(workerData as WorkerData)

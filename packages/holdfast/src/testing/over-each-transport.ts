import { test as vitest, type TestAPI } from 'vitest'
import { makingPairs } from './pair-fixture.ts'
import type { Pair, PairOptions } from './pair.ts'
import { transportNames, type TransportName } from './simulated-transport.ts'

export interface OverEachTransport {
  /** As vitest's, once for each transport, which the title names. */
  readonly test: TransportTest
  /** Makes a pair over the transport of the test that runs; after each test everything is closed, and nothing may be left. */
  readonly makePair: (options?: Omit<PairOptions, 'transport'>) => Pair
  /** Of the test that runs. */
  readonly transport: () => TransportName
}

interface TransportTest {
  (title: string, run: () => unknown): void
  readonly each: TestAPI['each']
}

/**
 * One suite for all transports: each test of the file runs over each of them, unchanged. A further transport needs no
 * more than its place in the list of them.
 * @param names for what only these have
 */
export function overEachTransport(names: readonly TransportName[] = transportNames): OverEachTransport {
  const makePair = makingPairs()
  let running: TransportName = 'websocket'
  const over =
    <Values extends unknown[]>(transport: TransportName, run: (...values: Values) => unknown) =>
    async (...values: Values): Promise<void> => {
      running = transport
      await run(...values)
    }
  const test = (title: string, run: () => unknown): void => {
    for (const name of names)
      vitest(
        `${title} (over ${name})`,
        over(name, () => run()),
      )
  }
  const each =
    (cases: readonly unknown[]) =>
    (title: string, run: (...values: unknown[]) => unknown): void => {
      for (const name of names) vitest.each(cases)(`${title} (over ${name})`, over(name, run))
    }
  return {
    test: Object.assign(test, { each: each as unknown as TestAPI['each'] }),
    makePair: (options) => makePair({ ...options, transport: running }),
    transport: () => running,
  }
}

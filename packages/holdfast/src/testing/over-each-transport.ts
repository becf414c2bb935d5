import { test as vitest, type TestAPI, type TestOptions } from 'vitest'
import { makingPairs } from './pair-fixture.ts'
import type { Pair, PairOptions } from './pair.ts'
import { transportNames, type TransportName } from './simulated-transport.ts'

type Run = () => unknown

/** As vitest's, once for each transport. */
interface TransportTest {
  (title: string, run: Run): void
  (title: string, options: TestOptions, run: Run): void
  readonly each: TestAPI['each']
  /** The same without the transports that are named, each with the reason, which the title of the skip states. */
  except(reasons: Partial<Record<TransportName, string>>): TransportTest
}

export interface OverEachTransport {
  readonly test: TransportTest
  /** Makes a pair over the transport of the test that runs; after each test everything is closed, and nothing may be left. */
  readonly makePair: (options?: Omit<PairOptions, 'transport'>) => Pair
  /** Of the test that runs. */
  readonly transport: () => TransportName
}

/**
 * One suite for all transports: each test of the file runs over each of them, unchanged. A further transport needs no
 * more than its place in the list of them.
 * @param names for what only these have
 */
export function overEachTransport(names: readonly TransportName[] = transportNames): OverEachTransport {
  const makePair = makingPairs()
  let running: TransportName = 'websocket'
  return {
    test: transportTest(names, {}, (transport) => {
      running = transport
    }),
    makePair: (options) => makePair({ ...options, transport: running }),
    transport: () => running,
  }
}

/** @param begins called as each test begins, with its transport */
function transportTest(
  names: readonly TransportName[],
  reasons: Partial<Record<TransportName, string>>,
  begins: (transport: TransportName) => void,
): TransportTest {
  const test = (title: string, ...[first, second]: [Run] | [TestOptions, Run]): void => {
    const [options, run] = second ? [first as TestOptions, second] : [{}, first as Run]
    for (const transport of names) {
      const register = reasons[transport] === undefined ? vitest : vitest.skip
      register(titleOver(title, transport, reasons), options, () => {
        begins(transport)
        return run()
      })
    }
  }
  const each =
    (cases: readonly unknown[]) =>
    (title: string, run: (...values: unknown[]) => unknown): void => {
      for (const transport of names) {
        const register = reasons[transport] === undefined ? vitest : vitest.skip
        register.each(cases)(titleOver(title, transport, reasons), async (...values: unknown[]) => {
          begins(transport)
          await run(...values)
        })
      }
    }
  return Object.assign(test, {
    each: each as unknown as TestAPI['each'],
    except: (more: Partial<Record<TransportName, string>>) =>
      transportTest(names, { ...reasons, ...more }, begins),
  })
}

function titleOver(
  title: string,
  transport: TransportName,
  reasons: Partial<Record<TransportName, string>>,
): string {
  const reason = reasons[transport]
  return reason === undefined ? `${title} (over ${transport})` : `${title} (not over ${transport}: ${reason})`
}

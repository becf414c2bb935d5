import { expect, test } from 'vitest'
import { heapTrend, verdictOn, type Sample, type Verdict } from './verdict.ts'

test('a heap that stays as it is passes, whatever the noise of a short run', () => {
  const verdicts = times(200, (seed) => verdictOnRun({ ...shortRun, seed }))
  expect(verdicts.filter(({ passed }) => !passed)).toEqual([])
})

test('a session that is left of each connection fails every short run', () => {
  const verdicts = times(200, (seed) => verdictOnRun({ ...shortRun, seed, bytesLeft: 500 }))
  expect(verdicts.filter(({ passed }) => passed)).toEqual([])
})

test('20 bytes that are left of each connection fail a full run, 5 do not', () => {
  const verdictWith = (bytesLeft: number): boolean[] =>
    times(50, (seed) => verdictOnRun({ ...fullRun, seed, bytesLeft }).passed)
  expect(verdictWith(20)).not.toContain(true)
  expect(verdictWith(5)).not.toContain(false)
})

test('a heap that shrinks by as much has not come to rest either', () => {
  expect(verdictOnRun({ ...fullRun, bytesLeft: -20 }).passed).toBe(false)
})

test('samples that say nothing pass for nothing', () => {
  const { findings } = verdictOnRun({ samples: 5, connections: 500 })
  expect(findings.find(({ passed }) => !passed)?.what).toContain('too uncertain to tell')
})

test('one sample that is far off does not tilt the line', () => {
  const samples = run(fullRun)
  const last = samples.at(-1) as Sample
  const tilted = [...samples.slice(0, -1), { ...last, server: { ...last.server, heapBytes: 3 * heapBytes } }]
  expect(Math.abs(heapTrend('server', tilted).slope)).toBeLessThan(1)
})

test.each([
  ['descriptors', (sample: Sample): Sample => ({ ...sample, server: { ...sample.server, descriptors: 21 } })],
  ['listeners', (sample: Sample): Sample => ({ ...sample, clients: { ...sample.clients, listeners: 7 } })],
  [
    'handles',
    (sample: Sample): Sample => ({ ...sample, server: { ...sample.server, handleKinds: { Timeout: 1 } } }),
  ],
  ['connections of the HTTP servers', (sample: Sample): Sample => ({ ...sample, sockets: 1 })],
  ['hub.stats()', (sample: Sample): Sample => ({ ...sample, hub: { ...sample.hub, deadlines: 1 } })],
] as const)('one more of the %s fails, and is named', (name, change) => {
  const samples = run(fullRun)
  const changed = [...samples.slice(0, -1), change(samples.at(-1) as Sample)]
  const failed = verdictOn(changed, noFailures).findings.filter(({ passed }) => !passed)
  expect(failed.map(({ what }) => what)).toEqual([expect.stringContaining(`${name} not as before`)])
})

test('lives that fail are no load', () => {
  expect(verdictOn(run(fullRun), { lives: 1_000, failures: 101 }).passed).toBe(false)
})

interface Run {
  readonly samples: number
  readonly connections: number
  readonly seed?: number
  /** Of each connection. */
  readonly bytesLeft?: number
}

/** What two minutes on a busy machine come to after the warm-up, and what ten come to. */
const shortRun: Run = { samples: 12, connections: 12_000 }
const fullRun: Run = { samples: 30, connections: 120_000 }
const noFailures = { lives: 1_000, failures: 0 }
const heapBytes = 10_000_000
/** What the compiler keeps goes up and down by so much of the heap. */
const noise = 0.03

function verdictOnRun(of: Run): Verdict {
  return verdictOn(run(of), noFailures)
}

function run({ samples, connections, seed = 1, bytesLeft = 0 }: Run): Sample[] {
  const random = randomFrom(seed)
  return times(samples, (index) => {
    const soFar = Math.round((connections * index) / (samples - 1))
    const heap = (): number => heapBytes * (1 + noise * (2 * random() - 1))
    const gauges = {
      externalBytes: 1,
      residentBytes: 1,
      descriptors: 20,
      handles: 2,
      listeners: 6,
      handleKinds: { PipeWrap: 2 },
    }
    const server = { ...gauges, heapBytes: heap() + bytesLeft * soFar }
    const clients = { ...gauges, heapBytes: heap() }
    return { minutes: index, connections: soFar, server, clients, hub: emptyHub, sockets: 0 }
  })
}

const emptyHub: Sample['hub'] = {
  links: 0,
  sessions: { live: 0, resting: 0 },
  subscriptions: 0,
  topics: { held: 500, open: 0, messages: 0, bytes: 0 },
  operations: { running: 0, requested: 0 },
  asks: { pending: 0, ended: 0, waiting: 0 },
  deadlines: 0,
  listeners: 1,
  writing: 0,
  orphans: 0,
}

/** Numbers from 0 to 1 that are the same for each seed: a linear congruential generator. */
function randomFrom(seed: number): () => number {
  let state = seed * 7_919 + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function times<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

import type { HubStats } from 'holdfast/server'
import type { Gauges } from './gauges.ts'
import type { Churned } from './processes.ts'
import { trendOf, type Trend } from './trend.ts'

/** What was measured when everything had come to rest. */
export interface Sample {
  readonly minutes: number
  /** Links that the load had begun by then. */
  readonly connections: number
  readonly server: Gauges
  readonly clients: Gauges
  readonly hub: HubStats
  /** Connections that the hub's HTTP servers have. */
  readonly sockets: number
}

export interface Finding {
  readonly passed: boolean
  readonly what: string
}

export interface Verdict {
  readonly passed: boolean
  readonly findings: readonly Finding[]
}

/** Percent of its size by which a heap may grow or shrink with each 10,000 connections. */
const slopeBoundPercent = 1
/** A slope that is known less exactly than by so many percent either way says nothing: a session that is left would be far more. */
const widestMarginPercent = 20
/** From so many connections on, those of the warm-up included, the slope itself has to be within the bound, not only its interval to reach it. */
const fullRunConnections = 100_000

/** Of all lives: a machine that is too busy makes some of them too slow. */
const mostFailedPercent = 10

/**
 * Whether what was at rest at the end is what was at rest at the beginning.
 * @param samples after the warm-up, at least two
 */
export function verdictOn(
  samples: readonly Sample[],
  { lives, failures }: Pick<Churned, 'lives' | 'failures'>,
): Verdict {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || first === last) throw new RangeError('a verdict needs two samples')
  const findings = [
    heapFinding('server', samples),
    heapFinding('clients', samples),
    ...(['server', 'clients'] as const).flatMap((name) => gaugeFindings(name, first[name], last[name])),
    backAt('connections of the HTTP servers', first.sockets, last.sockets),
    backAt('hub.stats()', withoutTopics(first.hub), withoutTopics(last.hub)),
    { passed: failures * 100 <= lives * mostFailedPercent, what: `${failures} of ${lives} lives failed` },
  ]
  return { passed: findings.every(({ passed }) => passed), findings }
}

/** In percent of the heap that the line begins with, for each 10,000 connections. */
export function heapTrend(
  name: 'server' | 'clients',
  samples: readonly Sample[],
): Pick<Trend, 'slope' | 'low' | 'high'> {
  const trend = trendOf(samples.map((sample) => ({ x: sample.connections, y: sample[name].heapBytes })))
  const percent = 1_000_000 / trend.at(samples[0]?.connections ?? 0)
  return { slope: trend.slope * percent, low: trend.low * percent, high: trend.high * percent }
}

/**
 * A short run has few connections: then noise alone may tilt the line, and what counts is whether the bound is within what
 * the samples leave open. They must not leave everything open.
 */
function heapFinding(name: 'server' | 'clients', samples: readonly Sample[]): Finding {
  const { slope, low, high } = heapTrend(name, samples)
  const connections = samples.at(-1)?.connections ?? 0
  const within =
    connections >= fullRunConnections
      ? Math.abs(slope) <= slopeBoundPercent
      : low <= slopeBoundPercent && high >= -slopeBoundPercent
  const exact = Math.max(high - slope, slope - low) <= widestMarginPercent
  const figures = `${signed(slope)} % per 10,000 connections (99 % confidence: ${signed(low)} to ${signed(high)} %)`
  return {
    passed: within && exact,
    what: `${name}: heap after collection ${figures}${exact ? '' : ', too uncertain to tell'}`,
  }
}

/** How many topics are remembered goes up and down a little below its bound. */
function withoutTopics({ topics, ...stats }: HubStats): object {
  const { held: _, ...rest } = topics
  return { ...stats, topics: rest }
}

function gaugeFindings(name: string, first: Gauges, last: Gauges): Finding[] {
  return [
    backAt(`${name}: descriptors`, first.descriptors, last.descriptors),
    backAt(`${name}: handles`, first.handleKinds, last.handleKinds),
    backAt(`${name}: listeners`, first.listeners, last.listeners),
  ]
}

function backAt(what: string, before: unknown, after: unknown): Finding {
  const [one, other] = [textOf(before), textOf(after)]
  return one === other
    ? { passed: true, what: `${what} as before: ${one}` }
    : { passed: false, what: `${what} not as before: ${one} became ${other}` }
}

function textOf(value: unknown): string {
  return value === null ? 'not known here' : JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ')
}

export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}

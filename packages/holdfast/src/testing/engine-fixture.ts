import { afterEach, expect } from 'vitest'
import type { Position } from '../core/wire/frames.ts'
import type { Append, AppendOutcome, Engine, Retention, TopicLog } from '../engines/engine.ts'
import { decodeMessages, FakeEngineHost } from './fake-engine-host.ts'

export interface StartedEngine {
  readonly engine: Engine
  readonly host: FakeEngineHost
}

export type StartEngine = (retention?: Partial<Retention>) => StartedEngine

/** Starts engines that are closed after the test. */
export function startingEngines(makeEngine: () => Engine): StartEngine {
  const started: Engine[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((engine) => engine.close()))
  })
  return (retention) => {
    const engine = makeEngine()
    const host = new FakeEngineHost(retention)
    engine.start(host)
    started.push(engine)
    return { engine, host }
  }
}

/** What to append: by default a publisher's message without a key. */
export function entry(topic: string, data: unknown, rest: Partial<Append> = {}): Append {
  return { topic, data: JSON.stringify(data), user: null, key: null, producer: null, ...rest }
}

/** Appends one entry after another, each as a batch of its own, and gives the positions. */
export async function appendAll(engine: Engine, entries: readonly Append[]): Promise<Position[]> {
  const outcomes = await Promise.all(entries.map((each) => engine.append([each])))
  return outcomes.flat().map(positionOf)
}

export function positionOf(outcome: AppendOutcome | undefined): Position {
  if (outcome?.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
  return outcome.position
}

export async function opened(engine: Engine, topic: string): Promise<TopicLog> {
  const outcome = await engine.open(topic)
  if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.message}`)
  return outcome.log
}

/** Everything kept, as [offset, data], read in slices of at most so many bytes. */
export function contentOf(log: TopicLog, maxBytes = 65_536): [number, unknown][] {
  const content: [number, unknown][] = []
  for (let after = log.oldest - 1; ;) {
    const slice = log.read(after, maxBytes)
    if (!slice) return content
    const messages = decodeMessages(slice.bytes)
    expect(messages.at(-1)?.offset).toBe(slice.through)
    content.push(...messages.map(({ offset, data }): [number, unknown] => [offset, JSON.parse(data)]))
    after = slice.through
  }
}

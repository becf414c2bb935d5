import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentOf, entry, positionOf } from '../testing/engine-fixture.ts'
import { FakeEngineHost } from '../testing/fake-engine-host.ts'
import type { Engine, Retention, Segment, TopicLog } from './engine.ts'
import { memory, type MemoryOptions } from './memory.ts'

type Action =
  | { readonly kind: 'append'; readonly batch: readonly Publication[] }
  | { readonly kind: 'open' | 'release' | 'read'; readonly topic: string }
  | { readonly kind: 'wait' | 'leap'; readonly ms: number }

interface Publication {
  readonly topic: string
  readonly length: number
  readonly key: string | null
}

interface Kept {
  readonly offset: number
  readonly data: string
  readonly time: number
  readonly bytes: number
  readonly key: string | null
}

/** One life of a topic: everything that was ever accepted in it, and where a naive retention begins. */
interface Life {
  readonly epoch: string
  readonly messages: Kept[]
  oldest: number
}

const topicNames = ['a', 'b', 'c', 'd', 'e', 'f']

function actions(lengths: fc.Arbitrary<number>): fc.Arbitrary<Action[]> {
  const topic = fc.constantFrom(...topicNames)
  const key = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.constantFrom('k1', 'k2', 'k3'))
  const batch = fc.array(fc.record({ topic, length: lengths, key }), { minLength: 1, maxLength: 8 })
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), batch }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('open', 'release', 'read'), topic }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constantFrom('wait', 'leap'),
          ms: fc.integer({ min: 1, max: 40_000 }),
        }),
      },
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
}

const anyLength = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 4, arbitrary: fc.integer({ min: 4_096, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 90_000 }) },
)

const anyRetention: fc.Arbitrary<Retention> = fc.record({
  messages: fc.constantFrom(1, 3, 10, Infinity),
  bytes: fc.constantFrom(500, 5_000, 100_000, Infinity),
  ageMs: fc.constantFrom(1, 30_000, 90_000, Infinity),
})

/** An engine beside naive logs of everything it accepted. */
class Trial {
  readonly engine: Engine
  readonly host: FakeEngineHost
  readonly openLogs = new Map<string, TopicLog[]>()
  /** The lives of each topic, the current one last. */
  readonly lives = new Map<string, Life[]>()
  #published = 0

  constructor(retention: Retention, options: MemoryOptions) {
    this.host = new FakeEngineHost(retention)
    this.engine = memory(options)
    this.engine.start(this.host)
  }

  async run(all: readonly Action[], check: (trial: Trial) => void): Promise<void> {
    for (const action of all) {
      await this.#act(action)
      check(this)
    }
    this.logs().forEach(expectHistory(this))
    await this.engine.close()
    expect(this.host.pendingTimers).toBe(0)
  }

  life(log: TopicLog): Life {
    const lives = this.lives.get(log.topic) ?? []
    return lives.findLast(({ epoch }) => epoch === log.epoch) ?? { epoch: log.epoch, messages: [], oldest: 1 }
  }

  logs(): TopicLog[] {
    return [...this.openLogs.values()].flatMap(([log]) => log ?? [])
  }

  /** What of a life retention keeps at this moment. */
  kept(life: Life): Kept[] {
    const { messages, bytes, ageMs } = this.host.retention
    let kept = life.messages.filter(({ offset }) => offset >= life.oldest)
    const isTooMuch = (): boolean =>
      kept.length > messages ||
      kept.reduce((sum, message) => sum + message.bytes, 0) > bytes ||
      this.host.wallNow() - (kept[0]?.time ?? Infinity) > ageMs
    while (kept.length > 0 && isTooMuch()) kept = kept.slice(1)
    life.oldest = kept[0]?.offset ?? life.messages.length + 1
    return kept
  }

  async #act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'append':
        return this.#append(action.batch)
      case 'open': {
        const outcome = await this.engine.open(action.topic)
        if (outcome.kind === 'refused') return expect(outcome.code).toBe('topic_limit')
        this.openLogs.set(action.topic, [...(this.openLogs.get(action.topic) ?? []), outcome.log])
        return
      }
      case 'release':
        this.openLogs.get(action.topic)?.pop()?.release()
        if (this.openLogs.get(action.topic)?.length === 0) this.openLogs.delete(action.topic)
        return
      case 'read':
        return this.logs().forEach(expectHistory(this))
      case 'wait':
        return this.host.advance(action.ms)
      case 'leap':
        return this.host.shiftWallClock(action.ms)
    }
  }

  async #append(batch: readonly Publication[]): Promise<void> {
    const data = batch.map(({ length }) => `${++this.#published} `.padEnd(length, 'x'))
    const told = this.host.appendedLogs.length
    const outcomes = await this.engine.append(
      batch.map(({ topic, key }, index) => entry(topic, data[index], { key })),
    )
    const extended = new Set<TopicLog>()
    for (const [index, outcome] of outcomes.entries()) {
      const { topic = '', key = null } = batch[index] ?? {}
      if (outcome.kind === 'refused') expect(outcome.code).toBe('topic_limit')
      else if (outcome.duplicate) expect(this.#keptAt(topic, positionOf(outcome))?.key).toBe(key)
      else {
        this.#note(topic, positionOf(outcome), data[index] ?? '', key)
        const log = this.openLogs.get(topic)?.[0]
        if (log) extended.add(log)
      }
    }
    expect(this.host.appendedLogs.slice(told)).toEqual([...extended])
  }

  #keptAt(topic: string, position: { epoch: string; offset: number }): Kept | undefined {
    const life = this.lives.get(topic)?.at(-1)
    if (life?.epoch !== position.epoch) return undefined
    return this.kept(life).find(({ offset }) => offset === position.offset)
  }

  #note(
    topic: string,
    { epoch, offset }: { epoch: string; offset: number },
    data: string,
    key: string | null,
  ): void {
    const lives = this.lives.get(topic) ?? []
    this.lives.set(topic, lives)
    if (lives.at(-1)?.epoch !== epoch) {
      expect(lives.map((life) => life.epoch)).not.toContain(epoch)
      lives.push({ epoch, messages: [], oldest: 1 })
    }
    const life = lives.at(-1)
    expect(offset).toBe((life?.messages.length ?? 0) + 1)
    const time = this.host.wallNow()
    const stamped = { topic, offset, time, user: null, data: JSON.stringify(data) }
    life?.messages.push({ offset, data, time, key, bytes: this.host.encode(stamped).length })
    if (life) this.kept(life)
  }
}

/** What is read is what was accepted, from the oldest that is kept to the head. */
function expectHistory(trial: Trial): (log: TopicLog) => void {
  return (log) => {
    const { messages } = trial.life(log)
    expect(log.head).toBe(messages.length)
    expect(contentOf(log, 10_000)).toEqual(
      messages.filter(({ offset }) => offset >= log.oldest).map(({ offset, data }) => [offset, data]),
    )
  }
}

test('retention keeps exactly what a naive log keeps', async () => {
  const property = fc.asyncProperty(anyRetention, actions(anyLength), async (retention, all) => {
    await new Trial(retention, {}).run(all, (trial) => {
      for (const lives of trial.lives.values()) expect(lives).toHaveLength(1)
      for (const log of trial.logs()) {
        trial.kept(trial.life(log))
        expect([log.oldest, log.head]).toEqual([trial.life(log).oldest, trial.life(log).messages.length])
      }
    })
  })
  await fc.assert(property, { numRuns: 50 })
})

test('a key is recognised exactly as long as its message is kept', async () => {
  const lengths = fc.integer({ min: 0, max: 400 })
  const property = fc.asyncProperty(anyRetention, actions(lengths), async (retention, all) => {
    await new Trial(retention, {}).run(all, (trial) => {
      for (const [life] of trial.lives.values()) {
        const keys = (life ? trial.kept(life) : []).flatMap(({ key }) => key ?? [])
        expect(new Set(keys).size).toBe(keys.length)
      }
    })
  })
  await fc.assert(property, { numRuns: 100 })
})

test('[R35] under pressure, bounds hold, what is left is true, and no epoch comes back with other content', async () => {
  const options = fc.record({
    totalBytes: fc.constantFrom(4_096, 30_000, 200_000),
    maxTopics: fc.constantFrom(1, 3, 5),
  })
  const property = fc.asyncProperty(
    options,
    anyRetention,
    actions(anyLength),
    async (bounds, retention, all) => {
      await new Trial(retention, bounds).run(all, (trial) => {
        const { retainedBytes, topics, openLogs } = trial.engine.stats()
        expect(retainedBytes).toBeLessThanOrEqual(bounds.totalBytes)
        expect(topics).toBeLessThanOrEqual(bounds.maxTopics)
        expect(openLogs).toBe(trial.openLogs.size)
        for (const log of trial.logs()) {
          const allowed = trial.kept(trial.life(log))
          expect(log.oldest).toBeGreaterThanOrEqual(allowed[0]?.offset ?? log.head + 1)
        }
      })
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

test('retainedBytes is the sum of the buffers that are really held', async () => {
  // Messages so long that each slice shows its segment, in topics that stay open to be looked into.
  const lengths = fc.integer({ min: 4_096, max: 80_000 })
  const bounds = fc.record({ totalBytes: fc.constantFrom(200_000, Infinity) })
  const opens = topicNames.map((topic): Action => ({ kind: 'open', topic }))
  const property = fc.asyncProperty(
    bounds,
    anyRetention,
    actions(lengths),
    async (options, retention, all) => {
      const others = all.filter(({ kind }) => kind !== 'release')
      await new Trial(retention, options).run([...opens, ...others], (trial) => {
        const segments = new Map<Segment, number>(trial.logs().flatMap(segmentsOf))
        const sum = [...segments.values()].reduce((total, bytes) => total + bytes, 0)
        expect(trial.engine.stats().retainedBytes).toBe(sum)
        for (const [segment, bytes] of segments) {
          expect(segment).toMatchObject({ retained: true, allocatedBytes: bytes })
        }
      })
    },
  )
  await fc.assert(property, { numRuns: 50 })
})

/** Each segment of a log with the size of its buffer. */
function segmentsOf(log: TopicLog): [Segment, number][] {
  const found: [Segment, number][] = []
  for (let after = log.oldest - 1; after < log.head; after++) {
    const slice = log.read(after, 1)
    if (!slice?.segment) throw new Error('too short to be a view')
    found.push([slice.segment, slice.bytes.buffer.byteLength])
  }
  return found
}

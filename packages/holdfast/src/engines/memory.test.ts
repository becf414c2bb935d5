import { describe, expect, test } from 'vitest'
import {
  appendAll,
  contentOf,
  entry,
  opened,
  positionOf,
  type StartedEngine,
  startingEngines,
} from '../testing/engine-fixture.ts'
import { engineSuite } from '../testing/ports/engine-suite.ts'
import { FakeEngineHost } from '../testing/fake-engine-host.ts'
import type { Append, Retention } from './engine.ts'
import { memory, type MemoryOptions } from './memory.ts'

engineSuite('memory engine', () => memory())

let options: MemoryOptions = {}
const startWithOptions = startingEngines(() => memory(options))

function start(retention: Partial<Retention> = {}, withOptions: MemoryOptions = {}): StartedEngine {
  options = withOptions
  return startWithOptions(retention)
}

/** Several messages of so many bytes and a little more. */
function many(topic: string, count: number, length: number): Append[] {
  return Array.from({ length: count }, () => entry(topic, ''.padEnd(length)))
}

const kilobyte = 1_024

/** Another thread frees the buffers that a collection found: the second one waits for the first. */
async function arrayBufferBytes(): Promise<number> {
  for (const _ of ['first', 'second']) {
    globalThis.gc?.()
    await new Promise(setImmediate)
  }
  return process.memoryUsage().arrayBuffers
}

describe('memory engine', () => {
  test.each([{ totalBytes: 0 }, { maxTopics: -1 }, { totalBytes: NaN }])('takes no %o', (bad) => {
    expect(() => memory(bad)).toThrow(RangeError)
  })

  test('is started once, and before anything else', async () => {
    const engine = memory()
    await expect(engine.open('a')).rejects.toThrow('was not started')
    engine.start(new FakeEngineHost())
    expect(() => engine.start(new FakeEngineHost())).toThrow('started once')
  })

  test('refuses a message that cannot be encoded, uses up no offset for it, and goes on', async () => {
    const { engine, host } = start()
    host.encodingError = new Error('too long')
    const outcomes = await engine.append([entry('a', 1), entry('b', 2)])
    const refusal = {
      kind: 'refused',
      code: 'engine_failed',
      message: 'the message could not be kept: too long',
    }
    expect(outcomes).toEqual([refusal, refusal])
    expect(engine.stats().topics).toBe(0)
    host.encodingError = null
    expect((await appendAll(engine, [entry('a', 3)]))[0]?.offset).toBe(1)
  })

  test('keeps messages of exactly as many bytes as retention allows', async () => {
    const { engine, host } = start({ bytes: 3_000 })
    const log = await opened(engine, 'a')
    const stamped = { topic: 'a', offset: 1, time: host.wallNow(), user: null }
    const length = 1_000 - host.encode({ ...stamped, data: '""' }).length
    await engine.append(many('a', 5, length))
    expect([log.oldest, log.head]).toEqual([3, 5])
    expect(log.read(2, 65_536)?.bytes.length).toBe(3_000)
  })

  test('accepts a message that retention does not let it keep, and keeps nothing of it', async () => {
    const { engine } = start({ bytes: 1_000 })
    const log = await opened(engine, 'a')
    expect((await engine.append([entry('a', ''.padEnd(2_000), { key: 'k' })]))[0]?.kind).toBe('accepted')
    expect([log.oldest, log.head]).toEqual([2, 1])
    expect(engine.stats()).toMatchObject({ messages: 0, retainedBytes: 0 })
  })

  test('takes what breaks the contract of a log for a defect', async () => {
    const { engine } = start({ messages: 2 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1), entry('a', 2)])
    expect(log.read(0, 65_536)?.through).toBe(2)
    await engine.append([entry('a', 3)])
    expect(() => log.read(0, 65_536)).toThrow(RangeError)
    expect(() => log.read(4, 65_536)).toThrow(RangeError)
    expect(() => log.read(NaN, 65_536)).toThrow(RangeError)
    log.release()
    expect(() => log.read(2, 65_536)).toThrow('after its release')
    expect(() => log.release()).toThrow('more often than opened')
  })

  test('keeps nothing in logs that are open when it is closed', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append(many('a', 10, kilobyte))
    const slice = log.read(0, 65_536)
    await engine.close()
    expect([log.oldest, log.head]).toEqual([11, 10])
    expect(log.read(10, 65_536)).toBeNull()
    expect(slice?.segment?.retained).toBe(false)
    log.release()
    expect(engine.stats()).toEqual({ topics: 0, openLogs: 0, messages: 0, retainedBytes: 0 })
  })
})

describe('slices of the memory engine', () => {
  test('are shared by all who read from the same place, also with unequal room', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append(many('a', 20, kilobyte))
    const slice = log.read(0, 65_536)
    expect(log.read(0, 65_536)).toBe(slice)
    expect(log.read(0, 40_000)).toBe(slice)
    const shorter = log.read(0, 5_000)
    expect(shorter?.through).toBe(4)
    expect(log.read(0, 4_600)).toBe(shorter)
    expect(log.read(0, 65_536)).toEqual(slice)
    expect(log.read(1, 65_536)?.through).toBe(20)
    expect(log.read(5, 1_500)).toBe(log.read(5, 1))
  })

  test('are made only from what is kept when they are read', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1), entry('a', 2)])
    expect(log.read(0, 65_536)?.through).toBe(2)
    host.advance(90_000)
    expect(log.oldest).toBe(3)
    expect(() => log.read(0, 65_536)).toThrow(RangeError)
  })

  test('do not miss what was appended since', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1)])
    expect(log.read(0, 65_536)?.through).toBe(1)
    await engine.append([entry('a', 2)])
    expect(log.read(0, 65_536)?.through).toBe(2)
  })

  test('are copies when they are short, so that a stalled socket pins no segment for them', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append(many('a', 50, kilobyte))
    const short = log.read(48, 65_536)
    expect(short?.segment).toBeNull()
    expect(short?.bytes.buffer.byteLength).toBe(short?.bytes.length)
    const long = log.read(0, 65_536)
    expect(long?.segment?.allocatedBytes).toBe(long?.bytes.buffer.byteLength)
    expect(long?.segment?.retained).toBe(true)
  })

  test('say what they really pin when their segment was copied into a larger one', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append(many('a', 6, kilobyte))
    const early = log.read(0, 65_536)
    await engine.append(many('a', 6, kilobyte))
    const late = log.read(0, 65_536)
    expect(early?.segment).toMatchObject({ retained: false, allocatedBytes: early?.bytes.buffer.byteLength })
    expect(late?.segment).toMatchObject({ retained: true, allocatedBytes: 16 * kilobyte })
    expect(engine.stats().retainedBytes).toBe(16 * kilobyte)
  })

  test('say so when their messages are no longer kept', async () => {
    const { engine } = start({ messages: 100 })
    const log = await opened(engine, 'a')
    await engine.append(many('a', 60, kilobyte))
    const slice = log.read(0, 65_536)
    await engine.append(many('a', 90, kilobyte))
    expect(slice?.segment?.retained).toBe(true)
    await engine.append(many('a', 60, kilobyte))
    expect(slice?.segment?.retained).toBe(false)
  })

  test('end with their segment, of which none takes more than 64 KB but for a larger message', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append([...many('a', 200, kilobyte), ...many('a', 1, 100_000), ...many('a', 100, kilobyte)])
    const sizes: number[] = []
    for (let after = 0; after < log.head;) {
      const slice = log.read(after, 1_000_000)
      sizes.push(slice?.segment?.allocatedBytes ?? 0)
      after = slice?.through ?? Infinity
    }
    const [large, ...others] = sizes.filter((size) => size > 65_536)
    expect(others).toEqual([])
    expect(large).toBeGreaterThan(100_000)
    expect(large).toBeLessThan(100_200)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(engine.stats().retainedBytes)
  })
})

describe('memory of the memory engine', () => {
  test('is about 1 KB for a topic with one short message', async () => {
    const { engine } = start()
    await engine.append([entry('a', 1)])
    expect(engine.stats().retainedBytes).toBe(kilobyte)
  })

  test('stays small where little is kept, however much passes through', async () => {
    const { engine } = start({ messages: 10 })
    const log = await opened(engine, 'a')
    for (const batch of Array.from({ length: 50 }, () => many('a', 100, 100))) {
      await engine.append(batch)
      expect(engine.stats().retainedBytes).toBeLessThanOrEqual(8 * kilobyte)
    }
    expect([log.oldest, log.head]).toEqual([4_991, 5_000])
  })

  test('is given back by one timer, which runs only while something is kept', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    expect(host.pendingTimers).toBe(0)
    await engine.append(Array.from({ length: 5_000 }, (_, index) => entry(`topic-${index}`, 1)))
    expect(host.pendingTimers).toBe(1)
    host.advance(59_000)
    expect(engine.stats()).toMatchObject({ topics: 5_000, messages: 5_000 })
    host.advance(10_000)
    expect(engine.stats()).toMatchObject({ topics: 5_000, messages: 0, retainedBytes: 0 })
    host.advance(10_000)
    expect(host.pendingTimers).toBe(0)
  })

  test('needs no timer where age does not matter', async () => {
    const { engine, host } = start()
    await engine.append([entry('a', 1)])
    expect(host.pendingTimers).toBe(0)
  })

  test('is what the process really has', async () => {
    const { engine } = start({ messages: 500 })
    const before = await arrayBufferBytes()
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => engine.append(many(`topic-${index}`, 20 + index * 3, 60))),
    )
    const measured = (await arrayBufferBytes()) - before
    const { retainedBytes } = engine.stats()
    expect(retainedBytes).toBeGreaterThan(5_000_000)
    expect(Math.abs(measured - retainedBytes)).toBeLessThan(retainedBytes * 0.02)
  })
})

describe('age in the memory engine', () => {
  test('is exact for who looks, however coarse the timer', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1, { key: 'k' })])
    host.shiftWallClock(60_000)
    expect(log.oldest).toBe(1)
    host.shiftWallClock(1)
    expect(log.oldest).toBe(2)
    expect((await engine.append([entry('a', 2, { key: 'k' })]))[0]).toMatchObject({ duplicate: false })
  })

  test('goes on as before when the wall clock is put back', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1)])
    host.shiftWallClock(-3_600_000)
    host.advance(30_000)
    await engine.append([entry('a', 2)])
    expect(log.oldest).toBe(1)
    host.advance(45_000)
    expect(contentOf(log)).toEqual([[2, 2]])
  })
})

describe('the total budget of the memory engine', () => {
  const totalBytes = 16 * kilobyte

  test('[R35] forgets topics that are not open, least recently used first, and changes their epochs', async () => {
    const { engine } = start({}, { totalBytes })
    const before = await appendAll(
      engine,
      ['a', 'b', 'c', 'd'].flatMap((topic) => many(topic, 3, kilobyte)),
    )
    ;(await opened(engine, 'a')).release()
    await engine.append([entry('b', 'used again')])
    await engine.append(many('e', 3, kilobyte))
    const logs = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((topic) => opened(engine, topic)))
    expect(logs.map(({ head }) => head)).toEqual([3, 4, 0, 3, 3])
    expect(logs[2]?.epoch).not.toBe(before[6]?.epoch)
    expect([logs[0]?.epoch, logs[3]?.epoch]).toEqual([before[0]?.epoch, before[9]?.epoch])
  })

  test('prunes the open topic that holds the most once all are open', async () => {
    const { engine } = start({}, { totalBytes: 256 * kilobyte })
    const quiet = await opened(engine, 'quiet')
    const busy = await opened(engine, 'busy')
    await engine.append([entry('idle', 1), entry('quiet', 1)])
    await engine.append(many('busy', 1_000, kilobyte))
    expect(engine.stats().topics).toBe(2)
    expect(contentOf(quiet)).toEqual([[1, 1]])
    expect(busy.head).toBe(1_000)
    expect(contentOf(busy)).toHaveLength(1_000 - busy.oldest + 1)
    expect(engine.stats().retainedBytes).toBeLessThanOrEqual(256 * kilobyte)
    expect(engine.stats().retainedBytes).toBeGreaterThan(128 * kilobyte)
  })

  test('takes from topics of equal size in turn, the one that rested longest first', async () => {
    const { engine } = start({}, { totalBytes })
    const logs = await Promise.all(['a', 'b', 'c', 'd'].map((topic) => opened(engine, topic)))
    await engine.append(['a', 'b', 'c', 'd'].flatMap((topic) => many(topic, 3, kilobyte)))
    await opened(engine, 'e')
    await engine.append([entry('a', 'not resting'), entry('e', 1)])
    expect(logs.map(({ oldest }) => oldest)).toEqual([1, 4, 1, 1])
  })

  test('looks at what topics hold now, not at what they held', async () => {
    const { engine, host } = start({ ageMs: 60_000 }, { totalBytes })
    const logs = await Promise.all(['a', 'b', 'c', 'd'].map((topic) => opened(engine, topic)))
    await engine.append(many('a', 12, kilobyte))
    host.shiftWallClock(90_000)
    expect(logs[0]?.oldest).toBe(13)
    await engine.append(['b', 'c', 'd'].flatMap((topic) => many(topic, 6, kilobyte)))
    expect(logs.map(({ oldest }) => oldest)).toEqual([13, 7, 1, 1])
    expect(engine.stats().retainedBytes).toBe(totalBytes)
  })

  test('does not forget topics that hold nothing: that would give back nothing', async () => {
    const { engine, host } = start({ ageMs: 60_000 }, { totalBytes })
    const [before] = await appendAll(engine, [entry('aged out', 1)])
    host.advance(90_000)
    await engine.append([...many('a', 10, kilobyte), ...many('b', 10, kilobyte)])
    const log = await opened(engine, 'aged out')
    expect([log.epoch, log.head]).toEqual([before?.epoch, 1])
  })

  test('holds even for a message larger than all of it', async () => {
    const { engine } = start({}, { totalBytes })
    const log = await opened(engine, 'a')
    await engine.append(many('a', 1, 100_000))
    expect([log.oldest, log.head]).toEqual([2, 1])
    expect(engine.stats().retainedBytes).toBe(0)
  })

  test('forgets the keys of what it prunes', async () => {
    const { engine } = start({}, { totalBytes })
    await opened(engine, 'a')
    await engine.append([entry('a', 1, { key: 'k' }), ...many('a', 1, 100_000)])
    expect((await engine.append([entry('a', 1, { key: 'k' })]))[0]).toMatchObject({ duplicate: false })
  })
})

describe('the topic limit of the memory engine', () => {
  const maxTopics = 3

  test('[R35] forgets the topic that is not open and least recently used, which changes its epoch', async () => {
    const { engine } = start({}, { maxTopics })
    const [first] = await appendAll(engine, [entry('a', 1), entry('b', 2), entry('c', 3)])
    await engine.append([entry('b', 4), entry('d', 5)])
    expect(engine.stats().topics).toBe(3)
    const again = positionOf((await engine.append([entry('a', 6)]))[0])
    expect(again.offset).toBe(1)
    expect(again.epoch).not.toBe(first?.epoch)
  })

  test('forgets topics whose messages are all too old before others', async () => {
    const { engine, host } = start({ ageMs: 60_000 }, { maxTopics })
    await engine.append([entry('a', 1), entry('b', 2)])
    host.advance(30_000)
    await engine.append([entry('c', 3)])
    ;(await opened(engine, 'b')).release()
    host.advance(40_000)
    await engine.append([entry('d', 4), entry('e', 5)])
    expect((await opened(engine, 'c')).head).toBe(1)
  })

  test('refuses a new topic when all are open, until one is released', async () => {
    const { engine } = start({}, { maxTopics })
    const logs = await Promise.all(['a', 'b', 'c'].map((topic) => opened(engine, topic)))
    const refusal = { kind: 'refused', code: 'topic_limit' }
    expect(await engine.open('d')).toMatchObject(refusal)
    expect(await engine.append([entry('d', 1), entry('a', 2)])).toMatchObject([refusal, { kind: 'accepted' }])
    logs[2]?.release()
    expect(await engine.open('d')).toMatchObject({ kind: 'opened' })
  })
})

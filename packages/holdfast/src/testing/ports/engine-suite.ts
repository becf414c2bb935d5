import { describe, expect, test } from 'vitest'
import type { Engine, TopicLog } from '../../engines/engine.ts'
import {
  appendAll,
  contentOf,
  entry,
  opened,
  positionOf,
  type StartEngine,
  startingEngines,
} from '../engine-fixture.ts'
import { decodeMessages } from '../fake-engine-host.ts'

/** Longer than any engine may take to apply age by itself. */
const longAfterMs = 3_600_000

/** What every engine must do, whatever it keeps topics in. `makeEngine` gives an empty one each time. */
export function engineSuite(name: string, makeEngine: () => Engine): void {
  describe(name, () => {
    const start = startingEngines(makeEngine)
    describe('appending', () => appending(start))
    describe('keys', () => keys(start))
    describe('reading', () => reading(start))
    describe('retention', () => retention(start))
    describe('epochs', () => epochs(start))
    describe('open logs', () => openLogs(start))
    describe('closing', () => closing(start))
  })
}

function appending(start: StartEngine): void {
  test('numbers the messages of a topic 1, 2, 3 …', async () => {
    const { engine } = start()
    const positions = await appendAll(engine, [entry('a', 1), entry('a', 2), entry('b', 3), entry('a', 4)])
    expect(positions.map(({ offset }) => offset)).toEqual([1, 2, 1, 3])
  })

  test('gives one outcome for each entry, in order, for all topics of a batch', async () => {
    const { engine } = start()
    const outcomes = await engine.append([entry('a', 1), entry('b', 2), entry('a', 3)])
    expect(outcomes.map((outcome) => positionOf(outcome).offset)).toEqual([1, 1, 2])
    expect(outcomes).toEqual(
      outcomes.map(() => expect.objectContaining({ kind: 'accepted', duplicate: false })),
    )
    expect(await engine.append([])).toEqual([])
  })

  test('keeps the order of batches that are under way together', async () => {
    const { engine, host } = start()
    const log = await opened(engine, 'a')
    await Promise.all([1, 2, 3].map((n) => engine.append([entry('a', n), entry('a', -n)])))
    await host.reached(log, 6)
    expect(contentOf(log).map(([, data]) => data)).toEqual([1, -1, 2, -2, 3, -3])
  })

  test('has each message encoded with its topic, offset, time and user, and keeps those bytes', async () => {
    const { engine, host } = start()
    const log = await opened(engine, 'a')
    await engine.append([entry('a', { text: 'grüße' }, { user: 'u1' })])
    await host.reached(log, 1)
    expect(decodeMessages(log.read(0, 65_536)?.bytes ?? new Uint8Array())).toEqual([
      { topic: 'a', offset: 1, time: host.wallNow(), user: 'u1', data: '{"text":"grüße"}' },
    ])
  })
}

function keys(start: StartEngine): void {
  test('appends a message with a known key only once and gives the first position again', async () => {
    const { engine, host } = start()
    const first = positionOf((await engine.append([entry('a', 1, { key: 'k' })]))[0])
    const again = await engine.append([
      entry('a', 1, { key: 'k' }),
      entry('a', 2),
      entry('a', 1, { key: 'k' }),
    ])
    expect(again[0]).toEqual({ kind: 'accepted', position: first, duplicate: true })
    expect(again[2]).toEqual(again[0])
    const log = await opened(engine, 'a')
    await host.reached(log, 2)
    expect(contentOf(log)).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  test('recognises a key within one batch', async () => {
    const { engine } = start()
    const outcomes = await engine.append([entry('a', 1, { key: 'k' }), entry('a', 1, { key: 'k' })])
    expect(outcomes.map((outcome) => outcome.kind === 'accepted' && outcome.duplicate)).toEqual([false, true])
  })

  test('takes the same key in another topic for another', async () => {
    const { engine } = start()
    const outcomes = await engine.append([entry('a', 1, { key: 'k' }), entry('b', 1, { key: 'k' })])
    expect(outcomes.map((outcome) => outcome.kind === 'accepted' && outcome.duplicate)).toEqual([
      false,
      false,
    ])
  })

  test('forgets a key with its message', async () => {
    const { engine } = start({ messages: 2 })
    await engine.append([entry('a', 1, { key: 'k' }), entry('a', 2), entry('a', 3)])
    const [outcome] = await engine.append([entry('a', 4, { key: 'k' })])
    expect(outcome).toMatchObject({ position: { offset: 4 }, duplicate: false })
  })
}

function reading(start: StartEngine): void {
  async function filled(count: number, length = 0): Promise<{ engine: Engine; log: TopicLog }> {
    const { engine, host } = start()
    const log = await opened(engine, 'a')
    await engine.append(
      Array.from({ length: count }, (_, index) => entry('a', `${index + 1}`.padEnd(length))),
    )
    await host.reached(log, count)
    return { engine, log }
  }

  test('finds nothing at the head, empty or not', async () => {
    const { log } = await filled(3)
    expect(log.read(3, 65_536)).toBeNull()
    const { engine } = start()
    expect((await opened(engine, 'a')).read(0, 65_536)).toBeNull()
  })

  test.each([1, 300, 5_000, 70_000, 1_000_000])('gives every message once, by %i bytes', async (maxBytes) => {
    const { log } = await filled(2_000)
    expect(contentOf(log, maxBytes).map(([offset]) => offset)).toEqual(
      Array.from({ length: 2_000 }, (_, i) => i + 1),
    )
  })

  test('starts after any offset', async () => {
    const { log } = await filled(1_000)
    for (const after of [0, 1, 500, 998, 999]) {
      expect(decodeMessages(log.read(after, 1)?.bytes ?? new Uint8Array())[0]?.offset).toBe(after + 1)
    }
  })

  test('gives whole messages that fit, as many as there are, but at least one', async () => {
    const { log } = await filled(10)
    const one = log.read(0, 1)
    const size = one?.bytes.length ?? 0
    expect(one?.through).toBe(1)
    expect(log.read(0, size * 3)?.through).toBe(3)
    expect(log.read(0, size * 3 - 1)?.through).toBe(2)
  })

  test('gives a message larger than a segment whole', async () => {
    const { log } = await filled(3, 200_000)
    expect(contentOf(log).map(([, data]) => String(data).length)).toEqual([200_000, 200_000, 200_000])
  })

  test('never changes what a slice holds', async () => {
    const { engine, log } = await filled(100, 100)
    const slices = [log.read(0, 500), log.read(0, 65_536), log.read(50, 65_536)]
    const before = slices.map((slice) => slice?.bytes.slice())
    await engine.append(Array.from({ length: 2_000 }, () => entry('a', 'later'.padEnd(100))))
    expect(slices.map((slice) => slice?.bytes.slice())).toEqual(before)
  })
}

function retention(start: StartEngine): void {
  test('keeps at most so many messages, the newest', async () => {
    const { engine, host } = start({ messages: 3 })
    const log = await opened(engine, 'a')
    await engine.append([1, 2, 3, 4, 5].map((n) => entry('a', n)))
    await host.reached(log, 5)
    expect([log.oldest, log.head]).toEqual([3, 5])
    expect(contentOf(log)).toEqual([
      [3, 3],
      [4, 4],
      [5, 5],
    ])
  })

  test('keeps at most so many bytes', async () => {
    const { engine, host } = start({ bytes: 10_000 })
    const log = await opened(engine, 'a')
    await engine.append(Array.from({ length: 100 }, () => entry('a', ''.padEnd(900))))
    await host.reached(log, 100)
    const kept = log.read(log.oldest - 1, 65_536)
    expect(kept?.through).toBe(100)
    expect(kept?.bytes.length).toBeLessThanOrEqual(10_000)
    expect(kept?.bytes.length).toBeGreaterThan(8_900)
  })

  test('keeps messages up to an age', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1), entry('a', 2)])
    host.advance(40_000)
    await engine.append([entry('a', 3)])
    await host.reached(log, 3)
    host.advance(20_000)
    expect(log.oldest).toBe(1)
    host.advance(15_000)
    expect(contentOf(log)).toEqual([[3, 3]])
  })

  test('keeps head and epoch when no message is left, and numbers on', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1), entry('a', 2)])
    await host.reached(log, 2)
    host.advance(longAfterMs)
    expect([log.oldest, log.head]).toEqual([3, 2])
    expect(log.read(2, 65_536)).toBeNull()
    expect(positionOf((await engine.append([entry('a', 3)]))[0])).toEqual({ epoch: log.epoch, offset: 3 })
    await host.reached(log, 3)
    expect(contentOf(log)).toEqual([[3, 3]])
  })
}

function epochs(start: StartEngine): void {
  test('are the same for an append and an open log', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    const [position] = await appendAll(engine, [entry('a', 1)])
    expect(position?.epoch).toBe(log.epoch)
    expect(log.epoch).toMatch(/^[A-Za-z0-9._~-]{1,128}$/)
  })

  test('stay when a topic with messages is released and opened again', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1)])
    log.release()
    const again = await opened(engine, 'a')
    expect([again.epoch, again.head]).toEqual([log.epoch, 1])
  })

  test('stay when a topic that never held a message is opened again and again (S34)', async () => {
    const { engine } = start()
    const log = await opened(engine, 'a')
    log.release()
    for (const _ of [1, 2, 3]) {
      const again = await opened(engine, 'a')
      expect([again.epoch, again.head, again.oldest]).toEqual([log.epoch, 0, 1])
      again.release()
    }
    const [position] = await appendAll(engine, [entry('a', 1)])
    expect(position).toEqual({ epoch: log.epoch, offset: 1 })
  })

  test('differ between engines that know nothing of each other', async () => {
    const first = await opened(start().engine, 'a')
    const second = await opened(start().engine, 'a')
    expect(first.epoch).not.toBe(second.epoch)
  })
}

function openLogs(start: StartEngine): void {
  test('are told once for each batch, before its outcomes', async () => {
    const { engine, host } = start()
    const a = await opened(engine, 'a')
    const b = await opened(engine, 'b')
    await engine.append([entry('a', 1), entry('b', 2), entry('a', 3), entry('c', 4)])
    expect(new Set(host.appendedLogs)).toEqual(new Set([a, b]))
    expect(host.appendedLogs).toHaveLength(2)
    expect([a.head, b.head]).toEqual([2, 1])
    await engine.append([entry('a', 5)])
    expect(host.appendedLogs.slice(2)).toEqual([a])
  })

  test('are not told of a message that was not appended again', async () => {
    const { engine, host } = start()
    await opened(engine, 'a')
    await engine.append([entry('a', 1, { key: 'k' })])
    await engine.append([entry('a', 1, { key: 'k' })])
    expect(host.appendedLogs).toHaveLength(1)
  })

  test('are one for all who open the topic, until each has released it', async () => {
    const { engine, host } = start()
    const log = await opened(engine, 'a')
    expect(await opened(engine, 'a')).toBe(log)
    log.release()
    await engine.append([entry('a', 1)])
    expect(host.appendedLogs).toEqual([log])
    log.release()
    await engine.append([entry('a', 2)])
    expect(host.appendedLogs).toEqual([log])
  })

  test('are counted, and so is what topics hold', async () => {
    const { engine } = start()
    expect(engine.stats()).toEqual({ topics: 0, openLogs: 0, messages: 0, retainedBytes: 0 })
    const log = await opened(engine, 'a')
    await opened(engine, 'b')
    await engine.append([entry('b', 1), entry('c', ''.padEnd(10_000))])
    expect(engine.stats()).toMatchObject({ topics: 3, openLogs: 2, messages: 2 })
    expect(engine.stats().retainedBytes).toBeGreaterThan(10_000)
    log.release()
    expect(engine.stats()).toMatchObject({ topics: 2, openLogs: 1 })
  })
}

function closing(start: StartEngine): void {
  test('refuses what comes later', async () => {
    const { engine } = start()
    await engine.close()
    const refusal = { kind: 'refused', code: 'engine_failed' }
    expect(await engine.append([entry('a', 1), entry('b', 2)])).toMatchObject([refusal, refusal])
    expect(await engine.open('a')).toMatchObject(refusal)
  })

  test('leaves no timer behind', async () => {
    const { engine, host } = start({ ageMs: 60_000 })
    const log = await opened(engine, 'a')
    await engine.append([entry('a', 1), entry('b', 2)])
    await engine.close()
    log.release()
    expect(host.pendingTimers).toBe(0)
  })

  test('may be asked for twice', async () => {
    const { engine } = start()
    await engine.close()
    await engine.close()
    expect(engine.stats().openLogs).toBe(0)
  })
}

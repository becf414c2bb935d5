import { expect, test } from 'vitest'
import { SegmentLog } from './segment-log.ts'
import { type Memoiser, SliceMemos } from './slice-memos.ts'

class Holder implements Memoiser {
  holds = false

  hold(memos: SliceMemos, bytes: number): void {
    this.holds = true
    memos.note(this, bytes)
  }

  forgetMemo(): void {
    this.holds = false
  }
}

test('slices memoised by all logs together take at most 4 MiB', () => {
  const memos = new SliceMemos()
  const holders = Array.from({ length: 10_000 }, () => new Holder())
  for (const holder of holders) {
    holder.hold(memos, 4_000)
    expect(holder.holds).toBe(true)
  }
  const holding = holders.filter(({ holds }) => holds).length
  expect(holding).toBeGreaterThan(0)
  expect(holding * 4_000).toBeLessThanOrEqual(4 * 1_024 * 1_024)
})

test('a slice in place of another counts once', () => {
  const memos = new SliceMemos()
  const [steady, busy] = [new Holder(), new Holder()]
  steady.hold(memos, 4_000)
  for (let slices = 0; slices < 10_000; slices++) busy.hold(memos, 4_000)
  expect(memos.count).toBe(2)
  expect(steady.holds).toBe(true)
})

test.each([
  ['is cleared', (log: SegmentLog) => log.clear()],
  ['loses its last message to age', (log: SegmentLog) => log.prune({ ...retention, ageMs: 1 }, 10)],
])('a log that %s is held by nobody', (_what, empty) => {
  const memos = new SliceMemos()
  const log = new SegmentLog({ messages: 0, retainedBytes: 0 }, memos)
  log.append(Buffer.from('one'), 0)
  log.append(Buffer.from('two'), 0)
  expect(log.read(0, 100)?.through).toBe(2)
  expect(memos.count).toBe(1)
  empty(log)
  expect(memos.count).toBe(0)
})

const retention = { messages: 10, bytes: 1_000_000, ageMs: Infinity }

import { expect, test } from 'vitest'
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

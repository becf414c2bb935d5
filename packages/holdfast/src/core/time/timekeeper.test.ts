import { describe, expect, test } from 'vitest'
import { DeadlineMap } from './deadline-map.ts'
import { Timekeeper, type Timed } from './timekeeper.ts'

class SearchedMap extends DeadlineMap<Timed> {
  searches = 0

  override takeDue(now: number): Timed[] {
    this.searches++
    return super.takeDue(now)
  }
}

/** A clock with room for one timer. */
function oneTimer() {
  let timer: { readonly at: number; readonly run: () => void } | null = null
  const host = {
    time: 0,
    armed: 0,
    now: () => host.time,
    setTimer(run: () => void, delayMs: number) {
      expect(timer).toBeNull()
      const armed = { at: host.time + delayMs, run }
      timer = armed
      host.armed++
      return () => {
        expect(timer).toBe(armed)
        timer = null
      }
    },
    get pending(): boolean {
      return timer !== null
    },
    pass(ms: number) {
      const until = host.time + ms
      while (timer && timer.at <= until) {
        host.time = timer.at
        const { run } = timer
        timer = null
        run()
      }
      host.time = until
    },
  }
  return host
}

class CountingOwner implements Timed {
  ticks = 0

  tick(): void {
    this.ticks++
  }
}

const owners = (count: number): CountingOwner[] => Array.from({ length: count }, () => new CountingOwner())

describe('the one timer', () => {
  test('10,000 deadlines that are met in time cost one search', () => {
    const host = oneTimer()
    const deadlines = new SearchedMap()
    const timekeeper = new Timekeeper(host, deadlines)
    const operations = owners(10_000)
    for (const [index, operation] of operations.entries()) timekeeper.set(operation, 30_000 + index)
    host.pass(1_000)
    for (const operation of operations.slice(1)) timekeeper.set(operation, null)
    expect({ armed: host.armed, searches: deadlines.searches }).toEqual({ armed: 1, searches: 0 })
    host.pass(60_000)
    expect(deadlines.searches).toBe(1)
    expect(operations.map(({ ticks }) => ticks)).toEqual([1, ...Array<number>(9_999).fill(0)])
    expect(host.pending).toBe(false)
  })

  test('10,000 deadlines at 100 times cost 100 searches', () => {
    const host = oneTimer()
    const deadlines = new SearchedMap()
    const timekeeper = new Timekeeper(host, deadlines)
    const operations = owners(10_000)
    for (const [index, operation] of operations.entries()) timekeeper.set(operation, 1_000 - (index % 100))
    host.pass(1_000)
    expect(operations.every(({ ticks }) => ticks === 1)).toBe(true)
    expect(deadlines.searches).toBe(100)
  })

  test('is gone with the last deadline', () => {
    const host = oneTimer()
    const timekeeper = new Timekeeper(host)
    const one = new CountingOwner()
    const other = new CountingOwner()
    timekeeper.set(one, 10)
    timekeeper.set(other, 20)
    timekeeper.set(one, null)
    expect(host.pending).toBe(true)
    timekeeper.set(other, null)
    expect(host.pending).toBe(false)
  })

  test('a deadline that moved back is not told early', () => {
    const host = oneTimer()
    const timekeeper = new Timekeeper(host)
    const owner = new CountingOwner()
    timekeeper.set(owner, 10)
    timekeeper.set(owner, 50)
    host.pass(49)
    expect(owner.ticks).toBe(0)
    host.pass(1)
    expect(owner.ticks).toBe(1)
  })
})

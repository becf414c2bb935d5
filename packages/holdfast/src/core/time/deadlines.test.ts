import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeadlineMap } from './deadline-map.ts'
import { DeadlineQueue } from './deadline-queue.ts'
import type { Deadlines } from './timekeeper.ts'

const kinds = [
  { name: 'the queue of a hub', make: () => new DeadlineQueue<string>() },
  { name: 'the map of a client', make: () => new DeadlineMap<string>() },
]

describe.each(kinds)('deadlines of many owners: $name', ({ make }) => {
  test('those that are due are taken, the earliest first, and the next is known', () => {
    const deadlines = make()
    deadlines.set('c', 30)
    deadlines.set('b', 20)
    deadlines.set('a', 10)
    expect(deadlines.earliest).toBe(10)
    expect(deadlines.takeDue(25)).toEqual(['a', 'b'])
    expect(deadlines.takeDue(25)).toEqual([])
    expect(deadlines.earliest).toBe(30)
    expect(deadlines.size).toBe(1)
  })

  test('a deadline is due at its time, not before', () => {
    const deadlines = make()
    deadlines.set('a', 10)
    expect(deadlines.takeDue(9.999)).toEqual([])
    expect(deadlines.takeDue(10)).toEqual(['a'])
  })

  test('an owner has one deadline: setting it again moves it, null removes it', () => {
    const deadlines = make()
    deadlines.set('a', 10)
    deadlines.set('a', 50)
    expect(deadlines.takeDue(49)).toEqual([])
    deadlines.set('a', 5)
    expect(deadlines.earliest).toBe(5)
    deadlines.set('a', null)
    deadlines.set('nobody', null)
    expect(deadlines.earliest).toBe(Infinity)
    expect(deadlines.size).toBe(0)
  })

  test('behaves like a list that is searched', () => {
    const at = fc.integer({ min: 0, max: 100 })
    const owner = fc.integer({ min: 0, max: 40 }).map(String)
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ set: owner, at: fc.option(at, { freq: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ now: fc.integer({ min: 0, max: 20 }) }) },
    )
    const property = fc.property(fc.array(action, { maxLength: 150, size: 'max' }), (actions) => {
      const deadlines = make()
      const model = new Map<string, number>()
      for (const action of actions) {
        if ('now' in action) takeAllDue(deadlines, model, action.now)
        else {
          deadlines.set(action.set, action.at)
          if (action.at === null) model.delete(action.set)
          else model.set(action.set, action.at)
        }
        expect(deadlines.size).toBe(model.size)
        expect(deadlines.earliest).toBeLessThanOrEqual(Math.min(...model.values()))
        if (model.size === 0) expect(deadlines.earliest).toBe(Infinity)
      }
      takeAllDue(deadlines, model, Infinity)
      expect(deadlines.size).toBe(0)
    })
    fc.assert(property, { seed: 1, numRuns: 200 })
  })
})

function takeAllDue(deadlines: Deadlines<string>, model: Map<string, number>, now: number): void {
  const due = deadlines.takeDue(now)
  const times = due.map((owner) => model.get(owner) ?? NaN)
  expect(times).toEqual(times.toSorted((one, other) => one - other))
  for (const owner of due) model.delete(owner)
  expect(times.every((at) => at <= now)).toBe(true)
  expect([...model.values()].every((at) => at > now)).toBe(true)
  // What is left was searched, so the next deadline is known exactly.
  expect(deadlines.earliest).toBe(Math.min(...model.values()))
}

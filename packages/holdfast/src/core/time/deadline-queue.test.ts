import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeadlineQueue } from './deadline-queue.ts'

describe('deadlines of many owners', () => {
  test('the earliest is known, and those that are due are taken from the earliest on', () => {
    const queue = new DeadlineQueue<string>()
    queue.set('c', 30)
    queue.set('a', 10)
    queue.set('b', 20)
    expect(queue.earliest).toBe(10)
    expect([queue.takeDue(25), queue.takeDue(25), queue.takeDue(25)]).toEqual(['a', 'b', null])
    expect(queue.earliest).toBe(30)
    expect(queue.size).toBe(1)
  })

  test('a deadline is due at its time, not before', () => {
    const queue = new DeadlineQueue<string>()
    queue.set('a', 10)
    expect(queue.takeDue(9.999)).toBeNull()
    expect(queue.takeDue(10)).toBe('a')
  })

  test('an owner has one deadline: setting it again moves it, null removes it', () => {
    const queue = new DeadlineQueue<string>()
    queue.set('a', 10)
    queue.set('a', 50)
    expect(queue.takeDue(49)).toBeNull()
    queue.set('a', 5)
    expect(queue.earliest).toBe(5)
    queue.set('a', null)
    queue.set('nobody', null)
    expect(queue.earliest).toBeNull()
    expect(queue.size).toBe(0)
  })

  test('whoever is told that the time has come may set a deadline anew at once', () => {
    const queue = new DeadlineQueue<string>()
    queue.set('a', 10)
    expect(queue.takeDue(10)).toBe('a')
    queue.set('a', 10)
    expect(queue.takeDue(10)).toBe('a')
    expect(queue.takeDue(10)).toBeNull()
  })

  test('behaves like a list that is searched', () => {
    const at = fc.integer({ min: 0, max: 100 })
    const owner = fc.integer({ min: 0, max: 40 })
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ set: owner, at: fc.option(at, { freq: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ now: fc.integer({ min: 0, max: 20 }) }) },
    )
    const property = fc.property(fc.array(action, { maxLength: 150, size: 'max' }), (actions) => {
      const queue = new DeadlineQueue<number>()
      const model = new Map<number, number>()
      for (const action of actions) {
        if ('now' in action) takeAllDue(queue, model, action.now)
        else {
          queue.set(action.set, action.at)
          if (action.at === null) model.delete(action.set)
          else model.set(action.set, action.at)
        }
        const earliest = model.size === 0 ? null : Math.min(...model.values())
        if (queue.size !== model.size || queue.earliest !== earliest) {
          expect.fail(`${queue.size} deadlines from ${queue.earliest}, not ${model.size} from ${earliest}`)
        }
      }
      takeAllDue(queue, model, Infinity)
      expect(queue.size).toBe(0)
    })
    fc.assert(property, { seed: 1, numRuns: 200 })
  })

  function takeAllDue(queue: DeadlineQueue<number>, model: Map<number, number>, now: number): void {
    let before = -Infinity
    for (let owner = queue.takeDue(now); owner !== null; owner = queue.takeDue(now)) {
      const at = model.get(owner) ?? NaN
      if (!(before <= at && at <= now)) expect.fail(`${at} is not next after ${before} and due at ${now}`)
      before = at
      model.delete(owner)
    }
    expect([...model.values()].every((at) => at > now)).toBe(true)
  }
})

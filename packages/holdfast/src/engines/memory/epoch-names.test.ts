import { describe, expect, test } from 'vitest'
import { EpochNames } from './epoch-names.ts'

const topics = Array.from({ length: 20_000 }, (_, index) => `room:${index}`)

describe('epoch names', () => {
  test('stay the same until the topic is forgotten, and never come back', () => {
    const epochs = new EpochNames('engine')
    const seen = new Set<string>()
    for (let life = 0; life < 1_000; life++) {
      const name = epochs.nameFor('room:1')
      expect(epochs.nameFor('room:1')).toBe(name)
      seen.add(name)
      epochs.retire('room:1')
    }
    expect(seen.size).toBe(1_000)
  })

  test('change for one topic in 4,096 when another is forgotten', () => {
    const epochs = new EpochNames('engine')
    const before = topics.map((topic) => epochs.nameFor(topic))
    epochs.retire('room:1')
    const changed = topics.filter((topic, index) => epochs.nameFor(topic) !== before[index])
    expect(changed).toContain('room:1')
    expect(changed.length).toBeLessThan(20)
  })

  test('spread topics over all buckets', () => {
    const epochs = new EpochNames('engine')
    for (const topic of topics) epochs.retire(topic)
    const counts = topics.map((topic) => Number(epochs.nameFor(topic).split('.')[1]))
    expect(Math.max(...counts)).toBeLessThan(25)
  })
})

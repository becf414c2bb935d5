import { describe, expect, test } from 'vitest'
import { generate } from './generate.ts'
import { live, trace } from './live.ts'
import type { Schedule } from './schedule.ts'

describe('a simulated world', () => {
  test.each([0, 1, 2, 3])('keeps every promise: %i', { timeout: 60_000 }, async (hundreds) => {
    for (let seed = hundreds * 100 + 1; seed <= (hundreds + 1) * 100; seed++)
      expect([seed, await live(generate(seed))]).toEqual([seed, []])
  })

  test('is the same for the same seed, to the last byte and millisecond', async () => {
    for (const seed of [11, 12, 13, 14, 15]) {
      const first = await trace(generate(seed))
      expect(first.text.split('\n').length).toBeGreaterThan(20)
      expect(await trace(generate(seed))).toEqual(first)
    }
  })

  test('is told apart by its seed alone, where the schedule is the same', async () => {
    const schedule = generate(11)
    const other = { ...schedule, seed: 12 }
    expect((await trace(other)).text).not.toEqual((await trace(schedule)).text)
  })

  test('lives through a schedule that was printed and read again', async () => {
    const schedule = generate(21)
    const copy = JSON.parse(JSON.stringify(schedule)) as Schedule
    expect(await trace(copy)).toEqual(await trace(schedule))
  })
})

describe('a trace', () => {
  test('tells the steps, the states of clients and each frame where it is written and where it is read', async () => {
    const { text } = await trace({
      seed: 1,
      settings: { ...generate(1).settings, clients: [{ over: ['websocket'], user: 'ana' }], network: {} },
      steps: [
        { at: 0, do: 'subscribe', client: 0, topic: 'red', from: 'now' },
        { at: 500, do: 'publish', client: 0, topic: 'red', token: 't1', timeoutMs: 60_000 },
        { at: 600, do: 'cut', client: 0, told: ['client', 'hub'] },
      ],
    })
    const lines = text.split('\n')
    const has = (what: RegExp): void => expect(lines.filter((line) => what.test(line))).not.toEqual([])
    has(/ 500\.0 {2}world .*"do":"publish"/)
    has(/client 0 {2}link 0\/1 writes \{"type":"publish"/)
    has(/hub {7}link 0\/1 reads {2}\{"type":"publish"/)
    has(/client 0 {2}live → waiting \(link_lost\)/)
    has(/client 0 {2}link 0\/2 writes \{"type":"hello"/)
  })

  test('tells frames over HTTP, and the requests and responses that carry them', async () => {
    const { text } = await trace({
      seed: 1,
      settings: { ...generate(1).settings, clients: [{ over: ['long-poll'], user: 'ana' }], network: {} },
      steps: [],
    })
    expect(text).toMatch(/client 0 {2}link 0\/1 writes POST \/holdfast\/poll/)
    expect(text).toMatch(/hub {7}link 0\/1 reads {2}\{"type":"hello"/)
    expect(text).toMatch(/client 0 {2}link 0\/1 reads {2}\{"type":"welcome"/)
  })
})

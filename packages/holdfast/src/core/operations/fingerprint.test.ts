import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprint } from './fingerprint.ts'

/** Any code unit, so that lone surrogates come up too. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))

describe('the fingerprint of a frame', () => {
  test('[R20] is the same for the same text, and a whole number of 32 bits', () => {
    const property = fc.property(fc.string({ unit: codeUnit }), (text) => {
      const hash = fingerprint(text)
      return (hash | 0) === hash && fingerprint(Array.from(text).join('')) === hash
    })
    fc.assert(property, { seed: 1, numRuns: 1_000 })
  })

  test('[R20] differs for each of 60,000 frames that are almost the same', () => {
    const frames = new Set<string>()
    for (let at = 0; at < 20_000; at++) {
      frames.add(`{"type":"publish","number":7,"topic":"room:1","data":${at}}`)
      frames.add(`{"type":"publish","number":7,"topic":"room:${at}","data":1}`)
      frames.add(
        `{"type":"publish","number":7,"topic":"room:1","data":"${String.fromCharCode(at % 0xd800, at >> 8)}"}`,
      )
    }
    expect(new Set(Array.from(frames, fingerprint)).size).toBe(frames.size)
  })

  test('[R20] differs for every single change of one character, and every swap of two neighbours', () => {
    const text = '{"type":"request","number":19,"method":"rename","data":{"to":"Ada"}}'
    const changed = new Set<string>()
    for (let at = 0; at < text.length; at++) {
      const [before, after] = [text.slice(0, at), text.slice(at + 1)]
      for (let bit = 0; bit < 16; bit++)
        changed.add(before + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + after)
      changed.add(before + after.slice(0, 1) + text.slice(at, at + 1) + after.slice(1))
    }
    changed.add(text)
    expect(new Set(Array.from(changed, fingerprint)).size).toBe(changed.size)
  })

  test('spreads over all of its bits', () => {
    const hashes = Array.from({ length: 10_000 }, (_, at) => fingerprint(`{"number":${at}}`))
    for (let bit = 0; bit < 32; bit++) {
      const set = hashes.filter((hash) => (hash >>> bit) % 2 === 1).length
      expect(set / hashes.length, `bit ${bit}`).toBeCloseTo(0.5, 1)
    }
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxNameBytes, nameProblem, utf8Length } from './names.ts'

/** Any code unit, so that lone surrogates come up too. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))

describe('topic and method names', () => {
  test.each([
    'a',
    'room:1',
    ' ',
    'a/b c',
    'ünïcödé',
    '日本語',
    '👩‍👩‍👧',
    '__proto__',
    '\u{10ffff}',
    '\u00a0',
    '\u2028',
  ])('[R6] %j is a name', (name) => {
    expect(nameProblem(name)).toBeNull()
  })

  test.each([undefined, null, 0, true, ['a'], { a: 1 }, Symbol('a')])('[R6] %s is no name', (value) => {
    expect(nameProblem(value)).toBe('must be a string')
  })

  test('[R6] a name has at least one byte', () => {
    expect(nameProblem('')).toBe('is empty')
  })

  test.each(['a', 'é', '日', '👩'])('[R6] a name of many %s has at most 255 bytes', (character) => {
    const most = Math.floor(maxNameBytes / Buffer.byteLength(character))
    expect(nameProblem(character.repeat(most))).toBeNull()
    expect(nameProblem(character.repeat(most + 1))).toBe('is longer than 255 bytes')
    expect(nameProblem(character.repeat(1_000_000))).toBe('is longer than 255 bytes')
  })

  test('[R6] a name has no control character, wherever it stands', () => {
    for (let code = 0; code < 0x200; code++) {
      const control = code <= 0x1f || (code >= 0x7f && code <= 0x9f)
      for (const name of [`${String.fromCharCode(code)}a`, `a${String.fromCharCode(code)}`]) {
        expect(nameProblem(name), `U+${code.toString(16)}`).toBe(control ? 'has a control character' : null)
      }
    }
  })

  test.each([
    '\ud800',
    '\udfff',
    'a\ud83d',
    '\ude00a',
    '\ud83d\ud83d\ude00',
    '\ud83d\ude00\ude00',
    '\ude00\ud83d',
  ])('[R6] %j has a lone surrogate', (name) => {
    expect(nameProblem(name)).toBe('has a lone surrogate')
  })
})

describe('the length in UTF-8', () => {
  test('is what an encoder says, for any string', () => {
    const property = fc.property(fc.string({ unit: codeUnit }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text))
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })

  test('counts a lone surrogate as the replacement character', () => {
    for (const text of ['\ud800', '\udc00', '\udc00\ud800', '\ud83d\ud83d\ude00', 'a\ud800']) {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    }
  })
})

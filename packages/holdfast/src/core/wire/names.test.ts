import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isName, maxNameBytes, utf8Length } from './names.ts'

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
    expect(isName(name)).toBe(true)
  })

  test.each([undefined, null, 0, true, ['a'], { a: 1 }, Symbol('a')])('[R6] %s is no name', (value) => {
    expect(isName(value)).toBe(false)
  })

  test('[R6] a name has at least one byte', () => {
    expect(isName('')).toBe(false)
  })

  test.each(['a', 'é', '日', '👩'])('[R6] a name of many %s has at most 255 bytes', (character) => {
    const most = Math.floor(maxNameBytes / Buffer.byteLength(character))
    expect(isName(character.repeat(most))).toBe(true)
    expect(isName(character.repeat(most + 1))).toBe(false)
    expect(isName(character.repeat(1_000_000))).toBe(false)
  })

  test('[R6] a name has no control character, wherever it stands', () => {
    for (let code = 0; code < 0x200; code++) {
      const control = code <= 0x1f || (code >= 0x7f && code <= 0x9f)
      for (const name of [`${String.fromCharCode(code)}a`, `a${String.fromCharCode(code)}`]) {
        expect(isName(name), `U+${code.toString(16)}`).toBe(!control)
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
    expect(isName(name)).toBe(false)
  })
})

describe('the length in UTF-8', () => {
  test('is what an encoder says, for any JSON', () => {
    const property = fc.property(fc.string({ unit: codeUnit }), (string) => {
      const text = JSON.stringify(string)
      expect(utf8Length(text)).toBe(Buffer.byteLength(text))
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })
})

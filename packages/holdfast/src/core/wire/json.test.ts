import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHubFrame } from './hub-frames.ts'
import { isSafeJson, maxJsonDepth, pathOfLoss } from './json.ts'
import { dataRefusal } from './refusals.ts'

const lossIn = (value: unknown): string | null => pathOfLoss(value, 'data', maxJsonDepth - 1)

/** Any code unit, so that lone surrogates come up too. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))

/** Arrays in arrays, as many levels. */
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('data that JSON would alter or refuse', () => {
  class Point {
    readonly x = 1
  }
  class Numbers extends Array<number> {}
  const cycle: { self?: unknown } = {}
  cycle.self = cycle

  test.each<readonly [string, unknown, string]>([
    ['undefined', undefined, 'data'],
    ['an undefined field', { a: { b: undefined } }, 'data.a.b'],
    ['an undefined item', [1, undefined], 'data.1'],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is meant
    ['a hole', [1, , 3], 'data.1'],
    ['NaN', [Number.NaN], 'data.0'],
    ['an infinity', { a: -Infinity }, 'data.a'],
    ['a bigint', 1n, 'data'],
    ['a function', { a: [() => 1] }, 'data.a.0'],
    ['a symbol', Symbol('a'), 'data'],
    ['a symbol key', { [Symbol('a')]: 1 }, 'data'],
    ['a Date', { at: new Date(0) }, 'data.at'],
    ['a Map', new Map([[1, 2]]), 'data'],
    ['a Set', new Set([1]), 'data'],
    ['a regular expression', /a/, 'data'],
    ['an Error', new Error('a'), 'data'],
    ['bytes', new Uint8Array(2), 'data'],
    ['a boxed string', Object('a'), 'data'],
    ['an instance of a class', new Point(), 'data'],
    ['an array of a class', Numbers.of(1), 'data'],
    ['an array with keys of its own', /(?<a>a)/.exec('a'), 'data'],
    ['toJSON', { toJSON: () => 1 }, 'data'],
    ['toJSON on an array', Object.assign([1], { toJSON: () => 1 }), 'data'],
    ['a symbol key on an array', Object.assign([1], { [Symbol('a')]: 1 }), 'data'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'data.a'],
    ['a cycle', cycle, `data${'.self'.repeat(maxJsonDepth - 1)}`],
  ])('%s is refused, and where it stands is told', (_, value, path) => {
    expect(lossIn(value)).toBe(path)
  })

  test.each<readonly [string, unknown]>([
    ['null', null],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 })],
    ['an object of another realm', runInNewContext('({ a: [1] })')],
    ['a lone surrogate', '\ud800'],
    ['a field named toJSON that is no function', { toJSON: 1 }],
    ['the key constructor', { constructor: 1, toString: 2 }],
    ['the same object twice', ((shared) => [shared, shared])({ a: 1 })],
  ])('%s passes and comes back the same', (_, value) => {
    expect(lossIn(value)).toBeNull()
    expect(JSON.parse(JSON.stringify(value))).toEqual(value)
  })

  test('negative zero passes and comes back as zero', () => {
    expect(lossIn(-0)).toBeNull()
    expect(JSON.parse(JSON.stringify(-0))).toBe(0)
  })

  test('what passes comes back the same, whatever it is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      maxDepth: 4,
    })
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    const plain = fc.object({
      values: [number, fc.string({ unit: codeUnit }), fc.constantFrom(null, true, -0)],
      withNullPrototype: true,
    })
    let passed = 0
    const property = fc.property(fc.oneof(anything, plain), (value) => {
      if (lossIn(value) !== null) return
      passed++
      expect(JSON.parse(JSON.stringify(value))).toStrictEqual(normalized(value))
    })
    fc.assert(property, { seed: 1, numRuns: 5_000 })
    expect(passed).toBeGreaterThan(2_000)
  })

  test('whatever JSON.parse returned passes, but for [R4]', () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(lossIn(value) === null).toBe(isSafeJson(value))
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })
})

/** With zero for negative zero, and with the usual prototype instead of none. */
function normalized(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) return (value as unknown[]).map(normalized)
  if (prototype !== null && prototype !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, normalized(child)]))
}

describe('depth', () => {
  test('[R4] parsed JSON may be nested 64 levels deep', () => {
    expect(isSafeJson(nested(maxJsonDepth))).toBe(true)
    expect(isSafeJson(nested(maxJsonDepth + 1))).toBe(false)
    expect(isSafeJson(nested(200_000))).toBe(false)
  })

  test('[R4] data that passes arrives: in its frame it is one level deeper', () => {
    const frame = (data: unknown) =>
      JSON.stringify({ type: 'message', topic: 'a', offset: 1, time: 0, user: null, data })
    expect(lossIn(nested(maxJsonDepth - 1))).toBeNull()
    expect(decodeHubFrame(frame(nested(maxJsonDepth - 1)))).toMatchObject({ type: 'message' })
    expect(lossIn(nested(maxJsonDepth))).not.toBeNull()
    expect(decodeHubFrame(frame(nested(maxJsonDepth)))).toBe('frame_invalid')
  })

  test('the path that a problem names begins as the caller says', () => {
    expect(dataRefusal([undefined], 'the reply')?.message).toBe('JSON would alter the reply.0.')
  })
})

describe('keys', () => {
  test.each(['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"a":[[{"__proto__":null}]]}'])(
    '[R4] %s is refused',
    (text) => {
      expect(isSafeJson(JSON.parse(text))).toBe(false)
    },
  )

  test.each(['{"constructor":{"prototype":{}}}', '{"proto":1,"__proto":2}', '["__proto__"]'])(
    '%s is harmless',
    (text) => {
      expect(isSafeJson(JSON.parse(text))).toBe(true)
    },
  )
})

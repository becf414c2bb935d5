import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame } from './decode.ts'
import { lossyJsonProblem, maxJsonDepth, parsedJsonProblem } from './json.ts'
import { hubFrames } from './shapes.ts'

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
    ['undefined', undefined, 'data is undefined'],
    ['an undefined field', { a: { b: undefined } }, 'data.a.b is undefined'],
    ['an undefined item', [1, undefined], 'data[1] is undefined'],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is meant
    ['a hole', [1, , 3], 'data[1] is undefined'],
    ['NaN', [Number.NaN], 'data[0] is NaN'],
    ['an infinity', { a: -Infinity }, 'data.a is -Infinity'],
    ['a bigint', 1n, 'data is a bigint'],
    ['a function', { a: [() => 1] }, 'data.a[0] is a function'],
    ['a symbol', Symbol('a'), 'data is a symbol'],
    ['a symbol key', { [Symbol('a')]: 1 }, 'data has a symbol key'],
    ['a Date', { at: new Date(0) }, 'data.at is not a plain object'],
    ['a Map', new Map([[1, 2]]), 'data is not a plain object'],
    ['a Set', new Set([1]), 'data is not a plain object'],
    ['a regular expression', /a/, 'data is not a plain object'],
    ['an Error', new Error('a'), 'data is not a plain object'],
    ['bytes', new Uint8Array(2), 'data is not a plain object'],
    ['a boxed string', Object('a'), 'data is not a plain object'],
    ['an instance of a class', new Point(), 'data is not a plain object'],
    ['an array of a class', Numbers.of(1), 'data is not a plain array'],
    ['an array with keys of its own', /(?<a>a)/.exec('a'), 'data is an array with keys of its own'],
    ['toJSON', { toJSON: () => 1 }, 'data has toJSON'],
    ['toJSON on an array', Object.assign([1], { toJSON: () => 1 }), 'data has toJSON'],
    [
      'a symbol key on an array',
      Object.assign([1], { [Symbol('a')]: 1 }),
      'data is an array with keys of its own',
    ],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'data.a has the key __proto__'],
    ['a cycle', cycle, 'is nested deeper than 64 levels'],
  ])('%s is refused, and where it stands is told', (_, value, problem) => {
    expect(lossyJsonProblem(value)).toContain(problem)
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
    expect(lossyJsonProblem(value)).toBeNull()
    expect(JSON.parse(JSON.stringify(value))).toEqual(value)
  })

  test('negative zero passes and comes back as zero', () => {
    expect(lossyJsonProblem(-0)).toBeNull()
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
      if (lossyJsonProblem(value) !== null) return
      passed++
      expect(JSON.parse(JSON.stringify(value))).toStrictEqual(normalized(value))
    })
    fc.assert(property, { seed: 1, numRuns: 5_000 })
    expect(passed).toBeGreaterThan(2_000)
  })

  test('whatever JSON.parse returned passes, but for [R4]', () => {
    const property = fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(lossyJsonProblem(value) === null).toBe(parsedJsonProblem(value) === null)
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
    expect(parsedJsonProblem(nested(maxJsonDepth))).toBeNull()
    expect(parsedJsonProblem(nested(maxJsonDepth + 1))).toBe('nested deeper than 64 levels')
    expect(parsedJsonProblem(nested(200_000))).toBe('nested deeper than 64 levels')
  })

  test('[R4] data that passes arrives: in its frame it is one level deeper', () => {
    const frame = (data: unknown) =>
      JSON.stringify({ type: 'message', topic: 'a', offset: 1, time: 0, user: null, data })
    expect(lossyJsonProblem(nested(maxJsonDepth - 1))).toBeNull()
    expect(decodeFrame(frame(nested(maxJsonDepth - 1)), hubFrames).kind).toBe('frame')
    expect(lossyJsonProblem(nested(maxJsonDepth))).toContain('is nested deeper than 64 levels')
    expect(decodeFrame(frame(nested(maxJsonDepth)), hubFrames).kind).toBe('fault')
  })

  test('the path that a problem names begins as the caller says', () => {
    expect(lossyJsonProblem([undefined], 'the reply')).toBe('the reply[0] is undefined')
  })
})

describe('keys', () => {
  test.each(['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"a":[[{"__proto__":null}]]}'])(
    '[R4] %s is refused',
    (text) => {
      expect(parsedJsonProblem(JSON.parse(text))).toBe('an object key is __proto__')
    },
  )

  test.each(['{"constructor":{"prototype":{}}}', '{"proto":1,"__proto":2}', '["__proto__"]'])(
    '%s is harmless',
    (text) => {
      expect(parsedJsonProblem(JSON.parse(text))).toBeNull()
    },
  )
})

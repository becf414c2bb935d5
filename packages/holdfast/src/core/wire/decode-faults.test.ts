import { describe, expect, test } from 'vitest'
import { decodeFrame, type Decoded, type FrameFault } from './decode.ts'
import type { ClientFrame } from './frames.ts'
import { maxJsonDepth } from './json.ts'
import { clientFrames } from './shapes.ts'

/** Decodes what a client sent. */
const decode = (text: string): Decoded<ClientFrame> => decodeFrame(text, clientFrames)

function faultOf(frame: unknown): FrameFault {
  const text = typeof frame === 'string' ? frame : JSON.stringify(frame)
  const decoded = decode(text)
  if (decoded.kind !== 'fault') throw new Error(`${decoded.kind}: ${text.slice(0, 200)}`)
  return decoded.fault
}

describe('frames of unknown type', () => {
  const types = [
    'later',
    '',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'welcome',
    'x'.repeat(9_999),
  ]

  test.each(types)('[R2] %j is ignored, unless it is critical', (type) => {
    for (const critical of [undefined, false, 1, 'true', null]) {
      expect(decode(JSON.stringify({ type, critical, number: 1 }))).toEqual({ kind: 'ignored' })
    }
    const fault = faultOf({ type, critical: true, number: 1, topic: 'a', intent: 1 })
    expect(fault).toMatchObject({ code: 'frame_unknown', type: null, number: null, subscription: null })
    expect(fault.message.length).toBeLessThan(200)
  })

  test.each([null, 1, true, [], ['ping'], {}, undefined])('[R1] a type of %j is a fault', (type) => {
    const frame = { ...(type !== undefined && { type }), critical: true, number: 1 }
    expect(faultOf(frame)).toMatchObject({ code: 'frame_invalid', type: null, number: null })
  })
})

describe('what is not a frame', () => {
  const texts = [
    '',
    ' ',
    'null',
    '1',
    '"ping"',
    '[]',
    '[{"type":"ping","id":1}]',
    '{',
    '{"type":"ping","id":1}}',
    '\u0000',
  ]

  test.each(texts)('[R1] %j is a fault', (text) => {
    const nothing = { type: null, number: null, subscription: null }
    expect(faultOf(text)).toMatchObject({ code: 'frame_invalid', ...nothing })
  })
})

describe('nesting and keys', () => {
  /** A publish of that many levels: its own, and arrays or objects inside. */
  const nested = (levels: number, [open, close]: readonly [string, string]): string =>
    `{"type":"publish","number":7,"topic":"a","data":${open.repeat(levels - 1)}0${close.repeat(levels - 1)}}`
  const arrays = ['[', ']'] as const
  const objects = ['{"a":', '}'] as const

  test.each([arrays, objects])('[R4] 64 levels of %s are accepted and 65 refused', (...brackets) => {
    expect(decode(nested(maxJsonDepth, brackets)).kind).toBe('frame')
    expect(faultOf(nested(maxJsonDepth + 1, brackets))).toMatchObject({ code: 'frame_invalid', number: 7 })
  })

  test.each([arrays, objects])('[R4] 200,000 levels of %s are refused without a crash', (...brackets) => {
    expect(faultOf(nested(200_000, brackets)).code).toBe('frame_invalid')
    expect(faultOf('['.repeat(200_000)).code).toBe('frame_invalid')
    expect(decode(nested(200_000, brackets).replace('publish', 'later')).kind).toBe('ignored')
  })

  test.each([
    '{"type":"publish","number":7,"topic":"a","data":{"__proto__":{}}}',
    '{"type":"publish","number":7,"topic":"a","data":[{"a":[{"__proto__":1}]}]}',
    '{"type":"publish","number":7,"topic":"a","data":0,"later":{"\\u005f_proto__":null}}',
    '{"__proto__":{"critical":true},"type":"publish","number":7,"topic":"a","data":0}',
  ])('[R4] %s is refused', (text) => {
    expect(faultOf(text)).toMatchObject({ code: 'frame_invalid', type: 'publish', number: 7 })
  })

  test('a type cannot hide behind __proto__', () => {
    expect(faultOf('{"__proto__":{"type":"ping","id":1}}').type).toBeNull()
  })
})

describe('what a fault names', () => {
  const unsoundCounts = [null, '7', 0, -1, 1.5, 2 ** 53, [7]]
  const unsoundTopics = [null, 1, '', 'a'.repeat(256), 'a\0', '\ud800', ['a']]
  const operation = { number: 7, topic: 'a', intent: 3 }

  test.each(['publish', 'request'])('[R3] the number of %s', (type) => {
    expect(faultOf({ ...operation, type })).toMatchObject({ type, number: 7, subscription: null })
    for (const number of unsoundCounts) expect(faultOf({ type, number }).number).toBeNull()
  })

  test.each(['cancel', 'result', 'ping', 'ack', 'hello'])(
    '[R3] nothing of %s, which is no operation',
    (type) => {
      const fault = faultOf({
        ...operation,
        type,
        value: 1,
        error: 1,
        wrong: JSON.parse('{"__proto__":1}') as unknown,
      })
      expect(fault).toMatchObject({ type, number: null, subscription: null })
    },
  )

  test('[R3] the topic and intent of a subscribe, if both are sound', () => {
    const fault = faultOf({ ...operation, type: 'subscribe', from: 'later' })
    expect(fault).toMatchObject({ number: null, subscription: { topic: 'a', intent: 3 } })
    const subscribe = { type: 'subscribe', topic: 'a', intent: 3, from: 'now' }
    for (const topic of unsoundTopics) expect(faultOf({ ...subscribe, topic }).subscription).toBeNull()
    for (const intent of unsoundCounts) expect(faultOf({ ...subscribe, intent }).subscription).toBeNull()
  })

  test('[R3] nothing of an unsubscribe', () => {
    expect(faultOf({ ...operation, type: 'unsubscribe', intent: 0 })).toMatchObject({ subscription: null })
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Slice } from '../../engines/engine.ts'
import { encodeMessage } from '../topics/encode-message.ts'
import { encodeEvent, EventFraming } from './event-framing.ts'
import { webSocketFrame } from './websocket-frame.ts'

const seed = 20_261_121

function sliceOf(texts: readonly string[], offset = 0): Slice {
  const frames = Buffer.concat(texts.map(webSocketFrame))
  // A view into a larger buffer, as a segment gives it.
  const memory = Buffer.alloc(offset + frames.length + 7, 0x81)
  frames.copy(memory, offset)
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset + offset, frames.length)
  return { bytes, through: texts.length, segment: { allocatedBytes: memory.length, retained: true } }
}

describe('[R52] a slice of a topic’s log', () => {
  it('is framed as one event for each of its messages, whatever their lengths and number', () => {
    const length = fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000))
    const text = fc
      .tuple(length, fc.constantFrom('x', 'ü', '😀', '\u2028'))
      .map(([count, character]) => JSON.stringify(character.repeat(count)))
    const slices = fc.tuple(fc.array(text, { minLength: 1, maxLength: 12 }), fc.nat(40))
    fc.assert(
      fc.property(slices, ([texts, offset]) => {
        const slice = sliceOf(texts, offset)
        const framed = new EventFraming().framed(slice)
        expect(Buffer.from(framed.bytes).equals(Buffer.concat(texts.map(encodeEvent)))).toBe(true)
        expect(framed.through).toBe(slice.through)
      }),
      { seed, numRuns: 200 },
    )
  })

  it('holds no line break but those between events, whatever the message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (topic, data) => {
        const message = { topic, offset: 1, time: 1, user: data, data: JSON.stringify(data) }
        const { bytes } = new EventFraming().framed({
          bytes: encodeMessage(message),
          through: 1,
          segment: null,
        })
        const event = Buffer.from(bytes).toString()
        expect(event.slice(0, -2)).not.toMatch(/[\r\n]/)
        expect(JSON.parse(event.slice('data: '.length))).toMatchObject({ topic, data })
      }),
      { seed, numRuns: 300 },
    )
  })

  it('is framed once for all who share it', () => {
    const framing = new EventFraming()
    const slice = sliceOf(['"a"'])
    expect(framing.framed(slice)).toBe(framing.framed(slice))
  })

  it('is framed once for those who read the same stretch of a segment later', () => {
    const framing = new EventFraming()
    const slice = sliceOf(['"a"', '"b"'])
    const framed = framing.framed(slice)
    expect(framing.framed({ ...slice })).toBe(framed)
    expect(framing.framed({ ...slice, bytes: slice.bytes.subarray(0, 5), through: 1 })).not.toBe(framed)
  })

  it('counts as memory that a stalled link pins, as much as it takes, unless it is short', () => {
    const framing = new EventFraming()
    expect(framing.framed(sliceOf(['"short"'])).segment).toBeNull()
    const { bytes, segment } = framing.framed(sliceOf(Array.from({ length: 100 }, () => 'x'.repeat(200))))
    expect(segment).toEqual({ allocatedBytes: bytes.buffer.byteLength, retained: false })
  })

  it('is forgotten when what is remembered takes more than 4 MB, although the log remembers it', () => {
    const framing = new EventFraming()
    const slices = Array.from({ length: 100 }, () => sliceOf(['x'.repeat(60_000)]))
    const framed = slices.map((slice) => framing.framed(slice))
    const remembered = slices.filter((slice, index) => framing.framed(slice) === framed[index])
    expect(remembered.length).toBeLessThan(70)
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventParser } from './event-parser.ts'

function read(...pieces: string[]): string[] {
  const received: string[] = []
  const parse = eventParser((data) => void received.push(data))
  for (const piece of pieces) parse(piece)
  return received
}

describe('[R52] the stream of events', () => {
  it('gives the data of each event', () => {
    expect(read('data: {"a":1}\n\ndata: {"b":2}\n\n')).toEqual(['{"a":1}', '{"b":2}'])
  })

  it('waits for the end of a line', () => {
    expect(read('data: {"a"', ':1}')).toEqual([])
    expect(read('data: {"a"', ':1}', '\n')).toEqual(['{"a":1}'])
  })

  it('passes over comments and fields it does not know', () => {
    expect(read(': hello\n\nevent: x\nid: 3\nretry: 10\ndata: 1\n\n:data: 2\n\n')).toEqual(['1'])
  })

  it('takes lines that end with CR LF, cut between the two as well', () => {
    expect(read('data: {"a":1}\r', '\n\r', '\ndata: {"b":2}\r\n\r\n')).toEqual(['{"a":1}', '{"b":2}'])
  })

  it('gives the same however the text is cut', () => {
    const lineEnd = fc.constantFrom('\n', '\r\n')
    const noise = fc.constantFrom('', ': comment', ':', 'event: x')
    const event = fc.tuple(fc.json({ stringUnit: 'grapheme' }), lineEnd, noise)
    const check = (events: [string, string, string][], cuts: number[]): void => {
      const text = events.map(([json, end, noise]) => `${noise}${end}data: ${json}${end}${end}`).join('')
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length]
      const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
      expect(read(...pieces).map((json) => JSON.parse(json) as unknown)).toEqual(
        events.map(([json]) => JSON.parse(json) as unknown),
      )
    }
    fc.assert(fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), check))
  })
})

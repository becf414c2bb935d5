import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeFrom, type Received } from '../../testing/decode-from.ts'
import { hubFrames } from './hub-frames.ts'
import { clientFrames } from './shapes.ts'

const protocol = readFileSync(new URL('../../../../../PROTOCOL.md', import.meta.url), 'utf8')

type Side = 'C' | 'H'
const sides: readonly Side[] = ['C', 'H']
const shapesOf: Readonly<Record<Side, Readonly<Record<string, object>>>> = { C: clientFrames, H: hubFrames }

const decode = (frame: object, side: Side): Received =>
  decodeFrom(side === 'C' ? 'client' : 'hub', JSON.stringify(frame))

interface Example {
  readonly side: Side
  readonly type: string
  readonly frame: Readonly<Record<string, unknown>>
}

const examples: readonly Example[] = (/### Examples\n\n```json\n(.*?)\n```/s.exec(protocol)?.[1] ?? '')
  .split('\n')
  .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>> & { readonly type: string })
  .flatMap((frame) => sides.map((side) => ({ side, type: frame.type, frame })))
  .filter(({ side, type }) => rowOf(type)?.sides.includes(side))

interface Row {
  readonly type: string
  readonly sides: readonly Side[]
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

function rowOf(type: string): Row | undefined {
  return rows().find((row) => row.type === type)
}

/** The frames table; of each field the first word in backticks is its name, `?` behind it makes it optional. */
function rows(): readonly Row[] {
  const lines = protocol.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ([CH, ]+) \| (.+) \|$/gm)
  return Array.from(lines).flatMap(([, types = '', sides = '', cell = '']) => {
    const fields = cell.split('; ').flatMap(fieldsIn)
    const required = fields.filter((field) => !field.endsWith('?'))
    const optional = fields.filter((field) => field.endsWith('?')).map((field) => field.slice(0, -1))
    return types
      .replaceAll('`', '')
      .split(', ')
      .map((type) => ({ type, sides: sides.split(', ') as Side[], required, optional }))
  })
}

function fieldsIn(text: string): string[] {
  const [description = ''] = text.split(':')
  const names = Array.from(description.matchAll(/`(\w+)`(\??)/g), ([, name, mark]) => `${name}${mark}`)
  return description.startsWith('either') ? names.map((name) => `${name}?`) : names.slice(0, 1)
}

describe('PROTOCOL.md, chapter 8', () => {
  test.each(examples)('the example of $type decodes ($side)', ({ side, frame }) => {
    expect(decode(frame, side)).toEqual({ kind: 'frame', frame })
  })

  test.each(sides)('direction %s: each row has a shape and an example, and the other way round', (side) => {
    const types = Object.keys(shapesOf[side]).toSorted()
    const described = rows().filter((row) => row.sides.includes(side))
    expect(described.map(({ type }) => type).toSorted()).toEqual(types)
    const shown = examples.filter((example) => example.side === side)
    expect([...new Set(shown.map(({ type }) => type))].toSorted()).toEqual(types)
  })

  const rowsBySide = rows().flatMap((row) => row.sides.map((side) => ({ ...row, side })))

  test.each(rowsBySide)('the row of $type has the fields of its shape ($side)', (row) => {
    const fields = Object.keys(shapesOf[row.side][row.type] ?? {}).toSorted()
    expect([...row.required, ...row.optional].toSorted()).toEqual(fields)
  })

  test.each(examples)('$type may lack the fields that its row marks with "?" only ($side)', (example) => {
    const { side, type, frame } = example
    for (const field of Object.keys(frame)) {
      if (field === 'type') continue
      const { [field]: _, ...rest } = frame
      // A result has one of two fields, so neither may be missing from its examples.
      const dispensable = type !== 'result' && rowOf(type)?.optional.includes(field)
      expect(decode(rest, side).kind, field).toBe(dispensable ? 'frame' : 'fault')
    }
  })
})

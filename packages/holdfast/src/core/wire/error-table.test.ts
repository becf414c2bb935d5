import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from './error-codes.ts'
import { errorTable } from './error-table.ts'
import { HoldfastError, rejection } from './errors.ts'

const protocolPath = fileURLToPath(new URL('../../../../../PROTOCOL.md', import.meta.url))
const protocol = readFileSync(protocolPath, 'utf8')
const table = /(?<=<!-- errors:start -->\n).*(?=<!-- errors:end -->)/s
const columns = ['code', 'meaning', 'retry', 'what to do', 'close code', 'HTTP status']
const codes = Object.keys(errorTable) as ErrorCode[]

interface DescribedRow {
  readonly code: string
  readonly cells: readonly string[]
}

function describedRows(): readonly DescribedRow[] {
  const [text = ''] = table.exec(protocol) ?? []
  const [, , ...lines] = text.trimEnd().split('\n').map(cellsOf)
  return lines.map(([code = '', ...cells]) => ({ code: code.replaceAll('`', ''), cells }))
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())

function renderedTable(): string {
  const rows = codes.map((code) => {
    const { meaning, retry, action, closeCode, httpStatus } = errorTable[code]
    return [`\`${code}\``, meaning, retry ? 'yes' : 'no', action, closeCode ?? '–', httpStatus ?? '–']
  })
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

describe('the error table of PROTOCOL.md, chapter 7', () => {
  test('is the one that errorTable gives; `vitest run error-table --update` writes it', async () => {
    expect(table.test(protocol)).toBe(true)
    await expect(protocol.replace(table, renderedTable)).toMatchFileSnapshot(protocolPath)
  })

  test('has the codes of errorTable, in their order', () => {
    expect(describedRows().map(({ code }) => code)).toEqual(codes)
  })

  test.each(describedRows())(
    '$code: meaning, retry, what to do, close code, HTTP status',
    ({ code, cells }) => {
      const { meaning, retry, action, closeCode, httpStatus } = errorTable[code as ErrorCode]
      const cell = (value: number | null) => (value === null ? '–' : String(value))
      expect(cells).toEqual([meaning, retry ? 'yes' : 'no', action, cell(closeCode), cell(httpStatus)])
    },
  )
})

describe('errorTable', () => {
  test.each(codes)('%s can be told from others and read', (code) => {
    const { meaning, action } = errorTable[code]
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    for (const sentence of [meaning, action]) expect(sentence).toMatch(/^[A-Z`][^|\n]*\.$/)
  })

  test('each close code belongs to one error', () => {
    const closeCodes = codes
      .map((code) => errorTable[code].closeCode)
      .filter((closeCode) => closeCode !== null)
    expect(closeCodes).toEqual([...new Set(closeCodes)])
  })

  test('close codes are those that an application may use, and 1009 for what is too large', () => {
    for (const code of codes) {
      const { closeCode } = errorTable[code]
      if (code === 'frame_too_large') expect(closeCode).toBe(1_009)
      else expect(closeCode ?? 4_000, code).toSatisfy((value: number) => value >= 4_000 && value <= 4_999)
    }
  })

  test('HTTP statuses are refusals', () => {
    for (const code of codes) {
      expect(errorTable[code].httpStatus ?? 400, code).toSatisfy(
        (value: number) => value >= 400 && value <= 599,
      )
    }
  })
})

describe('HoldfastError', () => {
  /** How links end, which says itself whether to come back. */
  const departures = [
    'connect_failed',
    'connect_timeout',
    'token_failed',
    'link_lost',
    'request_invalid',
    'link_unknown',
    'page_hidden',
  ]
  const settlements = codes.filter(
    (code) => code === 'identity_changed' || (!errorTable[code].closeCode && !departures.includes(code)),
  )

  test.each(settlements)('%s says of a retry what the table says, unless told otherwise', (code) => {
    expect(new HoldfastError(code, '').retry).toBe(errorTable[code].retry)
    expect(new HoldfastError(code, '', { retry: !errorTable[code].retry }).retry).toBe(
      !errorTable[code].retry,
    )
  })

  test.each(['later', 'constructor', '__proto__'])(
    'a peer may send the code %s, which this side does not know',
    (code) => {
      expect(new HoldfastError(code as ErrorCode, 'm')).toMatchObject({ code, message: 'm', retry: false })
    },
  )

  test('a rejection carries the reason and the data of the application', () => {
    const error = rejection('name_taken', 'The name is taken.', { name: 'Ada' })
    const fields = { code: 'rejected', reason: 'name_taken', data: { name: 'Ada' }, outcome: 'replied' }
    expect(error).toMatchObject({ ...fields, message: 'The name is taken.', retry: false })
    expect(rejection('name_taken').message).toBe('name_taken')
  })

  test('the cause is kept', () => {
    const cause = new Error('below')
    expect(new HoldfastError('engine_failed', '', { cause }).cause).toBe(cause)
    expect('cause' in new HoldfastError('engine_failed', '')).toBe(false)
  })
})

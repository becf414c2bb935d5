import { readFileSync } from 'node:fs'

export interface ErrorRow {
  readonly code: string
  readonly retry: boolean
  /** Null: it ends no link. */
  readonly closeCode: number | null
  /** Null: it answers no request. */
  readonly httpStatus: number | null
}

/** The error table of chapter 7, by code. */
export function errorTable(): ReadonlyMap<string, ErrorRow> {
  const protocol = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8')
  const [, table = ''] = /<!-- errors:start -->\n([^]*)<!-- errors:end -->/.exec(protocol) ?? []
  const rows = table.matchAll(/^\| `(\w+)` \|.*\| (yes|no) \|.*\| (\d+|–) \| (\d+|–) \|$/gm)
  const number = (text: string | undefined): number | null => (text === '–' ? null : Number(text))
  return new Map(
    Array.from(rows, ([, code = '', retry, closeCode, httpStatus]) => [
      code,
      { code, retry: retry === 'yes', closeCode: number(closeCode), httpStatus: number(httpStatus) },
    ]),
  )
}

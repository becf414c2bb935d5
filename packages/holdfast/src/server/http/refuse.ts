import type { ErrorCode } from '../../core/wire/error-codes.ts'
import { errorTable } from '../../core/wire/error-table.ts'
import type { HttpExchange, ResponseHeaders } from './exchange.ts'

export interface HttpRefusal {
  readonly code: ErrorCode
  readonly message: string
  /** Default: that of the error table. */
  readonly status?: number
  readonly headers?: ResponseHeaders
}

/** Refuses a request as a whole; its connection is closed, whatever of it is still to come [R49]. */
export function refuse(exchange: HttpExchange, { code, message, status, headers }: HttpRefusal): void {
  const { httpStatus, retry } = errorTable[code]
  const goodbye = JSON.stringify({ type: 'goodbye', code, message, retry })
  exchange.answer(
    status ?? httpStatus ?? 400,
    { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' },
    [Buffer.from(goodbye)],
  )
}

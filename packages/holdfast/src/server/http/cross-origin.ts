import type { HubSettings } from '../options.ts'
import type { HttpExchange, ResponseHeaders } from './exchange.ts'

const daySeconds = 86_400

/** What lets a page of another origin, one that is allowed, read the answer [R54]. */
export function crossOriginHeaders(
  { headers: { origin } }: HttpExchange,
  origins: HubSettings['origins'],
): ResponseHeaders {
  if (origin === undefined) return {}
  const exposed = { 'access-control-expose-headers': 'holdfast-link, holdfast-sequence' }
  if (origins === '*') return { 'access-control-allow-origin': '*', ...exposed }
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'origin',
    ...exposed,
  }
}

/** What a browser asks for before it sends a page's request to another origin. */
export const preflightHeaders: ResponseHeaders = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers':
    'content-type, holdfast-link, holdfast-sequence, holdfast-received, holdfast-wait',
  'access-control-max-age': String(daySeconds),
}

/** The same exchange, whose answer has some more headers. */
export function withHeaders(exchange: HttpExchange, added: ResponseHeaders): HttpExchange {
  const { method, url, headers, remoteAddress, pipelined } = exchange
  return {
    method,
    url,
    headers,
    remoteAddress,
    pipelined,
    readBody: (maxBytes, read) => exchange.readBody(maxBytes, read),
    answer: (status, headers, parts) => exchange.answer(status, { ...added, ...headers }, parts),
    begin: (status, headers) => exchange.begin(status, { ...added, ...headers }),
    write: (parts, written) => exchange.write(parts, written),
    end: () => exchange.end(),
    destroy: () => exchange.destroy(),
    onClosed: (callback) => exchange.onClosed(callback),
    onPipelined: (callback) => exchange.onPipelined(callback),
  }
}

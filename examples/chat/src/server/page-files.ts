import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

const root = new URL('../../', import.meta.url)

/** Everything a browser may ask for, by path. */
const files: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'public/index.html', type: 'text/html; charset=utf-8' },
  '/style.css': { file: 'public/style.css', type: 'text/css; charset=utf-8' },
  '/icon.svg': { file: 'public/icon.svg', type: 'image/svg+xml' },
  '/page.js': { file: 'dist/bundle/page.js', type: 'text/javascript; charset=utf-8' },
  '/page.js.map': { file: 'dist/bundle/page.js.map', type: 'application/json' },
}

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Answers with a file of the page. False if there is none at that path. */
export function servePageFile({ method, url = '/' }: IncomingMessage, response: ServerResponse): boolean {
  const found = files[url.split('?', 1)[0] ?? '/']
  if (!found || (method !== 'GET' && method !== 'HEAD')) return false
  const body = readFileSync(new URL(found.file, root))
  response.writeHead(200, { ...headers, 'content-type': found.type, 'content-length': body.length })
  response.end(method === 'HEAD' ? undefined : body)
  return true
}

import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

const ownRoot = new URL('../../', import.meta.url)

interface PageFile {
  readonly file: URL
  readonly type: string
}

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Everything a browser may ask for, by path. */
export class PageFiles {
  readonly #byPath: Readonly<Record<string, PageFile>>

  /** @param root the example's folder */
  constructor(root: URL) {
    const own = (path: string): URL => new URL(path, root)
    this.#byPath = {
      '/': { file: own('public/index.html'), type: 'text/html; charset=utf-8' },
      '/base.css': { file: new URL('public/base.css', ownRoot), type: 'text/css; charset=utf-8' },
      '/style.css': { file: own('public/style.css'), type: 'text/css; charset=utf-8' },
      '/icon.svg': { file: own('public/icon.svg'), type: 'image/svg+xml' },
      '/page.js': { file: own('dist/bundle/page.js'), type: 'text/javascript; charset=utf-8' },
      '/page.js.map': { file: own('dist/bundle/page.js.map'), type: 'application/json' },
    }
  }

  /** Answers with a file of the page. False if there is none at that path. */
  serve({ method, url = '/' }: IncomingMessage, response: ServerResponse): boolean {
    const path = url.split('?', 1)[0] ?? '/'
    const found = Object.hasOwn(this.#byPath, path) ? this.#byPath[path] : undefined
    if (!found || (method !== 'GET' && method !== 'HEAD')) return false
    const body = readFileSync(found.file)
    response.writeHead(200, { ...headers, 'content-type': found.type, 'content-length': body.length })
    response.end(method === 'HEAD' ? undefined : body)
    return true
  }
}

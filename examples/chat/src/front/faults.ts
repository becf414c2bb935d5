import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HubProcess } from './hub-process-supervisor.ts'
import type { Links } from './links.ts'

const maxBlockMs = 60_000

/** The buttons that hurt: `POST /faults/<name>?tab=<page>`. Answered here, so that they work while the server does not. */
export class Faults {
  readonly #byName: Readonly<Record<string, (query: URLSearchParams) => void>>

  constructor(links: Links, hubProcess: HubProcess) {
    const tabOf = (query: URLSearchParams): string => query.get('tab') ?? ''
    this.#byName = {
      cut: (query) => links.cut(tabOf(query)),
      unplug: (query) => links.unplug(tabOf(query)),
      'plug-in': (query) => links.plugIn(tabOf(query)),
      'half-open': (query) => links.goHalfOpen(tabOf(query)),
      block: (query) => hubProcess.block(Math.min(Number(query.get('ms')) || 10_000, maxBlockMs)),
      restart: () => hubProcess.restart('SIGTERM'),
      crash: () => hubProcess.restart('SIGKILL'),
    }
  }

  /** False if the request is for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const [, folder, name = ''] = pathname.split('/')
    if (folder !== 'faults') return false
    request.resume()
    const fault = Object.hasOwn(this.#byName, name) ? this.#byName[name] : undefined
    if (!fault || request.method !== 'POST') response.writeHead(404).end()
    else if (isForeign(request)) response.writeHead(403).end()
    else {
      fault(searchParams)
      response.writeHead(204).end()
    }
    return true
  }
}

/** Another site's page may send a POST without reading the answer: it must not restart anything. */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)
}

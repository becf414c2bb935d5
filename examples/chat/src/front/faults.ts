import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SupervisedProcess } from 'holdfast-example-site/server/supervised-process'
import type { Lines } from './lines.ts'

const maxBlockMs = 60_000

/** The buttons that hurt: `POST /faults/<name>?tab=<page>`. Answered here, so that they work while the server does not. */
export class Faults {
  readonly #byName: Readonly<Record<string, (query: URLSearchParams) => void>>

  constructor(lines: Lines, hubProcess: SupervisedProcess) {
    this.#byName = {
      cut: (query) => lines.of(query).cut(),
      unplug: (query) => lines.of(query).unplug(),
      'plug-in': (query) => lines.of(query).plugIn(),
      'half-open': (query) => lines.of(query).goHalfOpen(),
      'block-websocket': (query) => lines.of(query).blockWebSocket(),
      'let-websocket-through': (query) => lines.of(query).letWebSocketThrough(),
      buffer: (query) => lines.of(query).buffer(),
      'stop-buffering': (query) => lines.of(query).stopBuffering(),
      block: (query) =>
        hubProcess.send({ type: 'block', ms: Math.min(Number(query.get('ms')) || 10_000, maxBlockMs) }),
      restart: () => hubProcess.restart('SIGTERM'),
      crash: () => hubProcess.restart('SIGKILL'),
    }
  }

  /** False if the request is for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = '', query] = request.url?.split('?', 2) ?? []
    const [, folder, name = ''] = path.split('/')
    if (folder !== 'faults') return false
    request.resume()
    const fault = Object.hasOwn(this.#byName, name) ? this.#byName[name] : undefined
    if (!fault || request.method !== 'POST') response.writeHead(404).end()
    else if (isForeign(request)) response.writeHead(403).end()
    else {
      fault(new URLSearchParams(query))
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

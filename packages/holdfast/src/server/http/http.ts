import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpTransport } from '../transports/http-transport.ts'
import type { HttpExchange } from './exchange.ts'
import { NodeExchange } from './node-exchange.ts'

/**
 * Serves the requests to a hub that are no upgrades: below its path those that links over HTTP are made of.
 * @param root the hub's path in the requests' URLs; empty where a framework has taken it off
 */
export function requestListener(
  root: string,
  transport: HttpTransport,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const exchange = new NodeExchange(request, response)
    const [path = ''] = exchange.url.split('?', 1)
    if (path === root || path === `${root}/`) answerPlainRequest(exchange)
    else transport.serve(exchange)
  }
}

/** Only upgrades are served at the hub's path itself. */
function answerPlainRequest(exchange: HttpExchange): void {
  const problem = JSON.stringify({
    code: 'version_unsupported',
    message: 'This is a Holdfast hub: connect with holdfast/client.',
  })
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    upgrade: 'websocket',
    connection: 'Upgrade',
  }
  exchange.answer(426, headers, [Buffer.from(problem)])
}

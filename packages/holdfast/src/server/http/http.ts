import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a plain HTTP request to the hub's path: only upgrades are served there. */
export function answerPlainRequest(request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ code: 'version_unsupported', message: 'Connect with WebSocket.' })
  request.resume()
  response.writeHead(426, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    upgrade: 'websocket',
    connection: 'Upgrade',
  })
  response.end(body)
}

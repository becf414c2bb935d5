import { request as openRequest, type IncomingMessage, type ServerResponse } from 'node:http'

/** Passes a plain HTTP request on to the server, whose port is null while it is not there. */
export function forward(request: IncomingMessage, response: ServerResponse, port: number | null): void {
  const refuse = (): void => {
    request.resume()
    if (response.headersSent) response.destroy()
    else
      response
        .writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain' })
        .end('The server restarts.\n')
  }
  if (port === null) return refuse()
  const { method, url, headers } = request
  const onward = openRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
  onward.on('error', refuse)
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}

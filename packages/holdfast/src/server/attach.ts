import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface RequestReceiver {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/**
 * Takes the requests under a path out of the server's events, before any listener sees them; listeners that are
 * added later don't see them either. Returns a function that undoes it.
 */
export function attachTo(server: Server, path: string, receiver: RequestReceiver): () => void {
  const ours = (request: IncomingMessage): boolean => isUnder(request.url ?? '', path)
  const emit: Server['emit'] = Reflect.get(server, 'emit')
  let attached = true

  // Node emits `upgrade` only if somebody listens; without another listener the foreign ones are refused here.
  const refuseForeign = (_request: IncomingMessage, socket: Duplex): void => {
    if (server.listenerCount('upgrade') === 1)
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
  }
  const intercept = function (this: Server, event: string, ...values: unknown[]): boolean {
    const [request, second, head] = values
    if (attached && (event === 'request' || event === 'upgrade') && ours(request as IncomingMessage)) {
      if (event === 'upgrade') receiver.upgrade(request as IncomingMessage, second as Duplex, head as Buffer)
      else receiver.request(request as IncomingMessage, second as ServerResponse)
      return true
    }
    return Reflect.apply(emit, this, [event, ...values]) as boolean
  }
  server.emit = intercept as Server['emit']
  server.on('upgrade', refuseForeign)

  return () => {
    if (!attached) return
    attached = false
    server.off('upgrade', refuseForeign)
    if (server.emit === intercept) server.emit = emit
  }
}

function isUnder(url: string, path: string): boolean {
  const [pathname = ''] = url.split('?', 1)
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { refuseUpgrade } from './refuse-upgrade.ts'

export interface RequestReceiver {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

interface Route {
  readonly path: string
  readonly receiver: RequestReceiver
}

const interceptions = new WeakMap<Server, Interception>()

/**
 * Takes the requests under a path out of the server's events, before any listener sees them; listeners that are
 * added later don't see them either. Returns a function that undoes it; with the last one the server is as it was.
 */
export function attachTo(server: Server, path: string, receiver: RequestReceiver): () => void {
  if (!path.startsWith('/')) throw new TypeError('the path of a hub begins with /')
  const interception = interceptions.get(server) ?? new Interception(server)
  // WebSockets come to the path itself, without what would follow the slash.
  return interception.add({ path: path.replace(/(.)\/$/, '$1'), receiver })
}

/** What all hubs on one server share, so that they can be attached and detached in any order. */
class Interception {
  readonly #server: Server
  readonly #routes = new Set<Route>()
  readonly #emit: Server['emit']
  readonly #emitIsOwn: boolean
  readonly #intercept: Server['emit']

  constructor(server: Server) {
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the `this` it was called with
    const { emit } = server
    const routes = this.#routes
    this.#server = server
    this.#emit = emit
    this.#emitIsOwn = Object.hasOwn(server, 'emit')
    this.#intercept = function (this: Server, event: string, ...values: unknown[]): boolean {
      return deliver(routes, event, values) || (Reflect.apply(emit, this, [event, ...values]) as boolean)
    }
    server.emit = this.#intercept
    server.on('upgrade', this.#refuseForeign)
    interceptions.set(server, this)
  }

  add(route: Route): () => void {
    this.#routes.add(route)
    return () => {
      if (this.#routes.delete(route) && this.#routes.size === 0) this.#undo()
    }
  }

  #undo(): void {
    const server = this.#server
    interceptions.delete(server)
    server.off('upgrade', this.#refuseForeign)
    // Somebody else may have wrapped `emit` since: then ours stays under theirs and passes everything on.
    if (server.emit !== this.#intercept) return
    if (this.#emitIsOwn) server.emit = this.#emit
    else Reflect.deleteProperty(server, 'emit')
  }

  /** Node emits `upgrade` only if somebody listens; without another listener the foreign ones are refused here. */
  readonly #refuseForeign = (_request: IncomingMessage, socket: Duplex): void => {
    if (this.#server.listenerCount('upgrade') === 1) refuseUpgrade(socket, '404 Not Found')
  }
}

/** Hands a request to whose path it is under; false if it is nobody's. */
function deliver(routes: Iterable<Route>, event: string, values: readonly unknown[]): boolean {
  if (event !== 'request' && event !== 'upgrade') return false
  const [request, second, head] = values as [IncomingMessage, unknown, Buffer]
  for (const { path, receiver } of routes) {
    if (!isUnder(request.url ?? '', path)) continue
    if (event === 'upgrade') receiver.upgrade(request, second as Duplex, head)
    else receiver.request(request, second as ServerResponse)
    return true
  }
  return false
}

function isUnder(url: string, path: string): boolean {
  const [pathname = ''] = url.split('?', 1)
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

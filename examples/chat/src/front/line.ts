import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Exchange } from './exchange.ts'
import type { Passage } from './passage.ts'
import { Tunnel } from './tunnel.ts'

/** What lies between one page and the hub: the page's passages, and what is done to them. */
export class Line {
  readonly #passages = new Set<Passage>()
  #unplugged = false
  #webSocketBlocked = false
  #buffering = false
  /** Links of several requests that went half-open: the requests still to come are swallowed like those under way. */
  #halfOpenLinks: ReadonlySet<string | null> = new Set()

  get idle(): boolean {
    return this.#passages.size === 0
  }

  /** @param port where the server listens, null while it is not there */
  upgrade(request: IncomingMessage, page: Duplex, head: Buffer, port: number | null): void {
    // Without a listener an error of its socket would end the front.
    page.on('error', () => {})
    if (this.#webSocketBlocked) {
      page.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    } else if (port === null || this.#unplugged) {
      page.destroy()
    } else {
      const tunnel: Tunnel = new Tunnel(request, page, head, port, () => this.#passages.delete(tunnel))
      this.#passages.add(tunnel)
    }
  }

  /** @param port where the server listens, null while it is not there */
  request(request: IncomingMessage, response: ServerResponse, port: number | null): void {
    if (this.#unplugged) {
      request.socket.destroy()
      return
    }
    const exchange: Exchange = new Exchange(request, response, () => this.#passages.delete(exchange))
    this.#passages.add(exchange)
    if (exchange.link !== null && this.#halfOpenLinks.has(exchange.link)) exchange.goHalfOpen()
    else exchange.forward(port, this.#buffering)
  }

  cut(): void {
    for (const passage of this.#passages) passage.cut()
  }

  goHalfOpen(): void {
    // A link that was half-open before, and is used still, has a swallowed request under way.
    this.#halfOpenLinks = new Set(Array.from(this.#passages, ({ link }) => link))
    for (const passage of this.#passages) passage.goHalfOpen()
  }

  /** Cuts everything, and refuses what comes until it is plugged in again. */
  unplug(): void {
    this.#unplugged = true
    this.cut()
  }

  plugIn(): void {
    this.#unplugged = false
  }

  /** Has a proxy in the way that does not know WebSocket. */
  blockWebSocket(): void {
    this.#webSocketBlocked = true
    for (const passage of this.#passages) if (passage instanceof Tunnel) passage.cut()
  }

  letWebSocketThrough(): void {
    this.#webSocketBlocked = false
  }

  /** Has a proxy in the way that passes on responses only once they have ended. */
  buffer(): void {
    this.#buffering = true
    for (const passage of this.#passages) if (passage instanceof Exchange) passage.cut()
  }

  stopBuffering(): void {
    this.#buffering = false
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Exchange } from './exchange.ts'
import type { Passage } from './passage.ts'
import { Tunnel } from './tunnel.ts'

/** A page has one link, and a second one while it changes over. */
const maxRecentLinks = 4

/** What lies between one page and the hub: the page's passages, and what is done to them. */
export class Line {
  readonly #passages = new Set<Passage>()
  #unplugged = false
  #webSocketBlocked = false
  #buffering = false
  /** The names of the links of requests that were used last. */
  readonly #recentLinks = new Set<string>()
  /** Those of them that went half-open: requests still to come are swallowed like those that were under way. */
  #halfOpenLinks: ReadonlySet<string> = new Set()

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
    if (this.#belongsToHalfOpenLink(request)) exchange.goHalfOpen()
    else exchange.forward(port, this.#buffering)
  }

  cut(): void {
    for (const passage of this.#passages) passage.cut()
  }

  goHalfOpen(): void {
    this.#halfOpenLinks = new Set(this.#recentLinks)
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

  #belongsToHalfOpenLink({ headers }: IncomingMessage): boolean {
    const link = headers['holdfast-link']
    if (typeof link !== 'string') return false
    this.#recentLinks.delete(link)
    this.#recentLinks.add(link)
    const [oldest] = this.#recentLinks
    if (oldest !== undefined && this.#recentLinks.size > maxRecentLinks) this.#recentLinks.delete(oldest)
    return this.#halfOpenLinks.has(link)
  }
}

import type { IncomingMessage } from 'node:http'
import { connect, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Passage } from './passage.ts'

/** One WebSocket on its way through the front: bytes from the page go to the hub, and back. */
export class Tunnel implements Passage {
  readonly #page: Duplex
  readonly #hub: Duplex
  #halfOpen = false

  /**
   * @param port where the server listens
   * @param gone called once, when neither side is left
   */
  constructor(request: IncomingMessage, page: Duplex, head: Buffer, port: number, gone: () => void) {
    this.#page = page
    this.#hub = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#hub.write(headOf(request))
    this.#hub.write(head)
    for (const socket of [this.#page, this.#hub]) {
      // A `close` follows, and it says all there is to say.
      socket.on('error', () => {})
      socket.on('close', () => {
        if (!this.#halfOpen) this.cut()
        if (this.#page.destroyed && this.#hub.destroyed) gone()
      })
    }
    this.#page.pipe(this.#hub)
    this.#hub.pipe(this.#page)
  }

  cut(): void {
    for (const socket of [this.#page, this.#hub]) {
      if (socket instanceof Socket) socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  goHalfOpen(): void {
    if (this.#halfOpen) return
    this.#halfOpen = true
    for (const socket of [this.#page, this.#hub]) {
      socket.unpipe()
      socket.resume()
      socket.on('end', () => socket.destroy())
    }
  }
}

/** The request as it came, for the server to read. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/1.1`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index] ?? ''}: ${rawHeaders[index + 1] ?? ''}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

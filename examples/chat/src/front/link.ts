import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** One WebSocket on its way through the front: bytes from the page go to the hub, and back. */
export class Link {
  readonly #page: Duplex
  readonly #hub: Duplex
  #halfOpen = false

  /** @param gone called once, when neither side is left */
  constructor(page: Duplex, hub: Duplex, gone: () => void) {
    this.#page = page
    this.#hub = hub
    for (const socket of [page, hub]) {
      // A `close` follows, and it says all there is to say.
      socket.on('error', () => {})
      socket.on('close', () => {
        if (!this.#halfOpen) this.cut()
        if (page.destroyed && hub.destroyed) gone()
      })
    }
    page.pipe(hub)
    hub.pipe(page)
  }

  /** Both sides see a reset connection. */
  cut(): void {
    for (const socket of [this.#page, this.#hub]) {
      if (socket instanceof Socket) socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  /**
   * From now on the network swallows what either side says, and tells neither: each has to notice by itself. A side that
   * closes is let go without the other learning of it.
   */
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

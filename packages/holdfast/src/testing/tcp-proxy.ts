import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

interface Line {
  readonly near: Socket
  readonly far: Socket
  frozen: boolean
}

/** A proxy between client and hub on the loopback, to cut, reset or freeze their connections. */
export class TcpProxy {
  readonly #server: Server
  readonly #lines = new Set<Line>()
  #frozen = false

  private constructor(targetPort: number) {
    // Half-open is allowed: each side's end is passed on, and a frozen line passes on nothing.
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near, targetPort))
  }

  static async before(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get lineCount(): number {
    return this.#lines.size
  }

  /** Closes every connection on both sides. */
  cut(): void {
    for (const { near, far } of this.#lines) {
      near.destroy()
      far.destroy()
    }
  }

  /** Resets every connection on both sides. */
  reset(): void {
    for (const { near, far } of this.#lines) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }

  /** From now on whatever is sent vanishes, ends and resets too; new connections are accepted and get no answer. */
  freeze(): void {
    this.#frozen = true
    for (const line of this.#lines) line.frozen = true
  }

  /** New connections work again; those that were frozen stay so. */
  thaw(): void {
    this.#frozen = false
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  #accept(near: Socket, targetPort: number): void {
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const line: Line = { near, far, frozen: this.#frozen }
    this.#lines.add(line)
    this.#pass(line, near, far)
    this.#pass(line, far, near)
  }

  #pass(line: Line, from: Socket, to: Socket): void {
    from.setNoDelay(true)
    from.on('data', (bytes) => {
      if (!line.frozen && to.writable) to.write(bytes)
    })
    from.on('end', () => {
      if (!line.frozen) to.end()
    })
    // What happens to one side happens to the other; `close` follows.
    from.on('error', () => {})
    from.on('close', () => {
      if (!line.frozen) to.destroy()
      if (line.near.closed && line.far.closed) this.#lines.delete(line)
    })
  }
}

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { HttpExchange, ResponseHeaders } from './exchange.ts'

/** What concerns a connection as a whole, and so is forbidden where it carries many requests at the same time. */
const connectionHeaders: ReadonlySet<string> = new Set(['connection', 'upgrade'])

const ignore = (): void => {}

/** The exchange whose answer is open, on connections that carry one after the other. */
const openExchanges = new WeakMap<object, NodeExchange>()

/**
 * A request that Node's HTTP server or a framework hands over. Uses of both objects only what those of HTTP/2 have as
 * well.
 */
export class NodeExchange implements HttpExchange {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string | null
  readonly pipelined: boolean
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #closed: boolean
  #tellClosed = ignore
  #tellPipelined = ignore

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.method = request.method ?? ''
    this.url = request.url ?? ''
    this.headers = withHost(request.headers)
    const { socket } = request
    this.remoteAddress = socket.remoteAddress ?? null
    // A framework may have taken its time: then nobody tells any more.
    this.#closed = socket.destroyed
    // Over HTTP/1.1 a response gets its socket only when those before it have ended.
    this.pipelined = !this.#isShared && !this.#closed && response.socket === null
    request.on('error', ignore)
    response.on('error', ignore)
    response.once('close', () => this.#close())
    // A body that nobody reads would stop the connection, and hide its end. It begins to flow after this turn.
    request.resume()
    if (this.#isShared) return
    const earlier = openExchanges.get(socket)
    if (!this.pipelined) openExchanges.set(socket, this)
    else if (earlier) earlier.#tellPipelined()
  }

  readBody(maxBytes: number, read: (body: Uint8Array | null) => void): void {
    const request = this.#request
    const body = new GrowingBody(maxBytes)
    const finish = (bytes: Uint8Array | null): void => {
      request.off('data', take)
      request.off('end', end)
      // Over HTTP/2 a body that breaks off ends as well.
      if (!this.#closed) read(bytes)
    }
    const take = (chunk: Uint8Array): void => {
      if (!body.add(chunk)) finish(null)
    }
    const end = (): void => finish(body.bytes)
    // Somebody else has read it: there is nothing in it for us.
    if (request.readableEnded) return process.nextTick(end)
    request.on('data', take)
    request.on('end', end)
  }

  answer(status: number, headers: ResponseHeaders, parts: readonly Uint8Array[]): void {
    if (this.#closed) return
    const response = this.#response
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const sized = parts.length > 0 ? { ...headers, 'content-length': String(length) } : headers
    response.writeHead(status, this.#allowed(sized))
    response.cork()
    for (const part of parts) response.write(part)
    response.uncork()
    response.end()
  }

  begin(status: number, headers: ResponseHeaders): void {
    if (this.#closed) return
    this.#response.writeHead(status, this.#allowed(headers))
    this.#response.flushHeaders()
  }

  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void {
    if (this.#closed) return
    const response = this.#response
    let waited = false
    response.cork()
    for (const [index, part] of parts.entries()) {
      if (index < parts.length - 1) response.write(part)
      else response.write(part, (error) => error || written(waited))
    }
    response.uncork()
    // Node hands it to the operating system at the end of this turn, and calls back after that.
    process.nextTick(() => (waited = response.writableLength > 0))
  }

  end(): void {
    if (!this.#closed) this.#response.end()
  }

  destroy(): void {
    if (!this.#closed) this.#response.destroy()
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback()
    else this.#tellClosed = callback
  }

  onPipelined(callback: () => void): void {
    this.#tellPipelined = callback
  }

  /** The connection carries other requests at the same time. */
  get #isShared(): boolean {
    return this.#request.httpVersionMajor > 1
  }

  #allowed(headers: ResponseHeaders): ResponseHeaders {
    if (!this.#isShared) return headers
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !connectionHeaders.has(name)))
  }

  #close(): void {
    this.#closed = true
    const { socket } = this.#request
    if (openExchanges.get(socket) === this) openExchanges.delete(socket)
    this.#tellClosed()
    this.#tellClosed = this.#tellPipelined = ignore
  }
}

/** HTTP/2 names the host in a field of its own. */
function withHost(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const authority = headers[':authority']
  return headers.host === undefined && typeof authority === 'string'
    ? { ...headers, host: authority }
    : headers
}

/** A body in one buffer, however many pieces it comes in: a piece can cost a hundred times its bytes. */
class GrowingBody {
  readonly #maxBytes: number
  #buffer = new Uint8Array(0)
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** False if it becomes too long; then it keeps nothing. */
  add(piece: Uint8Array): boolean {
    const length = this.#length + piece.length
    if (length > this.#maxBytes) {
      this.#buffer = new Uint8Array(0)
      this.#length = 0
      return false
    }
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.min(Math.max(2 * this.#buffer.length, length), this.#maxBytes))
      larger.set(this.bytes)
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.#length)
    this.#length = length
    return true
  }
}

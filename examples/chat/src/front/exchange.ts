import {
  request as openRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { HoldBack } from './hold-back.ts'
import type { Passage } from './passage.ts'

/** One HTTP request of a page on its way to the server, and the response on its way back, byte by byte as it comes. */
export class Exchange implements Passage {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #gone: () => void
  #onward: ClientRequest | null = null
  #answer: IncomingMessage | null = null
  #halfOpen = false

  /** @param gone called once, when neither side is left */
  constructor(request: IncomingMessage, response: ServerResponse, gone: () => void) {
    this.#request = request
    this.#response = response
    this.#gone = gone
    response.on('close', () => {
      if (!this.#halfOpen) this.#onward?.destroy()
      this.#sideClosed()
    })
  }

  /**
   * @param port where the server listens, null while it is not there
   * @param holdBack whether the response is passed on only once it has ended
   */
  forward(port: number | null, holdBack: boolean): void {
    if (port === null) return this.#refuse()
    const { method, url, headers } = this.#request
    const onward = openRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
    this.#onward = onward
    onward.on('error', () => {
      if (!this.#halfOpen && !this.#answer) this.#refuse()
    })
    onward.on('close', () => this.#sideClosed())
    onward.on('response', (answer) => this.#respond(answer, holdBack))
    this.#request.pipe(onward)
  }

  cut(): void {
    // Once the response has gone, the page's connection carries another request.
    if (!this.#response.closed) this.#request.socket.resetAndDestroy()
    if (!this.#onward?.closed) this.#onward?.socket?.resetAndDestroy()
    this.#onward?.destroy()
  }

  goHalfOpen(): void {
    this.#halfOpen = true
    for (const stream of [this.#request, this.#answer]) {
      stream?.unpipe()
      stream?.resume()
    }
  }

  #respond(answer: IncomingMessage, holdBack: boolean): void {
    this.#answer = answer
    answer.on('error', () => {
      if (!this.#halfOpen) this.#response.destroy()
    })
    if (this.#halfOpen) {
      answer.resume()
      return
    }
    this.#response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (holdBack) answer.pipe(new HoldBack()).pipe(this.#response)
    else {
      this.#response.flushHeaders()
      answer.pipe(this.#response)
    }
  }

  #refuse(): void {
    this.#request.resume()
    this.#response
      .writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain' })
      .end('The server restarts.\n')
  }

  #sideClosed(): void {
    if (this.#response.closed && (this.#onward?.closed ?? true)) this.#gone()
  }
}

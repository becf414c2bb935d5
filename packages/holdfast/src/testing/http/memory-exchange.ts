import type { FetchRequest } from '../../client/fetch.ts'
import type { HttpExchange, ResponseHeaders } from '../../server/http/exchange.ts'
import type { End } from '../wiretap.ts'
import type { HttpConnection } from './http-connection.ts'
import { PendingFetch } from './pending-fetch.ts'

/** What becomes of a response on its way. */
export type ResponseFate = 'arrives' | 'lost' | 'held back until it is whole'

export interface ExchangeRequest extends Pick<FetchRequest, 'method' | 'body' | 'signal'> {
  /** The path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The end of a response whose length was not told, as HTTP/1.1 writes it. */
const lastChunk = Buffer.from('0\r\n\r\n')

/**
 * One request and its response, from `fetch` at the client to the exchange at the hub. Heads and bodies travel as bytes, so
 * they take their time, and a reset can fall inside any of them; what a client aborts the hub hears of after all it sent.
 */
export class MemoryExchange implements HttpExchange {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly remoteAddress = null
  /** Each request is independent of the others. */
  readonly pipelined = false
  readonly fetched: PendingFetch
  readonly #request: ExchangeRequest
  readonly #connection: HttpConnection
  readonly #fate: (status: number) => ResponseFate
  #hubEnd: 'waiting' | 'open' | 'closed' = 'waiting'
  #body: Uint8Array[] = []
  #bodyLength = 0
  #bodyWhole = false
  #bodyReader: { readonly maxBytes: number; readonly read: (body: Uint8Array | null) => void } | null = null
  #closed: (() => void)[] = []
  /** What a proxy holds back. */
  #heldBack: (() => void)[] | null = null

  /** @param fate asked when the hub begins to answer */
  constructor(connection: HttpConnection, request: ExchangeRequest, fate: (status: number) => ResponseFate) {
    this.method = request.method
    this.url = request.url
    this.headers = request.headers
    this.#request = request
    this.#connection = connection
    this.#fate = fate
    this.fetched = new PendingFetch(() => this.#endChanged())
    request.signal.addEventListener('abort', this.#aborted)
  }

  /** The request leaves the client, or a proxy that held it. */
  send(): void {
    const { up, exchanges } = this.#connection
    exchanges.add(this)
    const head = Buffer.from(`${this.method} ${this.url} ${JSON.stringify(this.headers)}`)
    up.write(ignoreBytes, head, null)
    up.mark(() => this.#headArrived())
    this.#tapText('client', 'up', `${this.method} ${this.url}`)
    if (this.#request.body !== undefined) {
      const body = Buffer.from(this.#request.body)
      up.write(this.#bodyArrived, body, null)
      this.#tap('client', 'up', body)
      this.#tapText('client', 'up', '')
    }
    up.mark(() => {
      this.#bodyWhole = true
      this.#readOn()
    })
  }

  get openAtHub(): boolean {
    return this.#hubEnd === 'open'
  }

  /** The client is told that the connection broke. */
  resetAtClient(): void {
    this.fetched.fail(new TypeError('the connection was reset'))
  }

  /** The hub is told that the connection is gone, or that its answer has left. */
  closedAtHub(): void {
    if (this.#hubEnd === 'closed') return
    const was = this.#hubEnd
    this.#hubEnd = 'closed'
    this.#endChanged()
    if (was === 'open') for (const closed of this.#closed.splice(0)) closed()
  }

  /** The hub's process is gone: nobody is told there. */
  forgottenByHub(): void {
    this.#closed = []
    this.#bodyReader = null
    this.#hubEnd = 'closed'
    this.#endChanged()
  }

  readBody(maxBytes: number, read: (body: Uint8Array | null) => void): void {
    this.#bodyReader = { maxBytes, read }
    if (this.#bodyWhole) this.#connection.hub.loop.io(() => this.#readOn())
  }

  answer(status: number, headers: ResponseHeaders, parts: readonly Uint8Array[]): void {
    this.begin(status, headers)
    this.write(parts, () => {})
    this.end()
  }

  begin(status: number, headers: ResponseHeaders): void {
    if (this.#hubEnd !== 'open') return
    const fate = this.#fate(status)
    if (fate === 'held back until it is whole') this.#heldBack = []
    const { down } = this.#connection
    const head = Buffer.from(`${status} ${JSON.stringify(headers)}`)
    this.#tapText('hub', 'down', `${status} to ${this.url}`)
    this.#pass(() => {
      down.write(ignoreBytes, head, null)
      if (fate === 'lost') down.mark(() => this.resetAtClient())
      else down.mark(() => this.#responseBegan(status, headers))
    })
  }

  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void {
    if (this.#hubEnd !== 'open') return
    const { down, hub } = this.#connection
    const bytes = parts.filter(({ length }) => length > 0)
    for (const part of bytes) this.#tap('hub', 'down', part)
    const kernelTakes = bytes.length > 0 && !this.#heldBack
    if (!kernelTakes) hub.loop.io(() => written(false))
    this.#pass(() => {
      for (const [index, part] of bytes.entries()) {
        const isLast = index === bytes.length - 1
        down.write(this.#responseArrived, part, isLast && kernelTakes ? written : null)
      }
    })
  }

  end(): void {
    if (this.#hubEnd !== 'open') return
    const held = this.#heldBack
    this.#heldBack = null
    for (const pass of held ?? []) pass()
    const { down } = this.#connection
    down.write(ignoreBytes, lastChunk, () => this.closedAtHub())
    down.mark(() => this.fetched.finished())
  }

  destroy(): void {
    if (this.#hubEnd !== 'open') return
    const { hub, down } = this.#connection
    hub.loop.io(() => this.closedAtHub())
    down.mark(() => this.resetAtClient())
  }

  onClosed(callback: () => void): void {
    if (this.#hubEnd === 'closed') callback()
    else this.#closed.push(callback)
  }

  onPipelined(): void {}

  readonly #aborted = (): void => {
    this.fetched.fail(this.#request.signal.reason)
    this.#connection.up.mark(() => this.closedAtHub())
  }

  readonly #bodyArrived = (bytes: Uint8Array): void => {
    this.#body.push(bytes)
    this.#bodyLength += bytes.length
    this.#readOn()
  }

  readonly #responseArrived = (bytes: Uint8Array): void => {
    if (this.fetched.open) this.#tap('client', 'down', bytes)
    this.fetched.arrived(bytes)
  }

  #responseBegan(status: number, headers: ResponseHeaders): void {
    if (this.fetched.open) this.#tapText('client', 'down', `${status} to ${this.url}`)
    this.fetched.headArrived(status, headers)
  }

  #tap(end: End, direction: 'up' | 'down', bytes: Uint8Array): void {
    this.#connection.tap?.(this, end, direction, bytes)
  }

  /** A line of its own; no text: the end of one. */
  #tapText(end: End, direction: 'up' | 'down', text: string): void {
    if (this.#connection.tap) this.#tap(end, direction, Buffer.from(`${text}\n`))
  }

  #headArrived(): void {
    if (this.#hubEnd !== 'waiting') return
    this.#hubEnd = 'open'
    this.#tapText('hub', 'up', `${this.method} ${this.url}`)
    this.#connection.exchanges.add(this)
    this.#connection.hub.exchange(this)
  }

  #readOn(): void {
    const reader = this.#bodyReader
    if (!reader || this.#hubEnd !== 'open') return
    const tooLarge = this.#bodyLength > reader.maxBytes
    if (!tooLarge && !this.#bodyWhole) return
    this.#bodyReader = null
    const body = Buffer.concat(this.#body)
    this.#tap('hub', 'up', body)
    this.#tapText('hub', 'up', '')
    reader.read(tooLarge ? null : body)
  }

  /** Goes on the way, or into a proxy's buffer. */
  #pass(send: () => void): void {
    if (this.#heldBack) this.#heldBack.push(send)
    else send()
  }

  #endChanged(): void {
    if (!this.fetched.open) this.#request.signal.removeEventListener('abort', this.#aborted)
    if (!this.fetched.open && !this.openAtHub) this.#connection.exchanges.delete(this)
  }
}

const ignoreBytes = (): void => {}

import type { HttpExchange, ResponseHeaders } from '../server/http/exchange.ts'

export interface RecordedAnswer {
  readonly status: number
  readonly headers: ResponseHeaders
  /** Everything that was written, in order. */
  readonly text: string
}

/** An exchange whose other end is the test: nothing happens to it but what is called, and that at once. */
export class RecordedExchange implements HttpExchange {
  readonly method: string = 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly remoteAddress = null
  readonly pipelined = false
  /** The connection goes away when this happens, before the call returns. */
  breaksAt: 'begin' | 'write' | 'answer' | null = null
  ended = false
  destroyed = false
  closed = false
  #head: { readonly status: number; readonly headers: ResponseHeaders } | null = null
  #parts: Uint8Array[] = []
  #read: ((body: Uint8Array | null) => void) | null = null
  #tellClosed: (() => void) | null = null

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url
    this.headers = headers
  }

  /** Null as long as nothing was answered. */
  get answered(): RecordedAnswer | null {
    return this.#head && { ...this.#head, text: Buffer.concat(this.#parts).toString() }
  }

  /** The body has arrived. */
  arrive(body: string): void {
    this.#read?.(Buffer.from(body))
  }

  /** The answer has left, or the connection went away. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.#tellClosed?.()
  }

  readBody(_maxBytes: number, read: (body: Uint8Array | null) => void): void {
    this.#read = read
  }

  answer(status: number, headers: ResponseHeaders, parts: readonly Uint8Array[]): void {
    if (this.#head) throw new Error('answered twice')
    this.#head = { status, headers }
    this.#parts.push(...parts)
    this.ended = true
    if (this.breaksAt === 'answer') this.close()
  }

  begin(status: number, headers: ResponseHeaders): void {
    if (this.#head) throw new Error('answered twice')
    this.#head = { status, headers }
    if (this.breaksAt === 'begin') this.close()
  }

  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void {
    if (this.closed) return
    if (!this.#head || this.ended) throw new Error('written before it was begun, or after its end')
    this.#parts.push(...parts)
    if (this.breaksAt === 'write') this.close()
    else written(false)
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
    this.close()
  }

  onClosed(callback: () => void): void {
    if (this.closed) callback()
    else this.#tellClosed = callback
  }

  onPipelined(): void {}
}

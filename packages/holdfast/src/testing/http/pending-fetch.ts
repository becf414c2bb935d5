import type { BodyReader, FetchResponse } from '../../client/fetch.ts'
import type { ResponseHeaders } from '../../server/http/exchange.ts'

interface ReadResult {
  readonly done: boolean
  readonly value?: Uint8Array
}

interface Waiter {
  readonly resolve: (result: ReadResult) => void
  readonly reject: (error: unknown) => void
}

/** The client's end of an exchange: what `fetch` returned, and what has come of the response so far. */
export class PendingFetch {
  readonly response: Promise<FetchResponse>
  #respond: (response: FetchResponse) => void = () => {}
  #refuse: (error: unknown) => void = () => {}
  /** Pieces of the body that nobody has read. */
  #pieces: Uint8Array[] = []
  #waiting: Waiter | null = null
  #end: 'open' | 'whole' | { readonly error: unknown } = 'open'
  readonly #ended: () => void

  /** @param ended called once, when nothing more comes */
  constructor(ended: () => void) {
    this.#ended = ended
    this.response = new Promise((resolve, reject) => {
      this.#respond = resolve
      this.#refuse = reject
    })
    // Who awaits the response hears of it; an abort that nobody awaits is no unhandled rejection.
    this.response.catch(() => {})
  }

  get open(): boolean {
    return this.#end === 'open'
  }

  headArrived(status: number, headers: ResponseHeaders): void {
    if (!this.open) return
    const names = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const body = { getReader: (): BodyReader => ({ read: () => this.#read() }) }
    this.#respond({
      status,
      headers: { get: (name) => names.get(name.toLowerCase()) ?? null },
      body: status === 204 ? null : body,
      text: () => this.#text(),
    })
  }

  arrived(bytes: Uint8Array): void {
    if (!this.open) return
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting) waiting.resolve({ done: false, value: bytes })
    else this.#pieces.push(bytes)
  }

  finished(): void {
    if (!this.open) return
    this.#end = 'whole'
    this.#waiting?.resolve({ done: true })
    this.#ended()
  }

  /** What came and was not read is gone, as in a browser. */
  fail(error: unknown): void {
    if (!this.open) return
    this.#end = { error }
    this.#pieces = []
    this.#refuse(error)
    this.#waiting?.reject(error)
    this.#ended()
  }

  #read(): Promise<ReadResult> {
    if (this.#waiting) throw new Error('one read at a time')
    const value = this.#pieces.shift()
    if (value) return Promise.resolve({ done: false, value })
    if (this.#end === 'whole') return Promise.resolve({ done: true })
    if (this.#end !== 'open') return Promise.reject(this.#end.error)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  async #text(): Promise<string> {
    const pieces: Uint8Array[] = []
    for (;;) {
      const { done, value } = await this.#read()
      if (done) return Buffer.concat(pieces).toString()
      if (value) pieces.push(value)
    }
  }
}

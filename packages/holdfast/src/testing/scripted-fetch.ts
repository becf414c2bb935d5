import type { BodyReader, Fetch, FetchRequest, FetchResponse } from '../client/fetch.ts'
import { deferred } from './deferred.ts'

type Headers = Readonly<Record<string, string>>

/** A `fetch` whose requests wait until the test says what comes of them. */
export class ScriptedFetch {
  /** All there ever were, oldest first. */
  readonly requests: ScriptedRequest[] = []

  readonly fetch: Fetch = (url, request) => {
    const scripted = new ScriptedRequest(url, request)
    this.requests.push(scripted)
    return scripted.response
  }

  /** Those that nobody has answered or aborted. */
  get open(): ScriptedRequest[] {
    return this.requests.filter((request) => !request.done)
  }

  /** The newest request to a path that ends like this. */
  latest(path: string): ScriptedRequest {
    const found = this.requests.findLast(({ url }) => new URL(url).pathname.endsWith(path))
    if (!found) throw new Error(`there was no request to ${path}`)
    return found
  }
}

export class ScriptedRequest {
  readonly url: string
  readonly request: FetchRequest
  readonly response: Promise<FetchResponse>
  /** Answered whole, failed or aborted. */
  done = false
  readonly #response = deferred<FetchResponse>()
  #body: ScriptedBody | null = null

  constructor(url: string, request: FetchRequest) {
    this.url = url
    this.request = request
    const aborted = new Promise<never>((_, reject) => {
      const abort = (): void => {
        this.done = true
        this.#body?.fail()
        reject(new Error('aborted'))
      }
      if (request.signal.aborted) abort()
      else request.signal.addEventListener('abort', abort)
    })
    this.response = Promise.race([this.#response.promise, aborted])
  }

  answer(status: number, headers: Headers = {}, text: string = ''): void {
    const body = this.begin(status, headers)
    body.push(text)
    body.end()
  }

  refuse(status: number, refusal: object): void {
    this.answer(
      status,
      { 'content-type': 'application/json' },
      JSON.stringify({ type: 'goodbye', ...refusal }),
    )
  }

  /** Answers with a body that comes in pieces. */
  begin(status: number, headers: Headers = {}): ScriptedBody {
    const body = new ScriptedBody(() => (this.done = true))
    this.#body = body
    this.#response.resolve({
      status,
      headers: { get: (name) => headers[name] ?? null },
      body: { getReader: () => body },
      text: () => body.text(),
    })
    return body
  }

  /** Nothing came of it: the network broke. */
  fail(): void {
    this.done = true
    this.#response.resolve(Promise.reject(new TypeError('network')) as unknown as FetchResponse)
  }
}

/** A body of which the test decides what arrives when. */
export class ScriptedBody implements BodyReader {
  readonly #chunks: Uint8Array[] = []
  readonly #finished: () => void
  #ending: 'ended' | 'failed' | null = null
  #arrived = deferred<void>()

  constructor(finished: () => void) {
    this.#finished = finished
  }

  push(piece: string | Uint8Array): void {
    const chunk = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    if (chunk.length > 0) this.#chunks.push(chunk)
    this.#wake()
  }

  end(): void {
    this.#finish('ended')
  }

  fail(): void {
    this.#finish('failed')
  }

  async read(): Promise<{ done: boolean; value?: Uint8Array }> {
    for (;;) {
      if (this.#ending === 'failed') throw new TypeError('network')
      const value = this.#chunks.shift()
      if (value) return { done: false, value }
      if (this.#ending) return { done: true }
      await this.#arrived.promise
    }
  }

  async text(): Promise<string> {
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const { value } = await this.read()
      if (!value) return text
      text += decoder.decode(value, { stream: true })
    }
  }

  #finish(ending: 'ended' | 'failed'): void {
    this.#ending ??= ending
    this.#finished()
    this.#wake()
  }

  #wake(): void {
    this.#arrived.resolve()
    this.#arrived = deferred()
  }
}

import type { Departure } from '../../core/client/state.ts'
import { decodeHubFrame } from '../../core/wire/hub-frames.ts'
import type { FetchResponse } from '../fetch.ts'
import { holdRequest } from '../hold-request.ts'
import { eventParser } from './event-parser.ts'
import { HttpUplink } from './http-uplink.ts'
import type { Transport, TransportEnv, TransportEvents, TransportLink } from './transport.ts'

export interface HttpOptions {
  /**
   * Whether requests to a hub of another origin carry the browser's cookies (`include`) or only those to the page's own
   * origin do. The hub has to name the page's origin then: one that allows all gets no cookies [R54]. Default
   * `same-origin`. Without meaning in Node.
   */
  readonly credentials?: 'same-origin' | 'include'
}

/** A request that was answered with success. */
export interface Answer {
  readonly response: FetchResponse
  /** The whole body; that of the response that opens a link is left to be read. */
  readonly text: string
}

/** A request of an open link that fails is repeated this often in a row; then the link is given up. */
const maxRepeats = 2

/** @param run holds the downlink, from opening the link to its end */
export function httpTransport(
  name: string,
  { credentials = 'same-origin' }: HttpOptions = {},
  run: (link: HttpLink) => Promise<void>,
): Transport {
  return {
    name,
    open(url, events, env) {
      const link = new HttpLink(url, events, env, credentials)
      void Promise.resolve(link)
        .then(run)
        .catch(() => link.ended(null))
      return link
    },
  }
}

/** A link over HTTP requests [R49]: what they share, its uplink, and its one end. */
export class HttpLink implements TransportLink {
  readonly #url: URL
  readonly #events: TransportEvents
  readonly #env: TransportEnv
  readonly #credentials: 'same-origin' | 'include'
  /** Fires when the link ends, and ends every request of it. */
  readonly #end = new AbortController()
  readonly #uplink: HttpUplink = new HttpUplink(this)
  /** The link's name, once it is open [R50]. */
  #name: string | null = null
  /** Gives back the right to keep a request open. */
  #release: (() => void) | null = null

  constructor(url: URL, events: TransportEvents, env: TransportEnv, credentials: 'same-origin' | 'include') {
    this.#url = url
    this.#events = events
    this.#env = env
    this.#credentials = credentials
  }

  get bufferedBytes(): number {
    return this.#uplink.bufferedBytes
  }

  send(text: string): void {
    this.#uplink.send(text)
  }

  close(): void {
    this.#uplink.close()
  }

  abandon(): void {
    this.#end.abort()
    this.#release?.()
    this.#release = null
  }

  /** The link is gone; told once. */
  ended(departure: Departure | null): void {
    if (this.#end.signal.aborted) return
    this.abandon()
    this.#events.closed(departure)
  }

  /** The hub answered the request that opens the link. */
  opened({ response }: Answer): void {
    this.#name = response.headers.get('holdfast-link')
    if (!this.#name) this.ended(null)
    else if (!this.#end.signal.aborted) this.#events.opened()
  }

  /** Takes the next piece of the downlink. */
  readonly read: (piece: string) => void = eventParser((frame) => {
    if (!this.#end.signal.aborted) this.#events.received(frame)
  })

  /** Whether a request may be kept open for long [R56]; the right is kept until the link ends. */
  async mayHold(): Promise<boolean> {
    if (!this.#release) {
      this.#release = await (this.#env.holdRequest ?? holdRequest)(this.#url)
      if (this.#end.signal.aborted) this.abandon()
    }
    return this.#release !== null
  }

  /**
   * Posts until there is an answer. Null: the link has ended, by now at the latest. A refusal as unknown is repeated too,
   * so that a goodbye that is on its way, and says more, comes first.
   */
  async post(
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer | null> {
    const { signal } = this.#end
    const url = new URL(this.#url)
    url.protocol = url.protocol.replace('ws', 'http')
    url.pathname = url.pathname.replace(/\/?$/, path)
    const request = {
      method: 'POST' as const,
      headers: { ...(this.#name && { 'holdfast-link': this.#name }), ...headers },
      ...(body && { body }),
      credentials: this.#credentials,
      signal,
    }
    for (let repeats = this.#name ? maxRepeats : 0; !signal.aborted; repeats--) {
      let status = 0
      let refusal: Departure | null = null
      try {
        const response = await this.#env.fetch(url.href, request)
        status = response.status
        // A link that opens with a body has it as its downlink.
        const text = status === 200 && !this.#name ? '' : await response.text()
        if (status < 300) return signal.aborted ? null : { response, text }
        refusal = refusalIn(text)
      } catch {
        // No answer: `status` says so.
      }
      const repeatable = refusal ? refusal.code === 'link_unknown' : status < 300 || status >= 500
      if (!repeats || !repeatable) this.ended(refusal ?? (this.#name || !status ? null : noHub(status)))
    }
    return null
  }
}

const noHub = (status: number): Departure => ({
  code: 'connect_failed',
  message: `Answered with HTTP ${status}: no hub there?`,
  retry: true,
})

/** What the hub says of a request it refuses; null: it was not the hub who refused [R49]. */
function refusalIn(text: string): Departure | null {
  const frame = decodeHubFrame(text)
  if (frame === null || typeof frame === 'string' || frame.type !== 'goodbye') return null
  const { type: _, ...departure } = frame
  return departure
}

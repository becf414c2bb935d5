import type { IncomingMessage } from 'node:http'
import { beginPost, framesIn, headOf, post, wholeAnswer, type HttpAnswer } from './http-request.ts'
import type { Frame } from './frame.ts'
import { Link, type LinkOptions } from './link.ts'

export interface HttpLinkOptions extends LinkOptions {
  /** Polls by itself, again and again. Default true. */
  readonly polls?: boolean
}

/** A link of HTTP requests, chapter 10. */
export class HttpLink extends Link {
  readonly address: string
  /** What the hub calls it. */
  readonly name: string
  /** The head of the answer that opened it. */
  readonly head: IncomingMessage
  /** The number of the last request that the hub took. */
  #taken = 0
  #received = 0
  readonly #owner = new AbortController()
  /** One request at a time. */
  #sending: Promise<void> = Promise.resolve()

  private constructor(address: string, head: IncomingMessage, options: LinkOptions) {
    super(options)
    this.address = address
    this.head = head
    this.name = String(head.headers['holdfast-link'])
  }

  static async open(
    address: string,
    downlink: 'sse' | 'poll',
    { polls = true, headers = {}, ...options }: HttpLinkOptions = {},
  ): Promise<HttpLink> {
    const begun = beginPost(`${address}/${downlink}`, { headers })
    begun.end()
    const head = await headOf(begun)
    if (head.headers['holdfast-link'] === undefined) {
      throw new Error(`refused with ${head.statusCode}: ${(await wholeAnswer(head)).body}`)
    }
    const link = new HttpLink(address, head, options)
    if (downlink === 'sse') await link.#read()
    else head.resume()
    if (downlink === 'poll' && polls) void link.#pollOn()
    return link
  }

  /** A request that was refused took nothing, and its number is the next one's [R49, R51]. */
  sendText(text: string): Promise<void> {
    const send = async (): Promise<void> => {
      const { status } = await this.sendAs(this.#taken + 1, text)
      if (status === 204) this.#taken++
    }
    // The link's end is noticed on the downlink.
    this.#sending = this.#sending.then(send).catch(() => {})
    return this.#sending
  }

  /** In one request. */
  override sendAll(frames: readonly Frame[]): Promise<void> {
    return this.sendText(frames.map((frame) => JSON.stringify(frame)).join('\n'))
  }

  sendAs(sequence: number | string, body: string | Uint8Array): Promise<HttpAnswer> {
    return post(`${this.address}/send`, { headers: this.uplinkHeaders(sequence), body })
  }

  uplinkHeaders(sequence: number | string): Readonly<Record<string, string>> {
    return {
      'content-type': 'application/x-ndjson',
      'holdfast-link': this.name,
      'holdfast-sequence': String(sequence),
    }
  }

  /** Polls once; acknowledges what came before, or what the headers say. */
  async poll(headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    const answer = await post(`${this.address}/poll`, {
      headers: { 'holdfast-link': this.name, 'holdfast-received': String(this.#received), ...headers },
      signal: this.#owner.signal,
    })
    if (answer.status !== 200) return answer
    const sequence = Number(answer.headers['holdfast-sequence'])
    if (sequence > this.#received) this.#takeEvents(answer.body)
    this.#received = sequence
    return answer
  }

  /** Over long-poll the hub notices when no poll has come for 5 s. */
  async drop(): Promise<void> {
    this.#owner.abort()
    this.head.destroy()
    this.end(null)
    await this.ended
  }

  /** Until a poll is refused, or its connection is cut. */
  async #pollOn(): Promise<void> {
    const isOver = (): Promise<boolean> =>
      this.poll().then(
        ({ status }) => status >= 400,
        () => true,
      )
    while (!(await isOver()));
    this.end(null)
  }

  #takeEvents(events: string): void {
    const frames = framesIn(events)
    if (frames === null) return this.fail(`these are no events: ${events}`)
    for (const text of frames) this.take(text)
  }

  /** Reads the response of `sse`; resolves when it has begun. */
  #read(): Promise<void> {
    let text = ''
    return new Promise((begun) => {
      this.head.setEncoding('utf8').on('data', (chunk: string) => {
        begun()
        text += chunk
        const end = text.lastIndexOf('\n\n') + 2
        if (end < 2) return
        this.#takeEvents(text.slice(0, end))
        text = text.slice(end)
      })
      this.head.on('error', () => {})
      this.head.on('close', () => this.end(null))
    })
  }
}

import type { IncomingMessage } from 'node:http'
import { ask, beginRequest, framesIn, headOf, type HttpAnswer } from './raw-http.ts'
import { helloFrame, type RawFrame } from './raw-link.ts'
import { until } from './until.ts'

export type Downlink = 'sse' | 'poll'

/** A link over HTTP requests that says what a test wants it to say, sound or not. */
export class RawHttpLink {
  readonly url: string
  readonly name: string
  /** Every frame that came. */
  readonly frames: RawFrame[] = []
  /** The response of `sse`. */
  readonly response: IncomingMessage | null
  /** What the response of `sse` began with. */
  opening = ''
  ended = false
  #sequence = 0
  #received = 0
  #taken = new Map<string, number>()

  private constructor(url: string, head: IncomingMessage) {
    this.url = url
    this.name = String(head.headers['holdfast-link'])
    this.response = head.statusCode === 200 ? head : null
    if (this.response) this.#read(this.response)
    else head.resume()
  }

  /** Opens a link; one that polls reads only when it is told to. */
  static async open(
    url: string,
    downlink: Downlink,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawHttpLink> {
    const begun = beginRequest(`${url}/${downlink}`, { headers })
    begun.end()
    const head = await headOf(begun)
    if (head.headers['holdfast-link'] === undefined) throw new Error(`refused with ${head.statusCode}`)
    return new RawHttpLink(url, head)
  }

  /** Opens, says hello, and waits for the welcome. */
  static async welcomed(url: string, downlink: Downlink, hello: RawFrame = {}): Promise<RawHttpLink> {
    const link = await RawHttpLink.open(url, downlink)
    await link.send(helloFrame(hello))
    await link.next('welcome')
    return link
  }

  /** Sends frames in the next request. */
  async send(...frames: RawFrame[]): Promise<HttpAnswer> {
    return this.sendAs(++this.#sequence, frames.map((frame) => JSON.stringify(frame)).join('\n'))
  }

  sendAs(sequence: number | string, body: string | Uint8Array): Promise<HttpAnswer> {
    return ask(`${this.url}/send`, { headers: this.uplinkHeaders(sequence), body })
  }

  uplinkHeaders(sequence: number | string): Readonly<Record<string, string>> {
    return {
      'content-type': 'application/x-ndjson',
      'holdfast-link': this.name,
      'holdfast-sequence': String(sequence),
    }
  }

  /** Polls once with the headers given, or in order. */
  async poll(headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    const answer = await ask(`${this.url}/poll`, { headers: this.pollHeaders(headers) })
    if (answer.status !== 200) return answer
    const sequence = Number(answer.headers['holdfast-sequence'])
    if (sequence > this.#received) this.frames.push(...framesIn(answer.body))
    this.#received = sequence
    return answer
  }

  pollHeaders(headers: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return { 'holdfast-link': this.name, 'holdfast-received': String(this.#received), ...headers }
  }

  /** The next frame of a type that was not taken yet; polls for it if need be. */
  async next(type: string): Promise<RawFrame> {
    const count = (this.#taken.get(type) ?? 0) + 1
    const found = (): RawFrame | undefined => this.frames.filter((frame) => frame['type'] === type)[count - 1]
    if (this.response) {
      await until(() => found() !== undefined || this.ended, `a ${type} comes`)
    } else {
      while (!found()) if ((await this.poll()).status >= 400) break
    }
    const frame = found()
    if (!frame)
      throw new Error(`ended before a ${type}; the last frame was ${JSON.stringify(this.frames.at(-1))}`)
    this.#taken.set(type, count)
    return frame
  }

  /** Drops the response, or leaves and fetches the goodbye: a hub that closes would wait a second for that. */
  async close(): Promise<void> {
    this.response?.destroy()
    if (this.response || (await this.send({ type: 'leave' })).status !== 204) return
    while ((await this.poll({ 'holdfast-wait': '0' })).status === 200);
  }

  #read(response: IncomingMessage): void {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (this.opening === '') this.opening = text
      const end = text.lastIndexOf('\n\n') + 2
      if (end < 2) return
      this.frames.push(...framesIn(text.slice(0, end)))
      text = text.slice(end)
    })
    response.on('close', () => (this.ended = true))
  }
}

import { utf8Length } from '../../core/wire/names.ts'
import type { HttpLink } from './http-link.ts'

/** What a hub takes at least in one request [R51]. */
const maxBatchBytes = 65_536

/** Sends frames in requests, one after the other: what is queued goes together [R51]. */
export class HttpUplink {
  readonly #link: HttpLink
  readonly #queue: { readonly text: string; readonly bytes: number }[] = []
  #sequence = 0
  #sending = false
  #closing = false
  #bufferedBytes = 0

  constructor(link: HttpLink) {
    this.#link = link
  }

  /** Of frames that are queued or under way. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  send(text: string): void {
    const bytes = utf8Length(text)
    this.#bufferedBytes += bytes
    this.#queue.push({ text, bytes })
    void this.#flush()
  }

  /** Ends the link once everything has been sent. */
  close(): void {
    this.#closing = true
    void this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    // What is sent in the same turn goes along.
    await Promise.resolve()
    while (this.#queue.length > 0) if (!(await this.#sendBatch())) return
    this.#sending = false
    if (this.#closing) this.#link.ended(null)
  }

  async #sendBatch(): Promise<boolean> {
    let bytes = 0
    let count = 0
    for (const frame of this.#queue) {
      // `count` newlines would be between them.
      if (count > 0 && bytes + frame.bytes + count > maxBatchBytes) break
      bytes += frame.bytes
      count++
    }
    const batch = this.#queue.splice(0, count)
    const headers = {
      'holdfast-sequence': `${++this.#sequence}`,
      'content-type': 'application/x-ndjson',
    }
    const answer = await this.#link.post('/send', headers, batch.map(({ text }) => text).join('\n'))
    this.#bufferedBytes -= bytes
    // Another success is not the hub's.
    if (answer?.response.status !== 204) this.#link.ended(null)
    return answer !== null
  }
}

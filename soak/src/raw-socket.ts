import { connect, type Socket } from 'node:net'

/** What came and was not read is of no interest beyond so many characters. */
const mostUnread = 1_048_576

/** A bare connection that says what it is told and nothing else. What came is read as Latin-1, so that lengths are bytes. */
export class RawSocket {
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  #unread = ''
  #isClosed = false
  #changed: () => void = () => {}

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('error', () => {})
    this.#socket.on('data', (text: string) => {
      this.#unread = (this.#unread + text).slice(-mostUnread)
      this.#changed()
    })
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        this.#isClosed = true
        this.#changed()
        resolve()
      })
    })
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Resolves when everything was handed to the system, or the connection is gone. */
  written(): Promise<unknown> {
    return Promise.race([this.closed, new Promise((resolve) => this.#socket.write('', resolve))])
  }

  /** What has come, once a text is in it. It stays unread. Throws if the connection is gone before. */
  async has(text: string): Promise<string> {
    await this.#until(text, () => this.#unread.includes(text))
    return this.#unread
  }

  /** Reads up to a text and over it. */
  async readTo(text: string): Promise<string> {
    return this.#take((await this.has(text)).indexOf(text) + text.length)
  }

  async readBytes(count: number): Promise<string> {
    await this.#until(`${count} bytes`, () => this.#unread.length >= count)
    return this.#take(count)
  }

  /** Ends its side, as a peer that is done. */
  end(): void {
    this.#socket.end()
  }

  /** Breaks off without a word. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.#isClosed) throw new Error(`closed before ${what} came, after ${this.#unread.slice(-200)}`)
      await new Promise<void>((resolve) => (this.#changed = resolve))
    }
  }

  #take(length: number): string {
    const read = this.#unread.slice(0, length)
    this.#unread = this.#unread.slice(length)
    return read
  }
}

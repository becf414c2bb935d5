import { connect, type Socket } from 'node:net'

interface Waiter {
  readonly pattern: RegExp
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A bare connection to an HTTP server, on which requests follow each other as a test says. */
export class RawConnection {
  /** Everything that came. */
  text = ''
  readonly #socket: Socket
  readonly #address: URL
  #waiters: Waiter[] = []

  constructor(address: string) {
    this.#address = new URL(address)
    this.#socket = connect(Number(this.#address.port || 80), this.#address.hostname)
    this.#socket.setEncoding('utf8')
    this.#socket.on('error', () => {})
    this.#socket.on('data', (text: string) => {
      this.text += text
      this.#waiters = this.#waiters.filter(({ pattern, resolve }) => {
        const found = pattern.test(this.text)
        if (found) resolve()
        return !found
      })
    })
    this.#socket.on('close', () => {
      for (const { pattern, reject } of this.#waiters) {
        reject(new Error(`the connection ended before ${pattern} came:\n${this.text}`))
      }
    })
  }

  /** Writes a whole request to a path under the address. */
  post(path: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    const { host, pathname } = this.#address
    const fields = Object.entries({ host, 'content-length': '0', ...headers })
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    this.#socket.write(`POST ${pathname}${path} HTTP/1.1\r\n${head}\r\n${body}`)
  }

  /** Resolves when something that matches has come. */
  has(pattern: RegExp): Promise<void> {
    if (pattern.test(this.text)) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ pattern, resolve, reject }))
  }

  close(): void {
    this.#socket.destroy()
  }
}

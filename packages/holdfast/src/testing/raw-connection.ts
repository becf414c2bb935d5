import { connect, type Socket } from 'node:net'
import { until } from './until.ts'

/** A bare connection to an HTTP server that does only what it is told, and never ends by itself. */
export class RawConnection {
  readonly socket: Socket
  /** Everything that came. */
  text = ''
  ended = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.setEncoding('utf8')
    this.socket.on('error', () => (this.ended = true))
    this.socket.on('data', (text: string) => (this.text += text))
    this.socket.on('end', () => (this.ended = true))
  }

  /** Writes a request's head and a part of its body. */
  post(path: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    const fields = Object.entries({ host: '127.0.0.1', 'content-length': '0', ...headers })
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    this.socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n${body}`)
  }

  /** Resolves when a text has come. */
  async has(text: string): Promise<void> {
    await until(() => this.text.includes(text), `${text} comes`)
  }

  close(): Promise<void> {
    this.socket.destroy()
    return Promise.resolve()
  }
}

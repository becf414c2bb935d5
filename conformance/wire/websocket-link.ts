import { once } from 'node:events'
import { WebSocket } from 'ws'
import { Link, type LinkOptions } from './link.ts'

export interface WebSocketLinkOptions extends LinkOptions {
  readonly protocols?: readonly string[]
}

export class WebSocketLink extends Link {
  readonly socket: WebSocket

  private constructor(address: string, options: WebSocketLinkOptions) {
    super(options)
    const { protocols = ['holdfast.v1'], headers = {} } = options
    this.socket = new WebSocket(address.replace(/^http/, 'ws'), [...protocols], {
      headers,
      perMessageDeflate: false,
    })
    this.socket.on('message', (data: Buffer) => this.take(data.toString()))
    this.socket.on('error', () => {})
    this.socket.on('close', (code) => this.end(code))
  }

  static async open(address: string, options: WebSocketLinkOptions = {}): Promise<WebSocketLink> {
    const link = new WebSocketLink(address, options)
    await once(link.socket, 'open')
    return link
  }

  /** What is said after the end is lost, as it is on every line. */
  sendText(text: string): Promise<void> {
    return new Promise((resolve) => this.socket.send(text, () => resolve()))
  }

  async drop(): Promise<void> {
    this.socket.terminate()
    await this.ended
  }
}

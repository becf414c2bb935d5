import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'

export type RawFrame = Readonly<Record<string, unknown>>

interface Waiter {
  readonly type: string
  readonly resolve: (frame: RawFrame) => void
  readonly reject: (error: Error) => void
}

export interface RawLinkOptions {
  readonly protocols?: readonly string[]
  readonly origin?: string
  /** Answers the hub's pings. Default true. */
  readonly answersPings?: boolean
}

/** A WebSocket that says what a test wants it to say, sound or not. */
export class RawLink {
  readonly socket: WebSocket
  /** Every frame that came. */
  readonly frames: RawFrame[] = []
  /** Resolves with the close code when the socket is closed. */
  readonly closed: Promise<number>
  #untaken: RawFrame[] = []
  #waiters: Waiter[] = []
  #closeCode: number | null = null

  private constructor(url: string, options: RawLinkOptions) {
    const { protocols = ['holdfast.v1'], origin, answersPings = true } = options
    const headers = origin === undefined ? {} : { origin }
    this.socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false })
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as RawFrame
      this.#take(frame)
      if (frame['type'] === 'ping' && answersPings) this.send({ type: 'pong', id: frame['id'] })
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.#closeCode = code
        for (const { type, reject } of this.#waiters.splice(0)) reject(this.#endedBefore(type))
        resolve(code)
      })
    })
  }

  /** Resolves when the socket is open. */
  static async open(url: string, options: RawLinkOptions = {}): Promise<RawLink> {
    const link = new RawLink(url, options)
    await once(link.socket, 'open')
    return link
  }

  /** Opens, says hello and waits for the welcome. */
  static async welcomed(url: string, hello: RawFrame = {}, options: RawLinkOptions = {}): Promise<RawLink> {
    const link = await RawLink.open(url, options)
    link.send(helloFrame(hello))
    await link.next('welcome')
    return link
  }

  /** Sends a frame, or a text as it is. */
  send(frame: RawFrame | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame of a type that was not taken yet; those of other types stay. */
  next(type: string): Promise<RawFrame> {
    const place = this.#untaken.findIndex((frame) => frame['type'] === type)
    const [frame] = place < 0 ? [] : this.#untaken.splice(place, 1)
    if (frame) return Promise.resolve(frame)
    if (this.#closeCode !== null) return Promise.reject(this.#endedBefore(type))
    return new Promise((resolve, reject) => this.#waiters.push({ type, resolve, reject }))
  }

  /** Destroys the socket. */
  async close(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }

  #take(frame: RawFrame): void {
    this.frames.push(frame)
    const place = this.#waiters.findIndex(({ type }) => type === frame['type'])
    if (place < 0) this.#untaken.push(frame)
    else this.#waiters.splice(place, 1)[0]?.resolve(frame)
  }

  #endedBefore(type: string): Error {
    const last = JSON.stringify(this.frames.at(-1) ?? null)
    return new Error(`closed with ${this.#closeCode} before a ${type}; the last frame was ${last}`)
  }
}

export const randomId = (): string => randomBytes(16).toString('base64url')

/** A sound hello of a new client, with what is given instead. */
export function helloFrame(fields: RawFrame = {}): RawFrame {
  return {
    type: 'hello',
    versions: [1],
    instance: randomId(),
    attempt: 1,
    producer: { id: randomId(), highest: 0, open: [] },
    received: 0,
    subscriptions: [],
    ...fields,
  }
}

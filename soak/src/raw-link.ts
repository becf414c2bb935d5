import { randomBytes } from 'node:crypto'
import { RawSocket } from './raw-socket.ts'

export type Frame = Readonly<Record<string, unknown>>
export type TransportName = 'websocket' | 'sse' | 'poll'
export const transportNames: readonly TransportName[] = ['websocket', 'sse', 'poll']

/** A link that says what it is told and nothing else, not even the answer to a ping. */
export interface RawLink {
  /** Hands over frames; over HTTP it resolves with the hub's answer. */
  send(...frames: Frame[]): Promise<void>
  /** What has come, once a text is in it. */
  has(text: string): Promise<string>
  /** Resolves when the hub or we have ended the downlink; at once where none is held open. */
  readonly closed: Promise<void>
  /** The hub has said goodbye: what the transport still needs to be over. */
  finish(): Promise<void>
  /** All its connections end in order, but the link says no goodbye. */
  end(): void
  /** All its connections break off. */
  reset(): void
}

export function openLink(over: TransportName, port: number): Promise<RawLink> {
  if (over === 'websocket') return WebSocketLink.open(port)
  return over === 'sse' ? SseLink.open(port) : PollLink.open(port)
}

export const randomId = (): string => randomBytes(16).toString('base64url')

/** What a client keeps from one link to the next. */
export interface Caller {
  readonly instance: string
  readonly producer: string
  readonly token?: string
}

export function newCaller(token?: string): Caller {
  const ids = { instance: randomId(), producer: randomId() }
  return token === undefined ? ids : { ...ids, token }
}

export function helloOf({ instance, producer, token }: Caller, further: Frame = {}): Frame {
  return {
    type: 'hello',
    versions: [1],
    attempt: 1,
    instance,
    token,
    producer: { id: producer, highest: 0, open: [] },
    received: 0,
    subscriptions: [],
    ...further,
  }
}

export function upgradeRequest(fields = ''): string {
  return (
    'GET /holdfast HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
    `Sec-WebSocket-Protocol: holdfast.v1\r\n${fields}\r\n`
  )
}

/** A masked text frame; the mask is zero, so the text stays as it is. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const length = [payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([0x81, 0x80 | 126, ...length, 0, 0, 0, 0]), payload])
}

export function post(path: string, fields: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { host: '127.0.0.1', 'content-length': `${Buffer.byteLength(body)}`, ...fields }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /holdfast/${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`
}

/** A close frame with code 1000. */
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])

class WebSocketLink implements RawLink {
  readonly #socket: RawSocket

  private constructor(socket: RawSocket) {
    this.#socket = socket
  }

  static async open(port: number): Promise<RawLink> {
    const socket = new RawSocket(port)
    socket.write(upgradeRequest())
    await socket.readTo('\r\n\r\n')
    return new WebSocketLink(socket)
  }

  get closed(): Promise<void> {
    return this.#socket.closed
  }

  send(...frames: Frame[]): Promise<void> {
    for (const frame of frames) this.#socket.write(textFrame(JSON.stringify(frame)))
    return Promise.resolve()
  }

  has(text: string): Promise<string> {
    return this.#socket.has(text)
  }

  async finish(): Promise<void> {
    this.#socket.write(closeFrame)
    await this.#socket.closed
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.reset()
  }
}

interface Answer {
  readonly status: string
  readonly head: string
  readonly body: string
}

/** Reads a whole answer, but for the body of one that does not say its length. */
async function answerOn(socket: RawSocket): Promise<Answer> {
  const head = await socket.readTo('\r\n\r\n')
  const length = Number(headerIn(head, 'content-length') ?? 0)
  const body = length > 0 ? await socket.readBytes(length) : ''
  return { status: head.slice(9, 12), head, body }
}

function headerIn(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.+)\\r$`, 'im').exec(head)?.[1]
}

/** The uplink of a link over HTTP, on a connection of its own. */
class Uplink {
  readonly #socket: RawSocket
  readonly #name: string
  #sequence = 0

  constructor(port: number, name: string) {
    this.#socket = new RawSocket(port)
    this.#name = name
  }

  async send(frames: readonly Frame[]): Promise<void> {
    const fields = {
      'content-type': 'application/x-ndjson',
      'holdfast-link': this.#name,
      'holdfast-sequence': `${++this.#sequence}`,
    }
    this.#socket.write(post('send', fields, frames.map((frame) => JSON.stringify(frame)).join('\n')))
    const { status, body } = await answerOn(this.#socket)
    if (status !== '204') throw new Error(`a send was answered with ${status} ${body}`)
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.reset()
  }
}

/** A link over HTTP: a downlink, and an uplink on a connection of its own. */
abstract class LinkOverHttp implements RawLink {
  protected readonly downlink: RawSocket
  readonly #uplink: Uplink

  constructor(downlink: RawSocket, uplink: Uplink) {
    this.downlink = downlink
    this.#uplink = uplink
  }

  abstract get closed(): Promise<void>

  abstract has(text: string): Promise<string>

  send(...frames: Frame[]): Promise<void> {
    return this.#uplink.send(frames)
  }

  /** The response ends by itself, if one is still to come. */
  finish(): Promise<void> {
    this.end()
    return this.downlink.closed
  }

  end(): void {
    this.downlink.end()
    this.#uplink.end()
  }

  reset(): void {
    this.downlink.reset()
    this.#uplink.reset()
  }
}

class SseLink extends LinkOverHttp {
  static async open(port: number): Promise<RawLink> {
    const downlink = new RawSocket(port)
    downlink.write(post('sse'))
    const { head } = await answerOn(downlink)
    return new SseLink(downlink, new Uplink(port, headerIn(head, 'holdfast-link') ?? ''))
  }

  get closed(): Promise<void> {
    return this.downlink.closed
  }

  has(text: string): Promise<string> {
    return this.downlink.has(text)
  }
}

class PollLink extends LinkOverHttp {
  readonly #name: string
  #received = '0'
  #text = ''

  private constructor(downlink: RawSocket, uplink: Uplink, name: string) {
    super(downlink, uplink)
    this.#name = name
  }

  static async open(port: number): Promise<RawLink> {
    const downlink = new RawSocket(port)
    downlink.write(post('poll'))
    const name = headerIn((await answerOn(downlink)).head, 'holdfast-link') ?? ''
    return new PollLink(downlink, new Uplink(port, name), name)
  }

  /** No response is held open. */
  get closed(): Promise<void> {
    return Promise.resolve()
  }

  async has(text: string): Promise<string> {
    while (!this.#text.includes(text)) await this.#poll()
    return this.#text
  }

  async #poll(): Promise<void> {
    this.downlink.write(post('poll', { 'holdfast-link': this.#name, 'holdfast-received': this.#received }))
    const { status, head, body } = await answerOn(this.downlink)
    if (status >= '300') throw new Error(`a poll was answered with ${status} ${body}`)
    this.#received = headerIn(head, 'holdfast-sequence') ?? this.#received
    this.#text += body
  }
}

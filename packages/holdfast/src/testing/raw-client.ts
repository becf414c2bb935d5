import type { TransportLink } from '../client/transports/transport.ts'
import type { Pair } from './pair.ts'
import { noFetch, simulatedTransport } from './simulated-transport.ts'
import { VirtualLoop } from './virtual-loop.ts'

export type RawFrame = Readonly<Record<string, unknown>> & { readonly type: string }

/** A connection on which a test says what it likes, frame by frame. */
export class RawClient {
  /** What the hub said, in order. */
  readonly frames: RawFrame[] = []
  closed = false
  readonly #link: TransportLink
  #opened = false

  constructor(pair: Pair, headers: Readonly<Record<string, string>> = {}) {
    const loop = new VirtualLoop(pair.clock)
    const network = { loop, headers, opened: () => {} }
    this.#link = simulatedTransport(pair.transport, pair.network, network).open(
      new URL('https://example.test/holdfast'),
      {
        opened: () => {
          this.#opened = true
        },
        received: (text) => this.frames.push(JSON.parse(text) as RawFrame),
        closed: () => {
          this.closed = true
        },
      },
      { fetch: noFetch, holdRequest: () => Promise.resolve(() => {}) },
    )
  }

  /** Opens a connection and says hello; the rest of the frame is made up. */
  static async greeting(pair: Pair, hello: Readonly<Record<string, unknown>> = {}): Promise<RawClient> {
    const raw = await RawClient.opened(pair)
    raw.hello(hello)
    await pair.clock.advance(4 * pair.network.conditions.latencyMs)
    return raw
  }

  static async opened(pair: Pair): Promise<RawClient> {
    const raw = new RawClient(pair)
    await pair.clock.until(() => raw.#opened)
    return raw
  }

  send(frame: RawFrame): void {
    this.#link.send(JSON.stringify(frame))
  }

  sendText(text: string): void {
    this.#link.send(text)
  }

  hello(fields: Readonly<Record<string, unknown>> = {}): void {
    this.send({
      type: 'hello',
      versions: [1],
      instance: 'raw',
      attempt: 1,
      producer: { id: 'raw-producer-0123456789', highest: 0, open: [] },
      received: 0,
      subscriptions: [],
      ...fields,
    })
  }

  close(): void {
    this.#link.close()
  }

  /** The frames of a type, in order. */
  all(type: string): RawFrame[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  /** The only frame of a type. */
  only(type: string): RawFrame {
    const [frame, ...more] = this.all(type)
    if (!frame || more.length > 0) throw new Error(`${more.length + (frame ? 1 : 0)} frames ${type}`)
    return frame
  }
}

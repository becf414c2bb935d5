import type { Fields, Frame } from './frame.ts'
import type { Link } from './link.ts'
import { openLink, type OpenLinkOptions } from './open-link.ts'
import { randomId } from './random-id.ts'

/** What `authenticate` of the application is told; README.md says what it makes of it. */
export interface Token {
  readonly user?: string
  readonly tenant?: string
  readonly expiresInMs?: number
  readonly gate?: string
  readonly verdict?: 'allow' | 'deny' | 'fail' | 'hang'
}

export interface DeviceOptions extends OpenLinkOptions {
  /** Default: none, which makes it anonymous. */
  readonly token?: Token
  /** What is said in `hello` instead. */
  readonly hello?: Fields
}

/** A client that keeps what a client has to keep, and does nothing by itself. Its links end with the test. */
export class Device {
  readonly instance: string = randomId()
  readonly producer: string = randomId()
  /** The latest link. */
  link: Link
  /** The latest welcome. */
  welcome: Frame = { type: 'none yet' }
  readonly #options: DeviceOptions
  #attempt = 0
  #number = 0
  #intent = 0

  private constructor(link: Link, options: DeviceOptions) {
    this.link = link
    this.#options = options
  }

  /** Opens a link, says hello and waits for the welcome. */
  static async connected(options: DeviceOptions = {}): Promise<Device> {
    const device = await Device.opened(options)
    await device.greet()
    return device
  }

  /** Opens a link and says nothing. */
  static async opened(options: DeviceOptions = {}): Promise<Device> {
    return new Device(await openLink(options), options)
  }

  get session(): { readonly id: string; readonly key: string } {
    return this.welcome['session'] as { id: string; key: string }
  }

  /** Of the last operation. */
  get number(): number {
    return this.#number
  }

  /** Says hello and waits for the welcome. */
  async greet(fields: Fields = {}): Promise<Frame> {
    await this.hello(fields)
    this.welcome = await this.link.next('welcome')
    return this.welcome
  }

  /** Says hello with the next attempt, as the client that it is. */
  hello(fields: Fields = {}): Promise<void> {
    return this.link.send({ ...this.nextHello(), ...this.#options.hello, ...fields })
  }

  /** The hello of the next attempt: each call counts as one. */
  nextHello(): Frame {
    const { token } = this.#options
    return {
      type: 'hello',
      versions: [1],
      ...(token ? { token: JSON.stringify(token) } : {}),
      instance: this.instance,
      attempt: ++this.#attempt,
      ...(this.welcome['session'] ? { session: this.session } : {}),
      producer: { id: this.producer, highest: this.#number, open: [] },
      received: 0,
      subscriptions: [],
    }
  }

  /** Opens another link, beside the one before. */
  async openAnother(options: DeviceOptions = {}): Promise<Link> {
    this.link = await openLink({ ...this.#options, ...options })
    return this.link
  }

  /** Comes back over another link. */
  async resume(fields: Fields = {}, options: DeviceOptions = {}): Promise<Frame> {
    await this.openAnother(options)
    return this.greet(fields)
  }

  /** What `producer` in hello says while these numbers are open. */
  producerWith(...open: readonly (readonly [first: number, last: number])[]): Fields {
    return { id: this.producer, highest: this.#number, open }
  }

  /** Sends an operation under the next number, which it returns. */
  async operate(type: 'publish' | 'request' | 'answer', fields: Fields): Promise<number> {
    const number = ++this.#number
    await this.link.send({ type, number, ...fields })
    return number
  }

  request(method: string, data: unknown = null, fields: Fields = {}): Promise<number> {
    return this.operate('request', { method, data, ...fields })
  }

  publish(topic: string, data: unknown = null): Promise<number> {
    return this.operate('publish', { topic, data })
  }

  result(number: number): Promise<Frame> {
    return this.link.next('result', { number })
  }

  ack(...numbers: readonly number[]): Promise<void> {
    return this.link.send({ type: 'ack', numbers: numbers.map((number) => [number, number]) })
  }

  /** Has the application do something, and returns what it replied. */
  async call(method: string, data: unknown = null): Promise<unknown> {
    const number = await this.request(method, data)
    const result = await this.result(number)
    await this.ack(number)
    if ('value' in result) return result['value']
    throw new Error(`${method} failed: ${JSON.stringify(result['error'])}`)
  }

  /** Sends a subscribe with the next intent, which it returns. */
  async subscribe(topic: string, from: unknown = 'now'): Promise<number> {
    const intent = ++this.#intent
    await this.link.send({ type: 'subscribe', topic, intent, from })
    return intent
  }

  /** Subscribes, and waits until it is. */
  async subscribed(topic: string, from: unknown = 'now'): Promise<Frame> {
    return this.link.next('subscribed', { intent: await this.subscribe(topic, from) })
  }

  /** The offsets of the topic's messages that came so far on the latest link. */
  offsets(topic: string): number[] {
    return this.link
      .all('message')
      .filter((message) => message['topic'] === topic)
      .map((message) => Number(message['offset']))
  }
}

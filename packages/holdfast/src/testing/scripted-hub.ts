import { makeClient, type Client } from '../client/connect.ts'
import type { ClientEvents, ConnectOptions } from '../client/options.ts'
import type { Transport, TransportEvents, TransportLink } from '../client/transports/transport.ts'
import type { HubFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { welcome } from './client-machine.ts'
import { SeededRandom } from './seeded-random.ts'
import { noFetch } from './simulated-transport.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualLoop } from './virtual-loop.ts'

type RawFrame = Readonly<Record<string, unknown>> & { readonly type: string }

/** A link on which a test is the hub. Only pings are answered by themselves. */
export class ScriptedLink implements TransportLink {
  /** What the client sent, in order. */
  readonly frames: RawFrame[] = []
  readonly bufferedBytes = 0
  readonly #loop: VirtualLoop
  #events: TransportEvents | null

  constructor(loop: VirtualLoop, events: TransportEvents) {
    this.#loop = loop
    this.#events = events
    loop.io(() => this.#events?.opened())
  }

  /** The client did not drop it. */
  get isHeld(): boolean {
    return this.#events !== null
  }

  send(text: string): void {
    const frame = JSON.parse(text) as RawFrame
    this.frames.push(frame)
    if (frame.type === 'ping') this.#loop.io(() => this.say({ type: 'pong', id: frame['id'] as number }))
  }

  close(): void {
    this.#loop.io(() => this.lose())
  }

  abandon(): void {
    this.#events = null
  }

  /** Frames that arrive at once. */
  say(...frames: HubFrame[]): void {
    for (const frame of frames) this.#events?.received(JSON.stringify(frame))
  }

  /** The user is Ada and her session a new one, unless something else is said. */
  welcome(fields: Partial<WelcomeFrame> = {}): void {
    const subject = { user: 'ada', tenant: null }
    this.say({ ...welcome, session: { id: 's1', key: 'k' }, subject, ...fields })
  }

  lose(): void {
    this.#events?.closed(null)
  }

  /** What the client sent of the types, in order. */
  all(...types: string[]): RawFrame[] {
    return this.frames.filter(({ type }) => types.includes(type))
  }
}

/** A client over virtual time, whose hub is the test. */
export class ScriptedHub {
  readonly clock: VirtualClock = new VirtualClock()
  readonly loop: VirtualLoop = new VirtualLoop(this.clock)
  readonly errors: ClientEvents['error'][] = []
  /** Whether a Node process would have to stay alive for the client's timer. */
  keepsAlive = false
  readonly #random = new SeededRandom(1)
  #links: ScriptedLink[] = []
  #held: { readonly client: Client; readonly stopListening: () => void } | null

  /** @param transports their names, best first */
  constructor(options: Omit<ConnectOptions, 'transports'> = {}, transports: readonly string[] = ['only']) {
    const { errors } = this
    const client = makeClient(
      'https://example.test/holdfast',
      transports.map((name) => this.#transport(name)),
      options,
      {
        now: this.loop.now,
        wallNow: () => this.clock.now,
        random: () => 0,
        randomName: () => this.#random.name(),
        setTimer: (callback, delayMs, { keepAlive }) => {
          this.keepsAlive = keepAlive
          return this.loop.setTimer(callback, delayMs)
        },
        fetch: noFetch,
        provedTransports: new Map<string, string>(),
        watchPage: () => () => {},
      },
    )
    this.#held = { client, stopListening: client.on('error', (error) => errors.push(error)) }
  }

  get client(): Client {
    if (!this.#held) throw new Error('the client was dropped')
    return this.#held.client
  }

  /** Lets go of the client without closing it. */
  drop(): void {
    this.#held?.stopListening()
    this.#held = null
  }

  /** The next link, as soon as it has said hello. */
  async greeted(): Promise<ScriptedLink> {
    const last = (): ScriptedLink | undefined => this.#links.at(-1)
    await this.clock.until(() => last()?.all('hello').length === 1)
    const link = last()
    if (!link) throw new Error('there is no link')
    this.#links = []
    return link
  }

  /** Welcomes the next link as soon as it has said hello. */
  async welcomed(fields: Partial<WelcomeFrame> = {}): Promise<ScriptedLink> {
    const link = await this.greeted()
    link.welcome(fields)
    await this.clock.settle()
    return link
  }

  #transport(name: string): Transport {
    return {
      name,
      open: (_url, events) => {
        const link = new ScriptedLink(this.loop, events)
        this.#links.push(link)
        return link
      },
    }
  }
}

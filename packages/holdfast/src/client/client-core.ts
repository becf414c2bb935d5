import type { ClientState, Departure, Reason } from '../core/client/state.ts'
import { Timekeeper } from '../core/time/timekeeper.ts'
import { HoldfastError } from '../core/wire/errors.ts'
import type { Subject, WelcomeFrame } from '../core/wire/frames.ts'
import { sameSubject } from '../core/wire/subject.ts'
import { protocolVersion } from '../core/wire/version.ts'
import { AskList } from './asks.ts'
import { Connection, type ConnectionHost, type DataFrame, type Greeting } from './connection.ts'
import { Emitter } from './emitter.ts'
import type { ClientEnv } from './env.ts'
import { Operations } from './operations.ts'
import type { ClientEvents, ConnectOptions, TransportChange } from './options.ts'
import { RequestHandlers } from './request-handlers.ts'
import { TokenSource } from './token-source.ts'
import { Topics } from './topics.ts'
import type { Transport } from './transports/transport.ts'

/** Who holds an ask holds the client, so what `asks` tells is made by the client's public face, at `asksChanged`. */
type CoreEvents = ClientEvents & { readonly asksChanged: null }

/** The client without its public face: makes the parts and brings them together. */
export class ClientCore implements ConnectionHost {
  readonly emitter: Emitter<CoreEvents>
  readonly connection: Connection
  readonly operations: Operations
  readonly topics: Topics
  readonly handlers: RequestHandlers
  readonly asks: AskList
  readonly counters = { attempts: 0, reconnects: 0, connectionErrors: 0 }
  readonly #env: ClientEnv
  readonly #timekeeper: Timekeeper
  readonly #instance: string
  readonly #producerId: string
  readonly #tokens: TokenSource
  readonly #stopWatchingPage: () => void
  #session: WelcomeFrame['session'] | null = null
  #subject: Subject | null = null
  /** Of the last live link. */
  #transport: string | null = null
  /** Why the last attempt failed or the last link was lost. */
  #failure: Reason | null = null
  /** What the timer under way was set with. */
  #keepsAlive = false
  #isDropped = false
  #closed: (() => void)[] = []

  constructor(url: URL, transports: readonly Transport[], options: ConnectOptions, env: ClientEnv) {
    this.#env = env
    this.emitter = new Emitter((error, event) => {
      // What an error listener throws must not come back to it.
      if (event === 'error') console.error(error)
      else this.#reportThrown(error)
    })
    this.#timekeeper = new Timekeeper({
      now: () => env.now(),
      setTimer: (callback, delayMs) => {
        this.#keepsAlive = this.wanted
        return env.setTimer(callback, delayMs, { keepAlive: this.#keepsAlive })
      },
    })
    this.#instance = env.randomName()
    this.#producerId = env.randomName()
    this.#tokens = new TokenSource(options.token)
    const policy = {
      transports: transports.length,
      openTimeoutMs: options.openTimeoutMs ?? 5_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      maxAttempts: options.maxAttempts ?? null,
      canRefreshToken: this.#tokens.canRefresh,
    }
    const endpoint = { url, transports, tokens: this.#tokens }
    this.connection = new Connection(env, this.#timekeeper, policy, endpoint, this)
    const callSafely = this.#callSafely
    this.operations = new Operations(this.connection, this.#timekeeper, options.outbox ?? {}, callSafely)
    const outlet = { callSafely, unheard: this.#report }
    this.topics = new Topics(this.connection, this.#timekeeper, outlet, (message) =>
      this.connection.distrust(message),
    )
    this.handlers = new RequestHandlers(this.connection, this.#timekeeper, this.#reportThrown)
    this.asks = new AskList(this.connection, this.operations, this.#timekeeper, options.asks ?? {}, {
      wallNow: () => env.wallNow(),
      changed: () => void this.emitter.emit('asksChanged', null),
      report: this.#reportThrown,
    })
    this.#stopWatchingPage = env.watchPage((type) => this.connection.input({ type }))
  }

  get subject(): Subject | null {
    return this.#subject
  }

  get sessionId(): string | null {
    return this.#session?.id ?? null
  }

  /** Somebody would miss it: it has subscriptions, handlers, listeners or operations on their way. */
  get wanted(): boolean {
    const { operations, topics } = this
    return this.listenerCount + operations.pendingCount + topics.topicCount > 0
  }

  /** Listeners and handlers of the application. */
  get listenerCount(): number {
    return this.emitter.listenerCount + this.handlers.count + this.asks.handlerCount
  }

  get deadlineCount(): number {
    return this.#timekeeper.deadlineCount
  }

  /** To be called when what makes the client wanted may have changed. */
  wantedChanged(): void {
    if (this.#isDropped && !this.wanted) this.#closeDropped()
    else if (this.#keepsAlive !== this.wanted) this.#timekeeper.rearm()
  }

  /** The application let go of the client object without closing it. */
  dropped(): void {
    this.#isDropped = true
    this.wantedChanged()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.connection.state.name === 'closed') return resolve()
      this.#closed.push(resolve)
      this.connection.input({ type: 'closeRequested' })
    })
  }

  hello(attempt: number, token: string | null, beside: boolean): Greeting {
    this.counters.attempts++
    return {
      type: 'hello',
      versions: [protocolVersion],
      token: token ?? undefined,
      instance: this.#instance,
      attempt,
      session: this.#session ?? undefined,
      producer: { id: this.#producerId, ...this.operations.summary() },
      received: this.handlers.received,
      subscriptions: beside ? [] : this.topics.declarations(),
    }
  }

  admitted(welcome: WelcomeFrame): void {
    const { subject, session } = welcome
    const identityChanged = this.#subject !== null && !sameSubject(this.#subject, subject)
    const { state } = this.connection
    const upgraded = state.name === 'live' && state.upgraded
    if (this.#session && !upgraded) this.counters.reconnects++
    this.#session = session
    this.#subject = subject
    const tellAsks = this.asks.admitted(welcome, identityChanged)
    const settle = this.operations.resume(welcome, identityChanged)
    this.topics.admitted()
    // Only from here on the application is called, which may publish at once.
    this.handlers.resume(welcome)
    settle()
    tellAsks()
    if (upgraded) this.#tellTransport()
  }

  received(frame: DataFrame, text: string): void {
    if ('topic' in frame) this.topics.received(frame)
    else if (frame.type === 'result') this.operations.settle(frame, text.length)
    else if (frame.type === 'ask') this.asks.asked(frame)
    else if (frame.type === 'concluded') this.asks.concluded(frame)
    else if (frame.type === 'request') this.handlers.receive(frame, text)
    else if (frame.type === 'cancel') this.handlers.cancel(frame)
    else if (frame.type === 'ack') this.handlers.acknowledge(frame.numbers)
    else if (frame.type === 'error') this.emitter.emit('error', new HoldfastError(frame.code, frame.message))
    this.wantedChanged()
  }

  departed({ received }: Departure): void {
    if (received !== undefined) this.operations.takeBack(received)
  }

  changed(from: ClientState, to: ClientState): void {
    this.emitter.emit('state', {
      from: from.name,
      to: to.name,
      reason: 'reason' in to ? to.reason : null,
      retryAt: this.retryAt,
    })
    this.#tellTransport()
    if (to.name !== 'closed') return
    this.emitter.clear()
    for (const resolve of this.#closed.splice(0)) resolve()
  }

  failed({ code, message, retry, retryAfterMs }: Departure, cause: unknown): void {
    this.counters.connectionErrors++
    this.#failure = { code, message }
    this.emitter.emit('error', new HoldfastError(code, message, { retry, retryAfterMs, cause }))
  }

  released({ code, message }: Reason): void {
    this.#stopWatchingPage()
    this.handlers.release()
    this.asks.release()
    this.operations.close(code, message)
    this.topics.endAll(code, message)
  }

  /** When the next attempt is due, in milliseconds since 1970; null unless waiting. */
  get retryAt(): number | null {
    const { state } = this.connection
    return state.name === 'waiting' && state.retryAt < Infinity ? this.#wallTimeOf(state.retryAt) : null
  }

  #tellTransport(): void {
    const { state, transport } = this.connection
    const from = this.#transport
    if (state.name !== 'live' || transport === null || transport === from) return
    this.#transport = transport
    let reason: TransportChange['reason'] = from === null ? 'first' : 'fallback'
    if (state.upgraded) reason = state.choice.chosen ? 'preferred' : 'better'
    this.emitter.emit('transport', { from, to: transport, reason, failure: this.#failure })
    this.#failure = null
  }

  #closeDropped(): void {
    this.#isDropped = false
    if (this.connection.state.name === 'closed') return
    console.warn('holdfast: a client was dropped without close(); it is closed now')
    void this.close()
  }

  #wallTimeOf(at: number): number {
    return Math.round(this.#env.wallNow() + at - this.#env.now())
  }

  readonly #callSafely = (callback: () => void): void => {
    try {
      callback()
    } catch (error) {
      this.#reportThrown(error)
    }
  }

  readonly #reportThrown = (cause: unknown): void => {
    this.#report(new HoldfastError('handler_threw', 'A callback of the application threw.', { cause }))
  }

  /** Nothing is swallowed: without a listener the console tells. */
  readonly #report = (error: HoldfastError): void => {
    if (!this.emitter.emit('error', error)) console.error(error)
  }
}

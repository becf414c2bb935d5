import {
  clientDeadline,
  initialClientState,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Departure,
} from '../core/client/state.ts'
import { stepClient } from '../core/client/step.ts'
import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type { HelloFrame, HubFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { decodeHubFrame } from '../core/wire/hub-frames.ts'
import type { ClientEnv } from './env.ts'
import type { TokenSource } from './token-source.ts'
import type { Transport, TransportLink } from './transports/transport.ts'

/** The frames that do not concern the link itself. */
export type DataFrame = Exclude<
  HubFrame,
  { type: 'welcome' | 'goodbye' | 'ping' | 'pong' | 'reauthenticate' }
>

/** What the connection serves: the data plane of the client. */
export interface ConnectionHost {
  hello(attempt: number, token: string | null): HelloFrame
  /** The hub said welcome: everything may be sent. */
  admitted(welcome: WelcomeFrame): void
  /** A frame of the live link that concerns the data plane. */
  received(frame: DataFrame, text: string): void
  /** The live or coming link ended, as told. */
  departed(departure: Departure): void
  changed(from: ClientState, to: ClientState): void
  /** A link could not be opened or was lost against the hub's will. */
  failed(departure: Departure, cause: unknown): void
  /** The connection is closed for good. */
  released(reason: { readonly code: Departure['code']; readonly message: string }): void
}

/** The wall clock ran this much ahead of the monotonic one: the machine slept, or the clock was set. */
const clockJumpMs = 10_000

/** Interprets the effects of the client's state machine; holds its one link. */
export class Connection implements Timed {
  readonly #env: ClientEnv
  readonly #timekeeper: Timekeeper
  readonly #policy: ClientPolicy
  readonly #transport: Transport
  readonly #url: URL
  readonly #tokens: TokenSource
  readonly #host: ConnectionHost
  readonly #inputs: ClientInput[] = []
  #stepping = false
  #state: ClientState = initialClientState
  #link: TransportLink | null = null
  #token: string | null = null
  #heardAt = 0
  #sentAt = 0
  #clockOffset: number

  constructor(
    env: ClientEnv,
    timekeeper: Timekeeper,
    policy: ClientPolicy,
    endpoint: { readonly transport: Transport; readonly url: URL; readonly tokens: TokenSource },
    host: ConnectionHost,
  ) {
    this.#env = env
    this.#timekeeper = timekeeper
    this.#policy = policy
    this.#transport = endpoint.transport
    this.#url = endpoint.url
    this.#tokens = endpoint.tokens
    this.#host = host
    this.#clockOffset = env.wallNow() - env.now()
  }

  get state(): ClientState {
    return this.#state
  }

  get live(): boolean {
    return this.#state.name === 'live'
  }

  get bufferedBytes(): number {
    return this.#link?.bufferedBytes ?? 0
  }

  /** Takes inputs one after the other, also those that come while one is being dealt with. */
  input(input: ClientInput): void {
    this.#inputs.push(input)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) this.#step(next)
    } finally {
      this.#stepping = false
    }
  }

  tick(late: boolean): void {
    const clockOffset = this.#env.wallNow() - this.#env.now()
    const jumped = Math.abs(clockOffset - this.#clockOffset) > clockJumpMs
    this.#clockOffset = clockOffset
    if (jumped) this.input({ type: 'woke' })
    this.input({ type: 'ticked', heardAt: this.#heardAt, late: late || jumped })
  }

  /** What came over the link breaks the protocol: another one is tried. */
  distrust(message: string): void {
    if ('attempt' in this.#state)
      this.#fail(this.#state.attempt, { code: 'frame_invalid', message, retry: true })
  }

  send(frame: object): void {
    this.sendText(JSON.stringify(frame))
  }

  sendText(text: string): void {
    this.#sentAt = this.#env.now()
    this.#link?.send(text)
  }

  #step(input: ClientInput): void {
    const from = this.#state
    const context = { now: this.#env.now(), random: () => this.#env.random(), policy: this.#policy }
    const { state, effects } = stepClient(from, input, context)
    this.#state = state
    if (input.type === 'departed' && state !== from) this.#dropLink(input.departure)
    for (const effect of effects) this.#interpret(effect)
    this.#timekeeper.set(this, clientDeadline(state))
    if (state.name !== from.name) this.#host.changed(from, state)
  }

  #interpret(effect: ClientEffect): void {
    switch (effect.type) {
      case 'open':
        void this.#open(effect.attempt, effect.tokenRejected)
        return
      case 'greet':
        if ('attempt' in this.#state) this.send(this.#host.hello(this.#state.attempt, this.#token))
        return
      case 'admit':
        this.#host.admitted(effect.welcome)
        return
      case 'ping':
        this.send({ type: 'ping', id: effect.id })
        return
      case 'abandon':
        this.#giveUp(effect.code)
        return
      case 'leave':
        this.send({ type: 'leave' })
        this.#link?.close()
        return
      case 'release':
        this.#host.released(effect.reason)
        return
    }
  }

  /** A token() that took all the time of an attempt is not waited for any longer. */
  #giveUp(code: Departure['code']): void {
    const tokenLate = this.#state.name !== 'closed' && this.#link === null && this.#tokens.forget()
    const departure: Departure = tokenLate
      ? { code: 'token_failed', message: 'token() took too long.', retry: true }
      : { code, message: 'The client gave the link up.', retry: true }
    this.#dropLink(departure)
    if (code !== 'closed') this.#host.failed(departure, undefined)
  }

  /** The link's end is known: nothing more is heard of it. */
  #dropLink(departure: Departure): void {
    this.#link?.abandon()
    this.#link = null
    this.#host.departed(departure)
  }

  async #open(attempt: number, tokenRejected: boolean): Promise<void> {
    const isCurrent = (): boolean => this.#state.name === 'connecting' && this.#state.attempt === attempt
    let token: string | null
    try {
      token = await this.#tokens.get(tokenRejected)
    } catch (cause) {
      this.#fail(attempt, { code: 'token_failed', message: 'token() failed.', retry: true }, cause)
      return
    }
    if (!isCurrent()) return
    this.#token = token
    try {
      this.#link = this.#transport.open(this.#url, this.#eventsOf(attempt), this.#env)
    } catch (cause) {
      this.#fail(
        attempt,
        { code: 'connect_failed', message: 'The socket could not be made.', retry: true },
        cause,
      )
    }
  }

  #eventsOf(attempt: number) {
    return {
      opened: () => this.input({ type: 'opened', attempt }),
      received: (text: string) => this.#receive(attempt, text),
      closed: (departure: Departure | null) => this.#closed(attempt, departure),
    }
  }

  #closed(attempt: number, departure: Departure | null): void {
    if (this.#state.name === 'closing') {
      this.input({
        type: 'departed',
        attempt,
        departure: { code: 'closed', message: 'Closed.', retry: false },
      })
    } else if (this.#state.name === 'connecting') {
      this.#fail(attempt, {
        code: 'connect_failed',
        message: `The socket to ${this.#url.href} did not open.`,
        retry: true,
      })
    } else if (departure) {
      this.#fail(attempt, departure)
    } else {
      this.#fail(attempt, { code: 'link_lost', message: 'The socket closed without a goodbye.', retry: true })
    }
  }

  #fail(attempt: number, departure: Departure, cause?: unknown): void {
    const state = this.#state
    const underWay = state.name === 'connecting' || state.name === 'joining' || state.name === 'live'
    if (!underWay || state.attempt !== attempt) return
    this.#host.failed(departure, cause)
    this.input({ type: 'departed', attempt, departure })
  }

  #receive(attempt: number, text: string): void {
    const state = this.#state
    if (state.name !== 'live' && state.name !== 'joining') return
    this.#heardAt = this.#env.now()
    const frame = decodeHubFrame(text)
    if (frame === null) return
    if (typeof frame === 'string') {
      this.#fail(attempt, { code: frame, message: 'The hub sent an unsound frame.', retry: true })
      return
    }
    this.#dispatch(attempt, frame, text)
    if (state.name === 'live' && this.#heardAt - this.#sentAt > state.heartbeat.intervalMs / 2) {
      // A peer behind a long backlog would hear our pong too late: what was received is answered as well [R40].
      this.send({ type: 'ping', id: 0 })
    }
  }

  #dispatch(attempt: number, frame: HubFrame, text: string): void {
    switch (frame.type) {
      case 'welcome':
        return this.input({ type: 'welcomed', attempt, welcome: frame })
      case 'goodbye': {
        const { type: _, ...departure } = frame
        this.#host.failed(departure, undefined)
        return this.input({ type: 'departed', attempt, departure })
      }
      case 'ping':
        return this.send({ type: 'pong', id: frame.id })
      case 'pong':
        return this.input({ type: 'ponged', attempt, id: frame.id })
      case 'reauthenticate':
        return void this.#refreshToken(attempt)
      default:
        if (this.live) this.#host.received(frame, text)
    }
  }

  async #refreshToken(attempt: number): Promise<void> {
    try {
      const token = await this.#tokens.get(true)
      if (this.#state.name === 'live' && this.#state.attempt === attempt && token !== null) {
        this.send({ type: 'token', token })
      }
    } catch (cause) {
      this.#host.failed({ code: 'token_failed', message: 'token() failed.', retry: true }, cause)
    }
  }
}

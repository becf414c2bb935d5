import {
  clientDeadline,
  initialClientState,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Departure,
  type Reason,
} from '../core/client/state.ts'
import { stepClient } from '../core/client/step.ts'
import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type { ErrorCode } from '../core/wire/error-codes.ts'
import type { HelloFrame, HubFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { decodeHubFrame } from '../core/wire/hub-frames.ts'
import type { ClientEnv } from './env.ts'
import type { TokenSource } from './token-source.ts'
import type { Transport, TransportEvents, TransportLink } from './transports/transport.ts'

/** The frames that do not concern the link itself. */
export type DataFrame = Exclude<
  HubFrame,
  { type: 'welcome' | 'goodbye' | 'ping' | 'pong' | 'reauthenticate' }
>

/** A `hello`, before JSON leaves out what is undefined. */
export type Greeting = { [Field in keyof HelloFrame]: HelloFrame[Field] | undefined }

/** What the connection serves: the data plane of the client. */
export interface ConnectionHost {
  /** @param beside for a link that is to take over from one that works: without subscriptions [R60] */
  hello(attempt: number, token: string | null, beside: boolean): Greeting
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
  released(reason: Reason): void
}

/** Where the hub is, and how it is reached. */
export interface Endpoint {
  readonly url: URL
  /** Best first. */
  readonly transports: readonly Transport[]
  readonly tokens: TokenSource
}

/** The wall clock ran this much ahead of the monotonic one: the machine slept, or the clock was set. */
const clockJumpMs = 10_000

/** A link under way, from the asking for its token on. */
interface Attachment {
  readonly attempt: number
  token: string | null
  link: TransportLink | null
}

/** Interprets the effects of the client's state machine; holds its link, and at times a rival beside it. */
export class Connection implements Timed {
  readonly #env: ClientEnv
  readonly #timekeeper: Timekeeper
  readonly #policy: ClientPolicy
  readonly #endpoint: Endpoint
  readonly #host: ConnectionHost
  readonly #inputs: ClientInput[] = []
  #stepping = false
  #state: ClientState
  #main: Attachment | null = null
  #rival: Attachment | null = null
  #heardAt = 0
  #sentAt = 0
  #clockOffset: number

  constructor(
    env: ClientEnv,
    timekeeper: Timekeeper,
    policy: ClientPolicy,
    endpoint: Endpoint,
    host: ConnectionHost,
  ) {
    this.#env = env
    this.#timekeeper = timekeeper
    this.#policy = policy
    this.#endpoint = endpoint
    this.#host = host
    this.#clockOffset = env.wallNow() - env.now()
    const proved = env.provedTransports.get(this.#place)
    this.#state = initialClientState(Math.max(this.#indexOf(proved), 0))
  }

  get state(): ClientState {
    return this.#state
  }

  get live(): boolean {
    return this.#state.name === 'live'
  }

  /** The name of the transport in use; null unless live. */
  get transport(): string | null {
    const state = this.#state
    return state.name === 'live' ? this.#nameOf(state.choice.transport) : null
  }

  /** Operations may be handed over: there is a link, and it has not ended under a rival that awaits its welcome. */
  get handsOver(): boolean {
    return this.#state.name === 'live' && !this.#state.rival?.alone
  }

  get bufferedBytes(): number {
    return this.#main?.link?.bufferedBytes ?? 0
  }

  /** @throws TypeError for a transport that is not in the list */
  prefer(name: string | null): void {
    const transport = name === null ? null : this.#indexOf(name)
    if (transport === -1) throw new TypeError(`${name} is not among the transports`)
    this.input({ type: 'preferred', transport })
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
    if (this.#main) this.#fail(this.#main, { code: 'frame_invalid', message, retry: true })
  }

  send(frame: object): void {
    this.sendText(JSON.stringify(frame))
  }

  sendText(text: string): void {
    this.#sentAt = this.#env.now()
    this.#main?.link?.send(text)
  }

  #indexOf(name: string | undefined): number {
    return this.#endpoint.transports.findIndex((transport) => transport.name === name)
  }

  #nameOf(index: number): string {
    return this.#endpoint.transports[index]?.name ?? ''
  }

  /** The hub, whatever the protocol and the query of its URL. */
  get #place(): string {
    return this.#endpoint.url.host + this.#endpoint.url.pathname
  }

  #step(input: ClientInput): void {
    const from = this.#state
    const context = { now: this.#env.now(), random: () => this.#env.random(), policy: this.#policy }
    const { state, effects } = stepClient(from, input, context)
    this.#state = state
    if (input.type === 'departed' && state !== from) this.#departed(input)
    for (const effect of effects) this.#interpret(effect)
    this.#timekeeper.set(this, clientDeadline(state))
    if (input.type === 'ponged' && state.name === 'live' && state.choice.homeProved) {
      this.#env.provedTransports.set(this.#place, this.#nameOf(state.choice.home))
    }
    if (state.name !== from.name) this.#host.changed(from, state)
  }

  #interpret(effect: ClientEffect): void {
    switch (effect.type) {
      case 'open':
        return void this.#open(effect)
      case 'challenge':
        return this.#rival?.link?.send('{"type":"ping","id":0}')
      case 'greet':
        return this.#greet(effect.attempt)
      case 'promote':
        this.#main?.link?.abandon()
        this.#main = this.#rival
        this.#rival = null
        this.#heardAt = this.#env.now()
        return
      case 'withdraw':
        // Whoever waits for a token that long is not waited for.
        if (this.#rival?.link === null) this.#endpoint.tokens.forget()
        this.#rival?.link?.abandon()
        this.#rival = null
        return
      case 'admit':
        return this.#host.admitted(effect.welcome)
      case 'ping':
        return this.send({ type: 'ping', id: effect.id })
      case 'abandon':
        return this.#giveUp(effect.reason)
      case 'leave':
        this.send({ type: 'leave' })
        return this.#main?.link?.close()
      case 'release':
        return this.#host.released(effect.reason)
    }
  }

  #greet(attempt: number): void {
    const rival = this.#rival?.attempt === attempt ? this.#rival : null
    const greeting = rival ?? this.#main
    if (!greeting) return
    const hello = JSON.stringify(this.#host.hello(attempt, greeting.token, rival !== null))
    if (rival) rival.link?.send(hello)
    else this.sendText(hello)
  }

  #giveUp(reason: Reason | null): void {
    this.#main?.link?.abandon()
    this.#main = null
    // It is not waited for any longer: the next attempt asks anew.
    if (reason?.code === 'token_failed') this.#endpoint.tokens.forget()
    if (reason) this.#host.failed({ ...reason, retry: true }, undefined)
  }

  /** The link's end is known: nothing more is heard of it. */
  #departed({ attempt, departure }: Extract<ClientInput, { type: 'departed' }>): void {
    if (attempt === this.#main?.attempt) {
      this.#main.link?.abandon()
      this.#main = null
    }
    this.#host.departed(departure)
  }

  /** Fenced by identity: whoever is no longer the link or its rival opens nothing. */
  async #open({ attempt, transport, tokenRejected }: Extract<ClientEffect, { type: 'open' }>): Promise<void> {
    const attachment: Attachment = { attempt, token: null, link: null }
    if (this.#state.name === 'live') this.#rival = attachment
    else this.#main = attachment
    let code: ErrorCode = 'token_failed'
    try {
      attachment.token = await this.#endpoint.tokens.get(tokenRejected)
      if (!this.#holds(attachment)) return
      this.input({ type: 'tokenObtained', attempt })
      code = 'connect_failed'
      const link = this.#endpoint.transports[transport]?.open(
        this.#endpoint.url,
        this.#eventsOf(attachment),
        this.#env,
      )
      attachment.link = link ?? null
    } catch (cause) {
      const message = code === 'token_failed' ? 'token() failed.' : 'The link could not be made.'
      this.#fail(attachment, { code, message, retry: true }, cause)
    }
  }

  #holds(attachment: Attachment): boolean {
    return this.#main === attachment || this.#rival === attachment
  }

  #eventsOf(attachment: Attachment): TransportEvents {
    const { attempt } = attachment
    return {
      opened: () => this.input({ type: 'opened', attempt }),
      received: (text) => this.#receive(attachment, text),
      closed: (departure) => this.#closed(attachment, departure),
    }
  }

  #closed(attachment: Attachment, departure: Departure | null): void {
    const { name } = this.#state
    if (name === 'closing') {
      const closed: Departure = { code: 'closed', message: 'Closed.', retry: false }
      this.input({ type: 'departed', attempt: attachment.attempt, departure: closed })
    } else if (departure) {
      this.#fail(attachment, departure)
    } else if (name === 'connecting') {
      const name = this.#nameOf(this.#state.choice.transport)
      const message = `${name} to ${this.#endpoint.url.href} did not open.`
      this.#fail(attachment, { code: 'connect_failed', message, retry: true })
    } else {
      this.#fail(attachment, {
        code: 'link_lost',
        message: 'The link closed without a goodbye.',
        retry: true,
      })
    }
  }

  /** What becomes of a rival is nobody's concern; it is tried again. */
  #fail(attachment: Attachment, departure: Departure, cause?: unknown): void {
    if (!this.#holds(attachment)) return
    const overtaken = departure.code === 'superseded' && this.#rival !== null
    if (attachment === this.#main && !overtaken && this.#state.name !== 'closing')
      this.#host.failed(departure, cause)
    this.input({ type: 'departed', attempt: attachment.attempt, departure })
  }

  #receive(attachment: Attachment, text: string): void {
    if (!this.#holds(attachment)) return
    if (this.#state.name === 'closing' && attachment === this.#main) return
    if (attachment === this.#main) this.#heardAt = this.#env.now()
    const frame = decodeHubFrame(text)
    if (frame === null) return
    if (typeof frame === 'string') {
      this.#fail(attachment, { code: frame, message: 'The hub sent an unsound frame.', retry: true })
      return
    }
    this.#dispatch(attachment, frame, text)
    const state = this.#state
    if (state.name === 'live' && this.#heardAt - this.#sentAt > state.heartbeat.intervalMs / 2) {
      // A peer behind a long backlog would hear our pong too late: what was received is answered as well [R40].
      this.send({ type: 'ping', id: 0 })
    }
  }

  #dispatch(attachment: Attachment, frame: HubFrame, text: string): void {
    const { attempt } = attachment
    switch (frame.type) {
      case 'welcome':
        return this.input({ type: 'welcomed', attempt, welcome: frame })
      case 'goodbye': {
        const { type: _, ...departure } = frame
        return this.#fail(attachment, departure)
      }
      case 'ping':
        return this.send({ type: 'pong', id: frame.id })
      case 'pong':
        return this.input({ type: 'ponged', attempt, id: frame.id })
      case 'reauthenticate':
        return void this.#refreshToken(attachment)
      default:
        if (this.live && attachment === this.#main) this.#host.received(frame, text)
    }
  }

  async #refreshToken(attachment: Attachment): Promise<void> {
    try {
      const token = await this.#endpoint.tokens.get(true)
      if (this.live && this.#main === attachment && token !== null) this.send({ type: 'token', token })
    } catch (cause) {
      this.#host.failed({ code: 'token_failed', message: 'token() failed.', retry: true }, cause)
    }
  }
}

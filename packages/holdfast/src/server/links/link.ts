import {
  initialLinkState,
  linkDeadline,
  type LinkEffect,
  type LinkInput,
  type LinkState,
} from '../../core/link/state.ts'
import { stepLink } from '../../core/link/step.ts'
import { decodeFrame } from '../../core/wire/decode.ts'
import type { Goodbye } from '../../core/wire/goodbye.ts'
import type { AsksFrame, ClientFrame, HelloFrame } from '../../core/wire/frames.ts'
import { protocolVersion } from '../../core/wire/version.ts'
import { clientFrames } from '../../core/wire/shapes.ts'
import { Authentication } from './authentication.ts'
import type { HubParts } from '../hub-parts.ts'
import { LinkSubscriptions } from '../topics/link-subscriptions.ts'
import { LinkWriter, type LinkWriterOwner } from './link-writer.ts'
import { receiveFault, receiveFrame } from './receive.ts'
import { welcome } from './welcome.ts'
import type { Identity } from '../options.ts'
import type { Session } from '../sessions/session.ts'
import type { Timed } from '../../core/time/timekeeper.ts'
import type { LinkEvents, LinkRequest, LinkSocket } from '../transports/link-socket.ts'

/** The largest frame before `welcome` [R1]. */
export const maxHelloBytes = 65_536

/** Pings that are answered before `welcome`; a client needs one [R9]. */
const maxEarlyPings = 16

let links = 0

/** One attachment: interprets the effects of its state machine and owns everything that dies with it. */
export class Link implements Timed, LinkEvents, LinkWriterOwner {
  readonly id: number = ++links
  readonly request: LinkRequest
  readonly writer: LinkWriter
  readonly subscriptions: LinkSubscriptions
  readonly #parts: HubParts
  readonly #socket: LinkSocket
  readonly #authentication: Authentication
  readonly #gone: (link: Link) => void
  #state: LinkState
  #heardAt: number
  #session: Session | null = null
  #pings = 0
  #earlyPings = 0
  /** In asks [R63]. */
  #takesPart = false

  /** @param gone called once, when nothing of the attachment is left */
  constructor(parts: HubParts, socket: LinkSocket, request: LinkRequest, gone: (link: Link) => void) {
    this.#parts = parts
    this.#socket = socket
    this.request = request
    this.#gone = gone
    this.#heardAt = parts.env.now()
    this.writer = new LinkWriter(socket, parts.fanOut, this, parts.settings.limits.maxControlBytes)
    this.subscriptions = new LinkSubscriptions(parts, this)
    this.#authentication = new Authentication(parts, this)
    this.#state = initialLinkState(this.#heardAt, this.#policy)
    parts.timekeeper.set(this, linkDeadline(this.#state))
  }

  get session(): Session | null {
    return this.#session
  }

  /** It is bound to a session and still that session's current link. */
  get bound(): boolean {
    return this.#state.name === 'bound' && this.#session?.link === this
  }

  get closing(): boolean {
    return this.#state.name === 'closing' || this.#state.name === 'closed'
  }

  received(text: string): void {
    if (this.closing) return
    this.heard()
    if (this.#state.name !== 'bound' && Buffer.byteLength(text) > maxHelloBytes) {
      this.end({
        code: 'frame_too_large',
        message: `A hello has at most ${maxHelloBytes} bytes.`,
        retry: false,
      })
      return
    }
    const decoded = decodeFrame<ClientFrame>(text, clientFrames)
    if (decoded.kind === 'ignored') return
    if (this.#state.name !== 'bound') this.#greet(decoded)
    else if (decoded.kind === 'fault') receiveFault(this, decoded.fault, text)
    else receiveFrame(this, decoded.frame, text)
  }

  refused(message: string): void {
    if (this.closing) return
    this.heard()
    if (this.#state.name === 'bound') this.writer.send({ type: 'error', code: 'frame_invalid', message })
    else this.end({ code: 'frame_invalid', message, retry: false })
  }

  /** Perhaps by something on the way: the client may come back, over another transport. */
  broken(message: string): void {
    this.end({ code: 'frame_invalid', message, retry: true })
  }

  closed(): void {
    this.#step({ type: 'lost' })
    this.#release()
    this.#gone(this)
  }

  tick(late: boolean): void {
    this.#step({ type: 'ticked', heardAt: this.#heardAt, late })
  }

  end(goodbye: Goodbye): void {
    this.#step({ type: 'ended', goodbye })
  }

  heard(): void {
    this.#heardAt = this.#parts.env.now()
  }

  endSlow(): void {
    this.end({ code: 'slow_reader', message: 'The link reads too slowly.', retry: true })
  }

  /** A fresh token for the live link, if it was asked for [R46]. */
  reauthenticate(token: string): void {
    const asked = this.#state.name === 'bound' && this.#state.expiry?.askAt === null
    if (asked) void this.#authentication.check(token)
  }

  /** Its client wants to know what its user is asked. */
  joinAsks(frame: AsksFrame): void {
    if (this.#takesPart) {
      this.writer.send({ type: 'error', code: 'frame_invalid', message: 'asks came twice' })
    } else {
      this.#takesPart = true
      this.#parts.asks.joined(this, frame)
    }
  }

  /** The credentials of a hello were accepted. */
  admit(identity: Identity, hello: HelloFrame): void {
    if (this.#state.name !== 'authenticating') return
    // Nobody would leave a session that nobody waits for [R11].
    if (this.#socket.abandoned) return this.#socket.destroy()
    this.#step({ type: 'admitted', expiresInMs: this.#expiresInMs(identity) })
    welcome(this.#parts, this, hello, identity)
  }

  /** A fresh token was accepted; the rights are asked for again, for what `authenticate` said may have changed. */
  renewed(identity: Identity): void {
    this.#step({ type: 'reauthenticated', expiresInMs: this.#expiresInMs(identity) })
    this.#session?.renew(identity.context)
    void this.subscriptions.askAgain(undefined)
  }

  /** It is its session's current link from now on. */
  bindTo(session: Session): void {
    this.#session = session
  }

  get #policy() {
    const { heartbeat, timeouts } = this.#parts.settings
    return { heartbeat, helloTimeoutMs: timeouts.helloMs, authenticateTimeoutMs: timeouts.authenticateMs }
  }

  #expiresInMs({ expiresAt }: Identity): number | null {
    return expiresAt === undefined ? null : Math.max(expiresAt - this.#parts.env.wallNow(), 0)
  }

  #greet(decoded: Exclude<ReturnType<typeof decodeFrame<ClientFrame>>, { kind: 'ignored' }>): void {
    if (decoded.kind === 'fault') {
      const { code, message } = decoded.fault
      const goodbye = code === 'frame_unknown' ? code : 'frame_invalid'
      this.end({ code: goodbye, message, retry: false })
    } else if (decoded.frame.type === 'ping' && ++this.#earlyPings <= maxEarlyPings) {
      this.writer.send({ type: 'pong', id: decoded.frame.id })
    } else if (decoded.frame.type !== 'hello' || this.#state.name !== 'greeting') {
      this.end({
        code: 'hello_expected',
        message: 'Expected one hello, then silence until welcome.',
        retry: false,
      })
    } else if (!decoded.frame.versions.includes(protocolVersion)) {
      this.end({ code: 'version_unsupported', message: 'This hub speaks version 1.', retry: false })
    } else {
      this.#authentication.hello = decoded.frame
      this.#step({ type: 'greeted' })
    }
  }

  #step(input: LinkInput): void {
    const now = this.#parts.env.now()
    const { state, effects } = stepLink(this.#state, input, { now, policy: this.#policy })
    this.#state = state
    this.#parts.timekeeper.set(this, linkDeadline(state))
    for (const effect of effects) this.#interpret(effect)
  }

  #interpret(effect: LinkEffect): void {
    switch (effect.type) {
      case 'authenticate':
        void this.#authentication.greet()
        return
      case 'ping':
        this.writer.send({ type: 'ping', id: ++this.#pings })
        return
      case 'reauthenticate':
        this.writer.send({ type: 'reauthenticate', withinMs: effect.withinMs })
        return
      case 'sayGoodbye':
        this.#release()
        this.writer.finish({ type: 'goodbye', ...effect.goodbye })
        this.#socket.close(effect.goodbye.code)
        return
      case 'destroy':
        this.#socket.destroy()
        return
    }
  }

  /** Lets go of everything but the socket: from here on the link does nothing for its session. */
  #release(): void {
    this.#authentication.abort()
    this.subscriptions.end()
    this.#parts.asks.left(this)
    this.writer.stop()
    this.#session?.detach(this)
  }
}

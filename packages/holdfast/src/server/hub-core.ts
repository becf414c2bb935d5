import { HoldfastError } from '../core/wire/errors.ts'
import type { Goodbye } from '../core/wire/goodbye.ts'
import { spreadMsOf } from './links/welcome.ts'
import { encodeMessage } from './topics/encode-message.ts'
import { AskBoard } from './asks/ask-board.ts'
import { Budget } from './budget.ts'
import type { HubEnv } from './env.ts'
import { HubEvents } from './events.ts'
import { FanOut } from './topics/fan-out.ts'
import { Grants } from './topics/grants.ts'
import type { HubParts } from './hub-parts.ts'
import { Link } from './links/link.ts'
import type { HubSettings } from './options.ts'
import { originAllowed } from './http/origin.ts'
import { Publisher } from './topics/publisher.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import { DeadlineQueue } from '../core/time/deadline-queue.ts'
import { Timekeeper } from '../core/time/timekeeper.ts'
import { HttpTransport } from './transports/http-transport.ts'
import type { LinkEvents, LinkRequest, LinkSocket } from './transports/link-socket.ts'

/** The hub without its public face: makes the parts, owns all attachments, and closes them. */
export class HubCore {
  readonly parts: HubParts
  /** Serves the links that are made of HTTP requests. */
  readonly http: HttpTransport
  readonly #links = new Set<Link>()
  #closing: Promise<void> | null = null
  #closed = false
  #refusing = false
  #allGone: (() => void) | null = null

  constructor(settings: HubSettings, env: HubEnv) {
    const { engine, limits, logger, retention } = settings
    const timekeeper = new Timekeeper(env, new DeadlineQueue())
    const fanOut = new FanOut(env, limits.maxPinnedBytes)
    const parts = {
      env,
      settings,
      engine,
      timekeeper,
      fanOut,
      grants: new Grants(settings, timekeeper),
      publisher: new Publisher(engine, logger),
      sessions: new SessionRegistry(env, limits),
      handlers: new Map(),
      running: new Budget(limits.maxRunningLength),
      events: new HubEvents(logger),
    }
    engine.start({
      retention,
      wallNow: () => env.wallNow(),
      setTimer: (callback, delayMs) => env.setTimer(callback, delayMs),
      randomName: () => env.randomName(),
      encode: encodeMessage,
      appended: (log) => fanOut.appended(log),
    })
    this.parts = { ...parts, asks: new AskBoard(parts) }
    this.http = new HttpTransport(this)
  }

  get links(): ReadonlySet<Link> {
    return this.#links
  }

  /** It waits for its last links: a new one would hold it up, even one that is only told goodbye. */
  get refusing(): boolean {
    return this.#refusing
  }

  /**
   * Handlers that still run while the hub drains may publish and ask.
   * @throws HoldfastError with code `closed`
   */
  assertOpen(): void {
    if (this.#closed) throw new HoldfastError('closed', 'The hub is closed.', { outcome: 'not_sent' })
  }

  /** Takes a new attachment from a transport. */
  readonly accept = (socket: LinkSocket, request: LinkRequest): LinkEvents => {
    const link = new Link(this.parts, socket, request, (gone) => this.#forget(gone))
    this.#links.add(link)
    if (this.#closing) {
      link.end(this.#goodbye())
    } else if (!originAllowed(request, this.parts.settings.origins)) {
      link.end({ code: 'origin_forbidden', message: 'The page’s origin is not allowed.', retry: false })
    } else if (this.#links.size > this.parts.settings.limits.maxLinks) {
      link.end({
        code: 'sessions_full',
        message: 'The hub has no room for another link.',
        retry: true,
        ...this.#later(),
      })
    }
    return link
  }

  close(drainMs: number): Promise<void> {
    // In a turn of its own: what it calls may ask for the close again.
    this.#closing ??= Promise.resolve().then(() => this.#close(drainMs))
    return this.#closing
  }

  async #close(drainMs: number): Promise<void> {
    const { env, sessions, fanOut, engine, asks } = this.parts
    let cancel = (): void => {}
    const deadline = new Promise<void>((resolve) => {
      cancel = env.setTimer(resolve, drainMs)
    })
    for (const link of this.#links) if (!link.session) link.end(this.#goodbye())
    await Promise.all(
      [...sessions].map(async (session) => {
        if (session.link) await Promise.race([session.drained(), deadline])
        session.end(this.#goodbye())
      }),
    )
    cancel()
    this.#refusing = true
    for (const link of this.#links) link.end(this.#goodbye())
    if (this.#links.size > 0) await new Promise<void>((resolve) => (this.#allGone = resolve))
    this.#closed = true
    fanOut.close()
    asks.close()
    await engine.close()
  }

  #goodbye(): Goodbye {
    return { code: 'hub_closing', message: 'The hub is closing.', retry: true, ...this.#later() }
  }

  /** Each client gets its own time to come back. */
  #later(): { readonly retryAfterMs: number } {
    const { env, sessions } = this.parts
    return { retryAfterMs: Math.round(spreadMsOf(sessions.liveCount) * env.random()) }
  }

  #forget(link: Link): void {
    this.#links.delete(link)
    if (this.#links.size === 0) this.#allGone?.()
  }
}

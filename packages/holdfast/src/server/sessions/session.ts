import type { SessionInput, SessionState } from '../../core/session/state.ts'
import { sessionDeadline } from '../../core/session/state.ts'
import { stepSession } from '../../core/session/step.ts'
import type { Goodbye } from '../../core/wire/goodbye.ts'
import type { HelloFrame, Subject } from '../../core/wire/frames.ts'
import type { HubParts } from '../hub-parts.ts'
import type { Link } from '../links/link.ts'
import type { SessionInfo } from '../options.ts'
import { SessionOperations } from './session-operations.ts'
import { SessionRequests } from './session-requests.ts'
import type { Timed } from '../../core/time/timekeeper.ts'

/** What outlives links: subject, resume key and ledgers. Interprets the effects of its state machine. */
export class Session implements Timed {
  readonly id: string
  readonly key: string
  readonly subject: Subject
  readonly instance: string
  readonly producerId: string
  readonly operations: SessionOperations
  readonly requests: SessionRequests
  readonly #parts: HubParts
  #info: SessionInfo
  #rightsRevision = 0
  #state: SessionState
  #link: Link | null = null

  constructor(parts: HubParts, hello: HelloFrame, subject: Subject, context: unknown) {
    this.#parts = parts
    this.id = parts.sessions.nameSession()
    this.key = parts.env.randomName()
    this.subject = subject
    this.#info = { id: this.id, ...subject, context }
    this.instance = hello.instance
    this.producerId = hello.producer.id
    this.operations = new SessionOperations(parts, this, hello.producer.highest)
    this.requests = new SessionRequests(parts, this)
    this.#state = { name: 'resting', expiresAt: parts.env.now(), attempt: 0 }
  }

  get info(): SessionInfo {
    return this.#info
  }

  /** The credentials were checked again: what `authenticate` said this time holds from now on. */
  renew(context: unknown): void {
    if (context === this.#info.context) return
    this.#info = { ...this.#info, context }
    this.rightsChanged()
  }

  /** Or may have. */
  rightsChanged(): void {
    this.#rightsRevision++
  }

  /** Changes whenever its rights may have changed: a verdict counts as long as this is what it was. */
  get rightsRevision(): number {
    return this.#rightsRevision
  }

  /** The session's current link; null while it rests. */
  get link(): Link | null {
    return this.#link
  }

  get ended(): boolean {
    return this.#state.name === 'ended'
  }

  /** Makes the link the session's own and fences the one before; false if a higher attempt was there first [R13]. */
  attach(link: Link, attempt: number): boolean {
    const before = this.#link
    this.#step({ type: 'attached', link: link.id, attempt }, link)
    const attached = this.#state.name === 'live' && this.#state.link === link.id
    if (attached) this.#link = link
    if (attached && !before) this.#parts.sessions.woke(this)
    return attached
  }

  detach(link: Link): void {
    if (this.#link !== link) return
    this.#link = null
    this.#step({ type: 'detached', link: link.id }, link)
    if (this.#state.name !== 'resting') return
    this.#parts.events.emit('detached', this.info)
    // Too much may rest now, and this session may be the one that has to end.
    if (this.#state.name === 'resting') this.#parts.sessions.rested(this)
  }

  end(goodbye: Goodbye): void {
    this.#step({ type: 'ended', goodbye: { ...goodbye, received: this.operations.highest } }, null)
  }

  /** Resolves when no handler runs and everything is written, or the session ended. */
  async drained(): Promise<void> {
    await this.operations.idle()
    await this.#link?.writer.drained()
  }

  tick(): void {
    this.#step({ type: 'ticked' }, null)
  }

  send(frame: object): void {
    this.#link?.writer.send(frame)
  }

  /** A result that nobody hears now is kept, and weighs. */
  sendText(text: string): void {
    if (this.#link) this.#link.writer.sendText(text)
    else this.#parts.sessions.weigh(this)
  }

  #step(input: SessionInput, link: Link | null): void {
    const { env, settings, timekeeper } = this.#parts
    const context = { now: env.now(), ttlMs: settings.timeouts.sessionTtlMs }
    const { state, effects } = stepSession(this.#state, input, context)
    this.#state = state
    timekeeper.set(this, sessionDeadline(state))
    for (const effect of effects) {
      if (effect.type === 'forget') this.#forget()
      else if (effect.link === link?.id) link.end(effect.goodbye)
      else this.#link?.end(effect.goodbye)
    }
  }

  #forget(): void {
    this.#link = null
    this.#parts.sessions.forget(this)
    this.operations.end()
    this.requests.end()
    this.#parts.events.emit('ended', this.info)
  }
}

import { createHash } from 'node:crypto'
import { HoldfastError } from '../../core/wire/errors.ts'
import type { AsksFrame, ConcludedFrame } from '../../core/wire/frames.ts'
import { notSent, refusalOf } from '../../core/wire/refusals.ts'
import type { StoredAsk } from '../../engines/ask-store.ts'
import type { AskParts } from '../hub-parts.ts'
import type { Link } from '../links/link.ts'
import type { AskedUsers, AskOptions, AskSummary, AskTarget, PendingAsk } from './ask.ts'
import { AskAudience } from './ask-audience.ts'
import { AskCaller } from './ask-caller.ts'
import { AskIndex } from './ask-index.ts'
import { BoardAsk, concludedFrame, type BoardAskHost } from './board-ask.ts'
import { EndedAsks } from './ended-asks.ts'
import type { AnswerOffer } from './offered-answer.ts'
import { assertAskOptions, usersOf, type Question } from './question.ts'

/** All questions of a hub: who is asked, what is pending, and for a time what is over. */
export class AskBoard implements BoardAskHost {
  readonly #parts: AskParts
  readonly #pending: AskIndex
  readonly #ended: EndedAsks
  readonly #audience = new AskAudience()
  readonly #callers = new Set<AskCaller>()
  /** False if the engine could not say what it keeps. */
  readonly #loaded: Promise<boolean>
  #closed = false

  /** @param parts whose engine was started */
  constructor(parts: AskParts) {
    this.#parts = parts
    this.#pending = new AskIndex(parts.settings.limits)
    this.#ended = new EndedAsks(parts, (id) => this.#forget(id))
    this.#loaded = this.#load()
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  get endedCount(): number {
    return this.#ended.size
  }

  /** Promises that wait for an answer. */
  get callerCount(): number {
    return this.#callers.size
  }

  /** Links that take part. */
  get links(): Iterable<Link> {
    return this.#audience.links
  }

  list(): AskSummary[] {
    return Array.from(this.#pending, ({ stored, users }) => {
      const { id, key, tenant, method, expiresAt, data } = stored
      return { id, key, tenant, users: [...users], method, payload: JSON.parse(data) as unknown, expiresAt }
    })
  }

  /** @throws TypeError */
  ask(target: AskTarget, method: string, payload: unknown, options: AskOptions): PendingAsk {
    assertAskOptions(options)
    const users = usersOf(target)
    const { key, signal } = options
    const refusal = refusalOf('method_invalid', method, payload)
    const data = refusal ? '' : JSON.stringify(payload)
    const tenant = target.tenant ?? null
    const id = key === undefined ? this.#parts.env.randomName() : idOf(tenant, key, method, data)
    const caller = new AskCaller(signal, (caller) => this.#callers.delete(caller))
    this.#callers.add(caller)
    if (refusal) caller.refused(refusal)
    else if (this.#closed) caller.refused(notSent('closed', 'The hub is closed.'))
    else if (signal?.aborted) caller.refused(notSent('aborted'))
    else void this.#ask({ id, tenant, users, method, data, options }, caller)
    return Object.assign(caller.promise, { id })
  }

  /** Adds users to a pending ask. */
  async escalate(id: string, target: AskedUsers): Promise<void> {
    const users = usersOf(target)
    const ask = this.#pending.get(id)
    if (!ask?.isOpen) throw notSent('ask_unknown')
    await this.#addUsers(ask, users)
  }

  /** From now on the link takes part; it is told what its client does not know [R63]. */
  async joined(link: Link, { known }: AsksFrame): Promise<void> {
    if (!(await this.#loaded) || !link.bound || !link.session) return
    const { tenant, user } = link.session.subject
    if (user === null) return
    this.#audience.add(link)
    for (const id of known) {
      const ask = this.#find(id)
      let frame: ConcludedFrame | null = { type: 'concluded', id, status: 'unknown' }
      if (ask?.asks(tenant, user)) frame = ask.conclusion && concludedFrame(id, ask.conclusion)
      if (frame) link.writer.send(frame)
    }
    const knows = new Set(known)
    for (const ask of this.#pending.of(tenant, user)) {
      if (ask.isOpen && !knows.has(ask.stored.id)) link.writer.sendText(ask.encode())
    }
  }

  /** The link is gone. */
  left(link: Link): void {
    this.#audience.delete(link)
  }

  /** Returns a function that takes the answer back. */
  answer(offer: AnswerOffer): () => void {
    let takenBack = false
    let takeBack = (): void => {
      takenBack = true
      offer.respond({ kind: 'refused', code: 'cancelled' })
    }
    void this.#loaded.then((loaded) => {
      if (takenBack) return
      const { tenant, user } = offer.session.subject
      const ask = this.#find(offer.id)
      if (!loaded) offer.respond({ kind: 'refused', code: 'engine_failed' })
      else if (ask?.asks(tenant, user)) takeBack = ask.answer(offer)
      else offer.respond({ kind: 'refused', code: 'ask_unknown' })
    })
    return () => takeBack()
  }

  told(ask: BoardAsk, frame: ConcludedFrame): void {
    this.#audience.tell(ask, JSON.stringify(frame))
  }

  ended(ask: BoardAsk): void {
    this.#pending.remove(ask)
    if (!this.#closed) this.#ended.add(ask, this.#parts.settings.timeouts.answerTtlMs)
  }

  /** Whoever waits is told; what the engine keeps may go on in another process. */
  close(): void {
    this.#closed = true
    for (const ask of this.#pending) {
      ask.close()
      this.#pending.remove(ask)
    }
    this.#ended.close()
    for (const caller of this.#callers) {
      caller.refused(new HoldfastError('closed', 'The hub was closed.', { outcome: 'unknown' }))
    }
  }

  #find(id: string): BoardAsk | undefined {
    return this.#pending.get(id) ?? this.#ended.get(id)
  }

  async #ask(question: Question, caller: AskCaller): Promise<void> {
    const loaded = await this.#loaded
    if (!loaded) return caller.refused(engineFailed())
    const { id, tenant, users, options } = question
    let known = this.#withKey(tenant, options.key)
    while (known?.decision) {
      // One that is just ending may lose its key.
      // oxlint-disable-next-line no-await-in-loop -- until it is decided
      await known.decision
      known = this.#withKey(tenant, options.key)
    }
    // It gave up meanwhile.
    if (!this.#callers.has(caller)) return
    if (!known) return this.#open(question, caller)
    if (known.stored.id !== id) return caller.refused(notSent('key_reused'))
    try {
      if (!known.conclusion) await this.#addUsers(known, users)
    } catch (error) {
      return caller.refused(error as HoldfastError)
    }
    if (this.#callers.has(caller)) known.join(caller, options)
  }

  #withKey(tenant: string | null, key: string | undefined): BoardAsk | undefined {
    if (key === undefined) return undefined
    return this.#pending.withKey(tenant, key) ?? this.#ended.withKey(tenant, key)
  }

  async #open({ id, tenant, users, method, data, options }: Question, caller: AskCaller): Promise<void> {
    const { env, engine } = this.#parts
    const refusal = this.#pending.refusal(tenant, users, data.length)
    if (refusal) return caller.refused(refusal)
    const { key = null, deadlineMs, validate } = options
    const expiresAt = deadlineMs === undefined ? null : Math.round(env.wallNow() + deadlineMs)
    const kept = { id, tenant, key, method, data, users, validated: validate !== undefined, expiresAt }
    const ask = new BoardAsk(this.#parts, this, { ...kept, conclusion: null })
    this.#ended.remove(id)
    this.#pending.add(ask)
    ask.join(caller, options)
    try {
      await engine.asks.open({ ...kept, conclusion: null })
    } catch (cause) {
      this.#pending.remove(ask)
      return ask.failed(engineFailed(cause))
    }
    ask.opened()
    if (ask.isWanted) this.#audience.tell(ask, ask.encode())
  }

  async #addUsers(ask: BoardAsk, users: readonly string[]): Promise<void> {
    const added = users.filter((user) => !ask.users.has(user))
    if (added.length === 0) return
    const refusal = this.#pending.userRefusal(ask.stored.tenant, added, ask.length)
    if (refusal) throw refusal
    await this.#parts.engine.asks.addUsers(ask.stored.id, added).catch((cause: unknown) => {
      throw engineFailed(cause)
    })
    if (this.#pending.get(ask.stored.id) !== ask) return
    const asked = added.filter((user) => this.#pending.addUser(ask, user))
    if (ask.isOpen) this.#audience.tell(ask, ask.encode(), asked)
  }

  /** What an earlier process left [R68, R69]. */
  async #load(): Promise<boolean> {
    const { engine, env, settings } = this.#parts
    let kept: readonly StoredAsk[]
    try {
      kept = await engine.asks.load()
    } catch (error) {
      settings.logger.error({ error }, 'the engine could not load the asks')
      return false
    }
    const wallNow = env.wallNow()
    const endedAt = ({ conclusion }: StoredAsk): number => conclusion?.time ?? Infinity
    for (const stored of kept.toSorted((one, other) => endedAt(one) - endedAt(other))) {
      const restMs = endedAt(stored) + settings.timeouts.answerTtlMs - wallNow
      // Nobody can ask again without a key.
      if (stored.key === null || restMs <= 0) this.#forget(stored.id)
      else if (stored.conclusion) this.#ended.add(new BoardAsk(this.#parts, this, stored), restMs)
      else this.#adopt(new BoardAsk(this.#parts, this, stored))
    }
    return true
  }

  #adopt(ask: BoardAsk): void {
    this.#pending.add(ask)
    ask.opened()
  }

  #forget(id: string): void {
    this.#parts.engine.asks.forget(id).catch((error: unknown) => {
      this.#parts.settings.logger.error({ error, ask: id }, 'the engine could not forget an ask')
    })
  }
}

/** With a key the id follows from the question, so that it is the same after a restart [R68]. */
function idOf(tenant: string | null, key: string, method: string, data: string): string {
  const text = JSON.stringify([tenant, key, method, data])
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

const engineFailed = (cause?: unknown): HoldfastError =>
  new HoldfastError('engine_failed', 'The engine could not do it.', { cause })

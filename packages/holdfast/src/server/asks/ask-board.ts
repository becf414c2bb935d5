import type { Timed } from '../../core/time/timekeeper.ts'
import { refusals } from '../../core/ask/hub/state.ts'
import { HoldfastError } from '../../core/wire/errors.ts'
import type { AsksFrame, ConcludedFrame } from '../../core/wire/frames.ts'
import { notSent, refusalOf } from '../../core/wire/refusals.ts'
import type { Conclusion, StoredAsk } from '../../engines/ask-store.ts'
import type { AskParts } from '../hub-parts.ts'
import type { Link } from '../links/link.ts'
import type { AskedUsers, AskOptions, AskSummary, AskTarget, PendingAsk } from './ask.ts'
import { AskAudience } from './ask-audience.ts'
import { AskCaller } from './ask-caller.ts'
import { askId } from './ask-id.ts'
import { AskIndex } from './ask-index.ts'
import { BoardAsk, type BoardAskHost } from './board-ask.ts'
import { EarlyAnswers, type Answering } from './early-answers.ts'
import { EndedAsks } from './ended-asks.ts'
import { assertAskOptions, usersOf, type NewAsk } from './new-ask.ts'
import { isAnswer, type AnswerOffer } from './offered-answer.ts'

/** An engine that could not say what it keeps is asked again after this. */
const reloadMs = 1_000

/** All asks of a hub: who is asked, what is pending, and for a time what is over. */
export class AskBoard implements BoardAskHost, Timed {
  readonly #parts: AskParts
  readonly #pending: AskIndex
  readonly #ended: EndedAsks
  readonly #early: EarlyAnswers
  readonly #audience = new AskAudience()
  /** Promises that wait for an answer, with what they wait for once that is known. */
  readonly #callers = new Map<AskCaller, BoardAsk | null>()
  /** Links whose clients wait to be told what is pending. */
  readonly #joining = new Map<Link, AsksFrame>()
  #loading: Promise<void>
  #loaded = false
  #closed = false

  /** @param parts whose engine was started */
  constructor(parts: AskParts) {
    this.#parts = parts
    this.#pending = new AskIndex(parts.settings.limits)
    this.#ended = new EndedAsks(parts, (id) => void this.#forget(id))
    this.#early = new EarlyAnswers(parts.timekeeper)
    this.#loading = this.#load()
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  get endedCount(): number {
    return this.#ended.size
  }

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
    assertAskOptions(target, options)
    const users = usersOf(target)
    const { tenant = null } = target
    const { key, signal } = options
    const refusal = refusalOf('method_invalid', method, payload)
    const withoutKey = refusal !== null || key === undefined
    const id = withoutKey ? this.#parts.env.randomName() : askId(tenant, key, method, payload)
    const caller = new AskCaller(signal, () => this.#left(caller))
    this.#callers.set(caller, null)
    if (refusal) caller.refused(refusal)
    else if (this.#closed) caller.refused(notSent('closed', 'The hub is closed.'))
    else if (signal?.aborted) caller.refused(notSent('aborted'))
    else void this.#ask({ id, tenant, users, method, data: JSON.stringify(payload), options }, caller)
    return Object.assign(caller.promise, { id })
  }

  /** Adds users to a pending ask. */
  async escalate(id: string, target: AskedUsers): Promise<void> {
    const users = usersOf(target)
    // It may have been asked in this very turn.
    await this.#loading
    const ask = this.#pending.get(id)
    await ask?.settled()
    const refusal = ask ? await this.#addUsers(ask, users) : notSent('ask_unknown')
    if (refusal) throw refusal
  }

  /** Cancels a pending ask, whoever waits for it. */
  withdraw(id: string): boolean {
    const ask = this.#pending.get(id)
    ask?.withdraw()
    return ask !== undefined
  }

  /** From now on the link takes part; it is told what its client does not know [R63]. */
  joined(link: Link, frame: AsksFrame): void {
    this.#joining.set(link, frame)
    if (this.#loaded) this.#bringUpToDate()
  }

  /** The link is gone. */
  left(link: Link): void {
    this.#joining.delete(link)
    this.#audience.delete(link)
  }

  /** Returns a function that takes the answer back. */
  answer(offer: AnswerOffer): () => void {
    const { env, settings } = this.#parts
    const deadline = env.now() + settings.timeouts.validateMs
    const { user } = offer.session.subject
    // Who is anonymous is asked nothing, whatever the engine keeps.
    return this.#loaded || user === null ? this.#answer(offer, deadline) : this.#early.hold(offer, deadline)
  }

  ended(ask: BoardAsk, conclusion: Conclusion): void {
    const { stored, users } = ask
    this.#pending.remove(ask)
    this.#tellConcluded(ask, concludedFrame(stored.id, conclusion))
    if (this.#closed) return
    const ended = { ...stored, users: [...users], conclusion }
    this.#ended.add(ended, this.#parts.settings.timeouts.endedAskTtlMs)
  }

  /** It is time to ask the engine again what it keeps. */
  tick(): void {
    this.#loading = this.#load()
  }

  /** Whoever waits is told; what the engine keeps may go on in another process. */
  close(): void {
    this.#closed = true
    this.#parts.timekeeper.set(this, null)
    for (const ask of this.#pending) {
      ask.close()
      this.#pending.remove(ask)
    }
    this.#ended.close()
    this.#early.close()
    this.#joining.clear()
    for (const caller of this.#callers.keys()) {
      caller.refused(new HoldfastError('closed', 'The hub was closed.', { outcome: 'unknown' }))
    }
  }

  readonly #answer: Answering = (offer, deadline) => {
    const { id, session, data } = offer
    const { tenant, user } = session.subject
    const pending = this.#pending.get(id)
    if (pending?.isFor(tenant, user)) return pending.answer(offer, deadline)
    const ended = this.#ended.ofUser(id, session.subject)
    if (!ended) {
      offer.respond({ kind: 'refused', code: 'ask_unknown' })
    } else if (isAnswer(ended.conclusion, session, JSON.stringify(data))) {
      offer.respond({ kind: 'taken' })
    } else {
      offer.respond({ kind: 'refused', code: refusals[ended.conclusion.status] })
    }
    return () => {}
  }

  #left(caller: AskCaller): void {
    const ask = this.#callers.get(caller)
    this.#callers.delete(caller)
    ask?.leave(caller)
  }

  async #ask(asked: NewAsk, caller: AskCaller): Promise<void> {
    const { id, tenant, users, options } = asked
    await this.#loading
    /* oxlint-disable no-await-in-loop -- what has the key may be another ask after each wait */
    while (this.#callers.has(caller)) {
      if (!this.#loaded) return caller.refused(engineFailed())
      const { key } = options
      const known = key === undefined ? undefined : this.#pending.withKey(tenant, key)
      if (!known) return this.#askAgainOrAnew(asked, caller)
      if (!known.isSettled) {
        await known.settled()
        continue
      }
      if (known.stored.id !== id) return caller.refused(notSent('key_reused'))
      const refusal = await this.#addUsers(known, users)
      if (!this.#callers.has(caller) || this.#pending.get(id) !== known || !known.isSettled) continue
      if (refusal) return caller.refused(refusal)
      this.#callers.set(caller, known)
      return known.join(caller, options)
    }
    /* oxlint-enable no-await-in-loop */
  }

  /** No ask with its key is pending. */
  #askAgainOrAnew(asked: NewAsk, caller: AskCaller): Promise<void> | void {
    const { id, tenant, options } = asked
    const answered = options.key === undefined ? undefined : this.#ended.withKey(tenant, options.key)
    if (!answered) return this.#open(asked, caller)
    if (answered.id === id) caller.concluded(answered.conclusion)
    else caller.refused(notSent('key_reused'))
  }

  async #open({ id, tenant, users, method, data, options }: NewAsk, caller: AskCaller): Promise<void> {
    const { env, engine } = this.#parts
    const refusal = this.#pending.refusal(tenant, users, data.length)
    if (refusal) return caller.refused(refusal)
    const { key = null, deadlineMs } = options
    const expiresAt = deadlineMs === undefined ? null : Math.round(env.wallNow() + deadlineMs)
    const stored: StoredAsk = { id, tenant, key, method, data, users, expiresAt, conclusion: null }
    const ask = new BoardAsk(this.#parts, this, stored, true)
    this.#ended.remove(id)
    this.#pending.add(ask)
    this.#callers.set(caller, ask)
    ask.join(caller, options)
    try {
      await engine.asks.open(stored)
    } catch (cause) {
      this.#pending.remove(ask)
      // It may have been kept all the same.
      void this.#forget(id)
      this.#tellConcluded(ask, { type: 'concluded', id, status: 'unknown' })
      return ask.failed(engineFailed(cause))
    }
    ask.opened()
    if (ask.isWanted) this.#audience.tell(tenant, ask.users, ask.encode())
  }

  /** Returns why not; only then nobody was added. */
  async #addUsers(ask: BoardAsk, users: readonly string[]): Promise<HoldfastError | null> {
    const { id, tenant } = ask.stored
    const isNew = (user: string): boolean => !ask.users.has(user)
    const added = users.filter(isNew)
    if (added.length === 0) return null
    const refusal = this.#pending.userRefusal(ask, added)
    if (refusal) return refusal
    // Counted before the engine answers: others may be added meanwhile.
    this.#pending.share(ask, added)
    const failure = await this.#parts.engine.asks.addUsers(id, added).then(() => null, engineFailed)
    const isPending = this.#pending.get(id) === ask
    if (failure || !isPending) {
      this.#pending.unshare(ask, isPending ? added.filter(isNew) : added)
      return isPending ? failure : notSent('ask_unknown')
    }
    const asked = added.filter(isNew)
    for (const user of asked) ask.users.add(user)
    this.#pending.share(ask, asked)
    this.#audience.tell(tenant, asked, ask.encode())
    return null
  }

  #bringUpToDate(): void {
    for (const [link, { known, answering = [] }] of this.#joining) {
      const { tenant, user } = link.session?.subject ?? { tenant: null, user: null }
      if (user === null || !link.bound) continue
      this.#audience.add(link)
      for (const id of known) {
        const frame = this.#newsOf(id, tenant, user)
        if (frame) link.writer.send(frame)
      }
      const knows = new Set(known)
      // What it answered may have been an earlier life of the ask, and the result of that ends it for the client.
      for (const id of answering) knows.delete(id)
      for (const ask of this.#pending.of(tenant, user)) {
        const isNews = ask.isKept && ask.isFor(tenant, user) && !knows.has(ask.stored.id)
        if (isNews) link.writer.sendText(ask.encode())
      }
    }
    this.#joining.clear()
  }

  /** What a device of the user that holds the ask has to be told, or null if it is pending. */
  #newsOf(id: string, tenant: string | null, user: string): ConcludedFrame | null {
    if (this.#pending.get(id)?.isFor(tenant, user)) return null
    const ended = this.#ended.ofUser(id, { tenant, user })
    return ended ? concludedFrame(id, ended.conclusion) : { type: 'concluded', id, status: 'unknown' }
  }

  #tellConcluded({ stored, users }: BoardAsk, frame: ConcludedFrame): void {
    this.#audience.tell(stored.tenant, users, JSON.stringify(frame))
  }

  /** Takes over what an earlier process left [R68, R69]. */
  async #load(): Promise<void> {
    const { engine, env, settings, timekeeper } = this.#parts
    let kept: readonly StoredAsk[]
    try {
      kept = await engine.asks.load()
    } catch (error) {
      settings.logger.error({ error }, 'the engine could not load the asks')
      if (!this.#closed) timekeeper.set(this, env.now() + reloadMs)
      return
    }
    if (this.#closed) return
    const endedAt = ({ conclusion }: StoredAsk): number => conclusion?.time ?? 0
    for (const stored of kept.toSorted((one, other) => endedAt(one) - endedAt(other))) this.#takeOver(stored)
    this.#loaded = true
    // The conclusions come before the results that they decide [R67].
    this.#bringUpToDate()
    this.#early.passOn(this.#answer)
  }

  #takeOver(stored: StoredAsk): void {
    const { env, settings } = this.#parts
    const { id, tenant, key, conclusion } = stored
    const { endedAskTtlMs } = settings.timeouts
    const leftMs = Math.min((conclusion?.time ?? 0) + endedAskTtlMs - env.wallNow(), endedAskTtlMs)
    // Nobody can ask again without a key, or when another ask has it.
    const isPending = key !== null && conclusion === null && !this.#pending.withKey(tenant, key)
    if (isPending) {
      const ask = new BoardAsk(this.#parts, this, stored, false)
      this.#pending.add(ask)
      ask.opened()
    } else if (conclusion && leftMs > 0) {
      this.#ended.add({ ...stored, conclusion }, leftMs)
    } else {
      void this.#forget(id)
    }
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#parts.engine.asks.forget(id)
    } catch (error) {
      this.#parts.settings.logger.error({ error, ask: id }, 'the engine could not forget an ask')
    }
  }
}

function concludedFrame(id: string, conclusion: Conclusion): ConcludedFrame {
  const { status } = conclusion
  if (status !== 'answered') return { type: 'concluded', id, status }
  const { user, session, time } = conclusion
  return { type: 'concluded', id, status, by: { user, session, time } }
}

const engineFailed = (cause?: unknown): HoldfastError =>
  new HoldfastError('engine_failed', 'The engine could not do it.', { outcome: 'not_sent', cause })

import type { Conclusion, StoredAsk } from '../../engines/ask-store.ts'
import { askDeadline, newAsk, type AskEffect, type AskInput, type AskState } from '../../core/ask/state.ts'
import { stepAsk } from '../../core/ask/step.ts'
import type { Timed } from '../../core/time/timekeeper.ts'
import type { HoldfastError } from '../../core/wire/errors.ts'
import type { ConcludedFrame } from '../../core/wire/frames.ts'
import type { AskParts } from '../hub-parts.ts'
import type { AskOptions } from './ask.ts'
import type { AskCaller } from './ask-caller.ts'
import { judge } from './judge.ts'
import { OfferedAnswer, type AnswerOffer } from './offered-answer.ts'

export interface BoardAskHost {
  /** To everybody who is asked. */
  told(ask: BoardAsk, frame: ConcludedFrame): void
  /** It is over. */
  ended(ask: BoardAsk): void
}

/** One question: interprets the effects of its state machine and owns the answers that are judged. */
export class BoardAsk implements Timed {
  readonly stored: Omit<StoredAsk, 'users' | 'conclusion'>
  readonly users: Set<string>
  /** Null while it is pending. */
  conclusion: Conclusion | null
  readonly #parts: AskParts
  readonly #host: BoardAskHost
  readonly #callers = new Set<AskCaller>()
  readonly #answers = new Map<number, OfferedAnswer>()
  #validate: AskOptions['validate']
  #state: AskState
  #lastAnswer = 0
  /** The answer that the engine decides on. */
  #concluding: number | null = null
  #decision: Promise<void> | null = null
  #closed = false

  constructor(parts: AskParts, host: BoardAskHost, { users, conclusion, ...stored }: StoredAsk) {
    this.#parts = parts
    this.#host = host
    this.stored = stored
    this.users = new Set(users)
    this.conclusion = conclusion
    const { expiresAt, validated } = stored
    const deadline = expiresAt === null ? null : expiresAt - parts.env.wallNow() + parts.env.now()
    this.#state = conclusion ? { name: 'ended', status: conclusion.status } : newAsk(deadline, !validated)
  }

  /** JSON characters that it keeps. */
  get length(): number {
    const { conclusion, stored } = this
    return stored.data.length + (conclusion?.status === 'answered' ? conclusion.value.length : 0)
  }

  /** Somebody waits for the answer. */
  get isWanted(): boolean {
    return this.#callers.size > 0
  }

  /** Null unless the engine is deciding how it ends; then resolves when it has. */
  get decision(): Promise<void> | null {
    return this.#decision
  }

  /** Whether those who are asked may know of it. */
  get isOpen(): boolean {
    return this.#state.name !== 'opening'
  }

  /** The engine keeps it. */
  opened(): void {
    this.#step({ type: 'opened' })
  }

  /** The engine does not keep it. */
  failed(error: HoldfastError): void {
    this.#step({ type: 'failed', answer: null })
    for (const caller of this.#callers) caller.refused(error)
  }

  asks(tenant: string | null, user: string | null): boolean {
    return user !== null && tenant === this.stored.tenant && this.users.has(user)
  }

  /** Its frame, for a device that does not know it. */
  encode(): string {
    const { id, method, data } = this.stored
    const head = { type: 'ask', id, method, timeoutMs: this.#timeoutMs }
    return `${JSON.stringify(head).slice(0, -1)},"data":${data}}`
  }

  /** Somebody asks this, and judges the answers if there is a validator. */
  join(caller: AskCaller, { validate }: AskOptions): void {
    if (this.conclusion) return caller.concluded(this.conclusion)
    this.#callers.add(caller)
    caller.ask = this
    this.#validate = validate ?? this.#validate
    this.#step({ type: 'joined', attends: this.#validate !== undefined || !this.stored.validated })
  }

  /** The caller no longer wants to know; the last one takes the question with it. */
  leave(caller: AskCaller): void {
    if (this.#callers.delete(caller) && this.#callers.size === 0) this.#step({ type: 'cancelled' })
  }

  /** Returns a function that takes the answer back. */
  answer(offer: AnswerOffer): () => void {
    const { session } = offer
    for (const other of this.#answers.values()) {
      if (other.offer.session === session) {
        offer.respond({ kind: 'refused', code: 'overloaded' })
        return () => {}
      }
    }
    const answer = new OfferedAnswer(offer)
    if (this.conclusion && answer.concluded(this.conclusion)) {
      offer.respond({ kind: 'taken' })
      return () => {}
    }
    const number = ++this.#lastAnswer
    this.#answers.set(number, answer)
    this.#step({ type: 'answered', answer: number })
    return () => {
      // What the engine already decides on cannot be taken back.
      if (number === this.#concluding || !this.#answers.delete(number)) return
      this.#step({ type: 'dropped', answer: number })
      answer.settle({ kind: 'refused', code: 'cancelled' })
    }
  }

  tick(): void {
    this.#step({ type: 'ticked' })
  }

  /** The hub is closed: what the engine keeps may go on elsewhere. */
  close(): void {
    this.#closed = true
    this.#parts.timekeeper.set(this, null)
    for (const answer of this.#answers.values()) answer.settle({ kind: 'refused', code: 'cancelled' })
    this.#answers.clear()
  }

  get #timeoutMs(): number | undefined {
    const { expiresAt } = this.stored
    return expiresAt === null ? undefined : Math.max(expiresAt - this.#parts.env.wallNow(), 0)
  }

  #step(input: AskInput): void {
    if (this.#closed) return
    const { state, effects } = stepAsk(this.#state, input, { now: this.#parts.env.now() })
    this.#state = state
    this.#arm()
    for (const effect of effects) this.#interpret(effect)
  }

  #arm(): void {
    this.#parts.timekeeper.set(this, askDeadline(this.#state))
  }

  #interpret(effect: AskEffect): void {
    switch (effect.type) {
      case 'judge':
        void this.#judge(effect.answer)
        return
      case 'conclude':
        this.#decision = this.#conclude(effect)
        return
      case 'end':
        this.#end()
        return
      case 'take':
        this.#settle(effect.answer)?.settle({ kind: 'taken' })
        return
      case 'refuse':
        this.#settle(effect.answer)?.settle({ kind: 'refused', code: effect.code })
    }
  }

  /** Takes the answer out, to be told what became of it. */
  #settle(number: number): OfferedAnswer | undefined {
    const answer = this.#answers.get(number)
    this.#answers.delete(number)
    return answer
  }

  async #judge(number: number): Promise<void> {
    const answer = this.#answers.get(number)
    if (!answer) return
    const verdict = this.#validate ? await judge(this.#parts, this.#validate, answer) : null
    if (verdict === null) return this.#step({ type: 'passed', answer: number })
    if (!this.#answers.delete(number)) return
    this.#step({ type: 'dropped', answer: number })
    answer.settle(verdict)
  }

  async #conclude({ status, answer }: Extract<AskEffect, { type: 'conclude' }>): Promise<void> {
    const { settings, engine, env } = this.#parts
    const time = Math.round(env.wallNow())
    const offered = answer === null ? undefined : this.#answers.get(answer)
    const wanted = status === 'answered' ? offered?.conclusion(time) : { status, time }
    if (!wanted) throw new Error('an answer that is not held cannot conclude an ask')
    this.#concluding = answer
    const conclusion = await engine.asks.conclude(this.stored.id, wanted).catch((error: unknown) => {
      settings.logger.error({ error, ask: this.stored.id }, 'the engine could not conclude an ask')
      return null
    })
    this.#concluding = null
    this.#decision = null
    if (!conclusion) return this.#step({ type: 'failed', answer })
    this.conclusion = conclusion
    const winner = [...this.#answers].find(([, held]) => held.concluded(conclusion))
    this.#step({ type: 'concluded', status: conclusion.status, answer: winner?.[0] ?? null })
  }

  #end(): void {
    const { conclusion } = this
    if (!conclusion) throw new Error('an ask ended without a conclusion')
    this.#host.told(this, concludedFrame(this.stored.id, conclusion))
    const callers = [...this.#callers]
    this.#callers.clear()
    this.#host.ended(this)
    for (const caller of callers) caller.concluded(conclusion)
  }
}

export function concludedFrame(id: string, conclusion: Conclusion): ConcludedFrame {
  const { status } = conclusion
  if (status !== 'answered') return { type: 'concluded', id, status }
  const { user, session, time } = conclusion
  return { type: 'concluded', id, status, by: { user, session, time } }
}

import type { Conclusion, StoredAsk } from '../../engines/ask-store.ts'
import {
  askDeadline,
  newAsk,
  type AskEffect,
  type AskInput,
  type AskState,
} from '../../core/ask/hub/state.ts'
import { stepAsk } from '../../core/ask/hub/step.ts'
import type { Timed } from '../../core/time/timekeeper.ts'
import type { HoldfastError } from '../../core/wire/errors.ts'
import type { AskParts } from '../hub-parts.ts'
import type { AskOptions } from './ask.ts'
import type { AskCaller } from './ask-caller.ts'
import { judge } from './judge.ts'
import { OfferedAnswer, type AnswerOffer, type AnswerVerdict } from './offered-answer.ts'

export interface BoardAskHost {
  /** It is over: comes before anybody else is told. */
  ended(ask: BoardAsk, conclusion: Conclusion): void
}

/** A pending ask: interprets the effects of its state machine and owns the answers that are judged. */
export class BoardAsk implements Timed {
  readonly stored: Omit<StoredAsk, 'users'>
  readonly users: Set<string>
  readonly #parts: AskParts
  readonly #host: BoardAskHost
  readonly #callers = new Set<AskCaller>()
  readonly #answers = new Map<number, OfferedAnswer>()
  readonly #deadline: number | null
  #validate: AskOptions['validate']
  #state: AskState
  /** What the engine decides on now; null: on nothing. */
  #wanted: Conclusion | null = null
  #conclusion: Conclusion | null = null
  #lastAnswer = 0
  #settled: (() => void)[] = []
  #closed = false

  /** @param attended whether whoever asks is about to join; else it is from an earlier process */
  constructor(parts: AskParts, host: BoardAskHost, { users, ...stored }: StoredAsk, attended: boolean) {
    this.#parts = parts
    this.#host = host
    this.stored = stored
    this.users = new Set(users)
    const { expiresAt } = stored
    this.#deadline = expiresAt === null ? null : expiresAt - parts.env.wallNow() + parts.env.now()
    this.#state = newAsk(this.#deadline, attended)
  }

  /** The engine keeps it, so those who are asked may know of it. */
  get isKept(): boolean {
    return this.#state.name === 'open' || this.#state.name === 'concluding'
  }

  /** Nobody waits for the engine to open or conclude it. */
  get isSettled(): boolean {
    return this.#state.name !== 'opening' && this.#state.name !== 'concluding'
  }

  /** Somebody waits for the answer. */
  get isWanted(): boolean {
    return this.#callers.size > 0
  }

  isFor(tenant: string | null, user: string | null): boolean {
    return user !== null && tenant === this.stored.tenant && this.users.has(user)
  }

  /** Resolves once it is settled. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isSettled) resolve()
      else this.#settled.push(resolve)
    })
  }

  /** Its frame, for a device that does not know it. */
  encode(): string {
    const { id, method, data } = this.stored
    const leftMs = this.#deadline === null ? undefined : Math.round(this.#deadline - this.#parts.env.now())
    const timeoutMs = leftMs && Math.min(Math.max(leftMs, 0), Number.MAX_SAFE_INTEGER)
    return `${JSON.stringify({ type: 'ask', id, method, timeoutMs }).slice(0, -1)},"data":${data}}`
  }

  /** The engine keeps it. */
  opened(): void {
    this.#step({ type: 'opened' })
  }

  /** The engine does not keep it. */
  failed(error: HoldfastError): void {
    this.#step({ type: 'failed' })
    for (const caller of this.#callers) caller.refused(error)
  }

  /** Somebody asks. The latest validator judges. */
  join(caller: AskCaller, { validate }: AskOptions): void {
    this.#callers.add(caller)
    this.#validate = validate ?? this.#validate
    this.#step({ type: 'joined' })
  }

  /** The caller no longer wants to know; the last one takes the ask with it. */
  leave(caller: AskCaller): void {
    if (this.#callers.delete(caller) && this.#callers.size === 0) this.withdraw()
  }

  withdraw(): void {
    this.#step({ type: 'cancelled' })
  }

  /**
   * Returns a function that takes the answer back.
   * @param deadline it is judged no longer than until then
   */
  answer(offer: AnswerOffer, deadline: number): () => void {
    for (const { offer: other } of this.#answers.values()) {
      if (other.session !== offer.session) continue
      offer.respond({ kind: 'refused', code: 'overloaded' })
      return () => {}
    }
    const number = ++this.#lastAnswer
    const { timekeeper } = this.#parts
    const answer = new OfferedAnswer(offer, timekeeper, () => this.#drop(number, refused('timeout')))
    this.#answers.set(number, answer)
    timekeeper.set(answer, deadline)
    this.#step({ type: 'answered', answer: number })
    return () => this.#drop(number, refused('cancelled'))
  }

  tick(): void {
    this.#step({ type: 'ticked' })
  }

  /** The hub is closed: what the engine keeps may go on elsewhere. */
  close(): void {
    this.#closed = true
    this.#parts.timekeeper.set(this, null)
    for (const number of this.#answers.keys()) {
      this.#take(number)?.settle({ kind: 'refused', code: 'cancelled' })
    }
  }

  #step(input: AskInput): void {
    if (this.#closed) return
    const { state, effects } = stepAsk(this.#state, input, { now: this.#parts.env.now() })
    this.#state = state
    this.#parts.timekeeper.set(this, askDeadline(state))
    for (const effect of effects) this.#interpret(effect)
    if (this.isSettled) for (const resolve of this.#settled.splice(0)) resolve()
  }

  #interpret(effect: AskEffect): void {
    switch (effect.type) {
      case 'judge':
        void this.#judge(effect.answer)
        return
      case 'conclude':
        void this.#conclude(effect)
        return
      case 'end':
        this.#end()
        return
      case 'take':
        this.#take(effect.answer)?.settle({ kind: 'taken' })
        return
      case 'refuse':
        this.#take(effect.answer)?.settle({ kind: 'refused', code: effect.code })
    }
  }

  /** Takes the answer out, to be told what became of it. */
  #take(number: number): OfferedAnswer | undefined {
    const answer = this.#answers.get(number)
    this.#answers.delete(number)
    return answer
  }

  /** The answer counts no more, unless the engine decides on it already. */
  #drop(number: number, verdict: AnswerVerdict): void {
    if (this.#gave(number, this.#wanted)) return
    this.#step({ type: 'dropped', answer: number })
    this.#take(number)?.settle(verdict)
  }

  async #judge(number: number): Promise<void> {
    const answer = this.#answers.get(number)
    const refusal = answer && this.#validate ? await judge(this.#validate, answer) : null
    if (!this.#answers.has(number)) return
    if (refusal === null) this.#step({ type: 'passed', answer: number })
    else this.#drop(number, refusal)
  }

  async #conclude(effect: Extract<AskEffect, { type: 'conclude' }>): Promise<void> {
    const { settings, engine, env } = this.#parts
    const { id } = this.stored
    const time = Math.round(env.wallNow())
    const answer = effect.status === 'answered' ? this.#answers.get(effect.answer) : undefined
    const wanted = effect.status === 'answered' ? answer?.conclusion(time) : { status: effect.status, time }
    if (!wanted) throw new Error('an answer that is not held cannot conclude an ask')
    this.#wanted = wanted
    try {
      this.#conclusion = await engine.asks.conclude(id, wanted)
    } catch (error) {
      settings.logger.error({ error, ask: id }, 'the engine could not conclude an ask')
      return this.#notConcluded(wanted)
    }
    const { status } = this.#conclusion
    this.#step({ type: 'concluded', status, answers: this.#allThatGave(this.#conclusion) })
  }

  /** The engine failed: an answer that it decided on is refused, however often it came. */
  #notConcluded(wanted: Conclusion): void {
    this.#wanted = null
    const refusedAnswers = this.#allThatGave(wanted)
    this.#step({ type: 'failed' })
    for (const number of refusedAnswers) this.#drop(number, refused('engine_failed'))
  }

  #allThatGave(conclusion: Conclusion): number[] {
    return [...this.#answers.keys()].filter((number) => this.#gave(number, conclusion))
  }

  #gave(number: number, conclusion: Conclusion | null): boolean {
    return conclusion !== null && this.#answers.get(number)?.gave(conclusion) === true
  }

  #end(): void {
    const conclusion = this.#conclusion
    if (!conclusion) throw new Error('an ask ended without a conclusion')
    this.#host.ended(this, conclusion)
    const callers = [...this.#callers]
    this.#callers.clear()
    for (const caller of callers) caller.concluded(conclusion)
  }
}

const refused = (code: 'cancelled' | 'timeout' | 'engine_failed'): AnswerVerdict => ({
  kind: 'refused',
  code,
})

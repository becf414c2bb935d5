import { HoldfastError } from '../../../core/wire/errors.ts'
import type { Ask } from '../../../client/ask.ts'
import type { Answer } from '../../../server/asks/ask.ts'
import { defaultTimeouts } from '../../../server/options.ts'
import type { KeptConclusion } from '../chronicle.ts'
import type { StepOf } from '../schedule.ts'
import type { Circumstances } from './excuses.ts'
import type { Report } from './violation.ts'
import type { JudgedClient } from './witnesses.ts'

const { validateMs } = defaultTimeouts

/** What the hub gave for a question. */
export interface AskInProgress {
  readonly result: Promise<Answer<string>>
  /** By which devices name it; empty as long as nobody knows. */
  readonly id: () => string
}

/** Somebody asked, and waits. */
interface Question {
  readonly step: StepOf<'ask'>
  readonly id: () => string
  readonly startedAt: number
  /** Of the hub that was asked. */
  readonly life: number
  readonly stop: AbortController
  state: 'waiting' | 'settled' | 'forgotten'
}

/** An answer that a device gave. */
interface GivenAnswer {
  readonly device: JudgedClient
  readonly ask: Ask
  readonly value: string
  readonly at: number
  /** When the device gives up; Infinity: never. */
  readonly until: number
  settled: boolean
}

/** Each ask is answered once; whoever asked and whoever answered learns what the hub's store decided. */
export class AskOracle {
  readonly #circumstances: Circumstances
  readonly #report: Report
  readonly #questions: Question[] = []
  readonly #answers: GivenAnswer[] = []
  /** With a key, and ended with their hub. */
  #unanswered: StepOf<'ask'>[] = []
  /** Answers that were reported taken, by ask and life of the hub. */
  readonly #taken = new Map<string, string>()

  constructor(circumstances: Circumstances, report: Report) {
    this.#circumstances = circumstances
    this.#report = report
  }

  asked(step: StepOf<'ask'>, { result, id }: AskInProgress, stop: AbortController): void {
    const question: Question = {
      step,
      id,
      startedAt: this.#circumstances.now(),
      life: this.#circumstances.chronicle.life,
      stop,
      state: 'waiting',
    }
    this.#questions.push(question)
    result.then(
      (answer) => this.#settle(question, () => this.#answered(question, answer)),
      (error: unknown) => this.#settle(question, () => this.#ended(question, error)),
    )
  }

  /** @param timeoutMs how long the device waits for what becomes of it */
  answered(
    device: JudgedClient,
    ask: Ask,
    value: string,
    promise: Promise<void>,
    timeoutMs: number = Infinity,
  ): void {
    const at = this.#circumstances.now()
    const given: GivenAnswer = { device, ask, value, at, until: at + timeoutMs, settled: false }
    this.#answers.push(given)
    promise.then(
      () => this.#wasTaken(given),
      (error: unknown) => this.#refused(given, error),
    )
  }

  /** The store let an ask be concluded a second time. */
  concludedAgain(id: string): void {
    this.#report(null, `ask ${id} was concluded twice`)
  }

  /** The hub's process died: whoever asked in it waits no more. */
  hubDied(): void {
    for (const question of this.#questions) {
      if (question.state !== 'waiting') continue
      question.state = 'forgotten'
      this.#endedWithHub(question)
    }
  }

  /** What was asked with a key and ended with its hub; each once. */
  takeUnanswered(): readonly StepOf<'ask'>[] {
    const unanswered = this.#unanswered
    this.#unanswered = []
    return unanswered
  }

  clientClosed(index: number): void {
    for (const given of this.#answers) {
      if (given.device.index === index && !given.settled) this.#faultOf(given, 'outlives its client')
    }
  }

  /** Whoever asked gives up. */
  withdraw(): void {
    for (const question of this.#questions) if (question.state === 'waiting') question.stop.abort()
  }

  get pending(): boolean {
    return (
      this.#questions.some(({ state }) => state === 'waiting') ||
      this.#answers.some(({ settled }) => !settled)
    )
  }

  reportPending(): void {
    for (const { step, state } of this.#questions) {
      if (state === 'waiting') this.#report(null, `ask ${step.token} never ends`)
    }
    for (const given of this.#answers) if (!given.settled) this.#faultOf(given, 'never settles')
  }

  /** At rest: no device shows its own answer as somebody else's, nor somebody else's as its own. */
  checkShown(): void {
    for (const given of this.#answers) {
      const { status, answeredBy } = given.ask
      const own = this.#answers.filter(({ ask }) => ask === given.ask)
      const won = this.#conclusionsOf(given.ask.id).filter(({ conclusion }) =>
        own.some((each) => this.#isOf(conclusion, each)),
      )
      const named = won.some(
        ({ conclusion }) => conclusion.status === 'answered' && conclusion.session === answeredBy?.session,
      )
      if (status === 'answered_elsewhere' && named) this.#faultOf(given, 'is shown as answered elsewhere')
      if (status === 'accepted' && won.length === 0) this.#faultOf(given, 'is shown as accepted')
    }
  }

  #conclusionsOf(id: string): readonly KeptConclusion[] {
    return this.#circumstances.chronicle.conclusionsOf(id)
  }

  #settle(question: Question, judge: () => void): void {
    if (question.state === 'forgotten') return
    question.state = 'settled'
    judge()
  }

  #endedWithHub({ step }: Question): void {
    if (step.keyed) this.#unanswered.push(step)
  }

  #answered({ step, id }: Question, { value }: Answer<string>): void {
    const kept = this.#conclusionsOf(id()).at(-1)?.conclusion
    if (kept?.status !== 'answered' || kept.value !== JSON.stringify(value))
      this.#report(null, `ask ${step.token} resolved with ${value}, but ${JSON.stringify(kept)} was kept`)
  }

  #ended(question: Question, error: unknown): void {
    const { step, startedAt, stop } = question
    const code = error instanceof HoldfastError ? error.code : String(error)
    const { now, hubEnded, services } = this.#circumstances
    const excused =
      (code === 'ask_expired' && step.deadlineMs !== undefined && now() >= startedAt + step.deadlineMs) ||
      (code === 'ask_expired' &&
        this.#questions.some((other) => other.step.token === step.token && other !== question)) ||
      (code === 'aborted' && stop.signal.aborted) ||
      (code === 'closed' && hubEnded) ||
      (code === 'engine_failed' && (hubEnded || services.troubled.has('asks')))
    if (!excused) this.#report(null, `ask ${step.token} was rejected with ${code}`)
    else if (code === 'closed') this.#endedWithHub(question)
  }

  #wasTaken(given: GivenAnswer): void {
    given.settled = true
    const kept = this.#conclusionsOf(given.ask.id).find(({ conclusion }) => this.#isOf(conclusion, given))
    if (!kept) return this.#faultOf(given, 'was reported taken, but is not kept')
    const place = `${given.ask.id} ${kept.life}`
    const other = this.#taken.get(place)
    if (other !== undefined) this.#faultOf(given, `was reported taken, and so was ${other}`)
    this.#taken.set(place, given.value)
  }

  #refused(given: GivenAnswer, error: unknown): void {
    given.settled = true
    if (!(error instanceof HoldfastError)) return this.#faultOf(given, `was rejected with ${String(error)}`)
    const { code, outcome } = error
    const conclusions = this.#conclusionsOf(given.ask.id)
    const { chronicle, hubEnded, services, outboxOperations, now, longestPauseMs } = this.#circumstances
    // One that won at an earlier hub, and was sent again to one that knows nothing of that, may be refused by it [R66].
    const won = conclusions.some((kept) => this.#isRemembered(kept) && this.#isOf(kept.conclusion, given))
    // An answer that won may be lost on its way back only with its user or its client.
    if (won && outcome !== 'unknown') this.#faultOf(given, `was refused with ${code}, but won`)
    const ended = (status: string): boolean =>
      conclusions.some(({ conclusion }) => conclusion.status === status)
    const steps = this.#questions.filter(({ id }) => id() === given.ask.id).map(({ step }) => step)
    const excuses: Partial<Record<string, boolean>> = {
      already_answered: ended('answered'),
      ask_cancelled: ended('cancelled'),
      ask_expired: ended('expired'),
      // A key that was free again may have become the question of others.
      ask_unknown:
        this.#mayBeForgotten(given.ask.id, steps) ||
        given.device.userChanged ||
        steps.some(({ users }) => !users.includes(given.device.user)),
      cancelled: hubEnded,
      rejected: steps.some(({ rejections }) => rejections > 0),
      // Of an ask from an earlier life it may be that nobody asks it again [R69].
      timeout:
        now() >= given.until ||
        steps.some(({ judgedMs }) => judgedMs > 0) ||
        services.troubled.has('asks') ||
        // It waited for the engine to decide on another one, and the hub stood still.
        (longestPauseMs >= validateMs && now() >= given.at + validateMs) ||
        this.#questions.some(({ id, life }) => life < chronicle.life && id() === given.ask.id),
      // The hub still decides on one that the device gave up [R65].
      overloaded: this.#answers.some(
        (other) => other !== given && other.ask.id === given.ask.id && now() >= other.until,
      ),
      closed: given.device.closing,
      identity_changed: given.device.userChanged,
      outbox_full: given.device.client.pending >= outboxOperations,
      engine_failed: services.everFailedOrTimedOut.has('asks'),
    }
    if (excuses[code] !== true && given.device.endedBy !== code)
      this.#faultOf(given, `was refused with ${code}, ${outcome}, without a reason`)
  }

  /** The present hub knows of it. */
  #isRemembered({ life }: KeptConclusion): boolean {
    const { chronicle } = this.#circumstances
    return life === chronicle.life || chronicle.keepsAsks
  }

  /** Pending or ended, it was lost with an earlier hub. */
  #mayBeForgotten(id: string, steps: readonly StepOf<'ask'>[]): boolean {
    const { life, keepsAsks } = this.#circumstances.chronicle
    const isKept = keepsAsks && (steps.every(({ keyed }) => keyed) || this.#conclusionsOf(id).length > 0)
    return life > 1 && !isKept
  }

  #isOf(conclusion: KeptConclusion['conclusion'], { value }: GivenAnswer): boolean {
    return conclusion.status === 'answered' && conclusion.value === JSON.stringify(value)
  }

  #faultOf({ device, ask, value }: GivenAnswer, what: string): void {
    this.#report(device.index, `answer ${value} to ${String(ask.payload)} ${what}`)
  }
}

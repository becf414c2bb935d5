import type { Timed, Timekeeper } from '../../core/time/timekeeper.ts'
import type { AnswerOffer } from './offered-answer.ts'
import { scopedName } from './scoped-name.ts'

/** Decides on an answer until its deadline; returns a function that takes the answer back. */
export type Answering = (offer: AnswerOffer, deadline: number) => () => void

/** Answers that came before the engine could say which asks it keeps: they wait for that, each until its deadline [R69]. */
export class EarlyAnswers {
  readonly #timekeeper: Timekeeper
  /** In the order of their arrival; one for each session and ask. */
  readonly #waiting = new Map<string, EarlyAnswer>()

  constructor(timekeeper: Timekeeper) {
    this.#timekeeper = timekeeper
  }

  /** Returns a function that takes the answer back, also after it was passed on. */
  hold(offer: AnswerOffer, deadline: number): () => void {
    const place = scopedName(offer.session.id, offer.id)
    if (this.#waiting.has(place)) {
      offer.respond({ kind: 'refused', code: 'overloaded' })
      return () => {}
    }
    const refuse = (code: 'engine_failed' | 'cancelled'): void => {
      this.#leave(place, early)
      offer.respond({ kind: 'refused', code })
    }
    const early: EarlyAnswer = {
      offer,
      deadline,
      tick: () => refuse('engine_failed'),
      takeBack: () => refuse('cancelled'),
    }
    this.#waiting.set(place, early)
    this.#timekeeper.set(early, deadline)
    return () => early.takeBack()
  }

  /** It is known which asks there are. */
  passOn(answer: Answering): void {
    for (const [place, early] of this.#waiting) {
      this.#leave(place, early)
      early.takeBack = answer(early.offer, early.deadline)
    }
  }

  close(): void {
    for (const early of this.#waiting.values()) early.takeBack()
  }

  #leave(place: string, early: EarlyAnswer): void {
    this.#waiting.delete(place)
    this.#timekeeper.set(early, null)
    early.takeBack = () => {}
  }
}

interface EarlyAnswer extends Timed {
  readonly offer: AnswerOffer
  readonly deadline: number
  /** Whoever holds the answer now is told. */
  takeBack: () => void
}

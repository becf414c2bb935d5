import { createHash } from 'node:crypto'
import type { AnswerRefusal } from '../../core/ask/hub/state.ts'
import type { Timed, Timekeeper } from '../../core/time/timekeeper.ts'
import type { Conclusion } from '../../engines/ask-store.ts'
import type { Session } from '../sessions/session.ts'

/** What becomes of an answer. */
export type AnswerVerdict =
  | { readonly kind: 'taken' }
  | {
      readonly kind: 'refused'
      readonly code: AnswerRefusal | 'ask_unknown' | 'overloaded' | 'cancelled' | 'timeout'
    }
  /** By the validator. */
  | { readonly kind: 'thrown'; readonly thrown: unknown }

/** An answer, from the one who gave it. */
export interface AnswerOffer {
  readonly id: string
  readonly data: unknown
  readonly session: Session
  respond(verdict: AnswerVerdict): void
}

/** An answer that an ask holds, for a time; settles once. */
export class OfferedAnswer implements Timed {
  readonly offer: AnswerOffer
  /** Its time is over. */
  readonly tick: () => void
  readonly #timekeeper: Timekeeper
  /** As JSON text: the validator may change the data. */
  readonly #value: string
  readonly #judging = new AbortController()

  constructor(offer: AnswerOffer, timekeeper: Timekeeper, expired: () => void) {
    this.offer = offer
    this.#value = JSON.stringify(offer.data)
    this.#timekeeper = timekeeper
    this.tick = expired
  }

  /** Fires when nobody needs the validator's verdict any more. */
  get signal(): AbortSignal {
    return this.#judging.signal
  }

  conclusion(time: number): Conclusion {
    const { session } = this.offer
    const { user } = session.subject
    if (user === null) throw new Error('an anonymous session answered')
    const producer = producerOf(session)
    return { status: 'answered', value: this.#value, user, session: session.id, producer, time }
  }

  /** It is the answer that concluded the ask, perhaps come again [R66]. */
  gave(conclusion: Conclusion): boolean {
    return isAnswer(conclusion, this.offer.session, this.#value)
  }

  settle(verdict: AnswerVerdict): void {
    this.#timekeeper.set(this, null)
    this.#judging.abort()
    this.offer.respond(verdict)
  }
}

/** Whether an ask was concluded by this answer, as JSON text, of this session's client. */
export function isAnswer(conclusion: Conclusion, session: Session, value: string): boolean {
  return (
    conclusion.status === 'answered' &&
    conclusion.producer === producerOf(session) &&
    conclusion.value === value
  )
}

/** The producer's id is a secret, and a store may keep this for long. */
const producerOf = (session: Session): string =>
  createHash('sha256').update(session.producerId).digest('base64url')

import { createHash } from 'node:crypto'
import type { AnswerRefusal } from '../../core/ask/state.ts'
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
  /** Called once. */
  respond(verdict: AnswerVerdict): void
}

/** An answer that an ask holds. */
export class OfferedAnswer {
  readonly offer: AnswerOffer
  readonly #value: string
  readonly #judging = new AbortController()

  constructor(offer: AnswerOffer) {
    this.offer = offer
    this.#value = JSON.stringify(offer.data)
  }

  /** Fires when nobody needs the validator's verdict any more. */
  get signal(): AbortSignal {
    return this.#judging.signal
  }

  conclusion(time: number): Conclusion {
    const { id, subject } = this.offer.session
    const { user } = subject
    if (user === null) throw new Error('an anonymous session answered')
    return { status: 'answered', value: this.#value, user, session: id, producer: this.#producer, time }
  }

  /** It is the answer that concluded the ask, perhaps come again [R66]. */
  concluded(conclusion: Conclusion): boolean {
    return (
      conclusion.status === 'answered' &&
      conclusion.producer === this.#producer &&
      conclusion.value === this.#value
    )
  }

  settle(verdict: AnswerVerdict): void {
    this.#judging.abort()
    this.offer.respond(verdict)
  }

  /** The producer's id is a secret, and a store may keep this for long. */
  get #producer(): string {
    return createHash('sha256').update(this.offer.session.producerId).digest('base64url')
  }
}

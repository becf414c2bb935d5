import type { Conclusion } from '../../engines/ask-store.ts'
import { HoldfastError } from '../../core/wire/errors.ts'
import type { Answer } from './ask.ts'
import type { BoardAsk } from './board-ask.ts'

/** Whoever waits for the answer; settles once. */
export class AskCaller {
  readonly promise: Promise<Answer>
  /** What it waits for, once that is known. */
  ask: BoardAsk | null = null
  readonly #settled: () => void
  #resolve: (answer: Answer) => void = () => {}
  #reject: (error: HoldfastError) => void = () => {}

  /** @param left called when the caller no longer waits, whatever the reason */
  constructor(signal: AbortSignal | undefined, left: (caller: AskCaller) => void) {
    const abort = (): void => this.refused(new HoldfastError('aborted'))
    signal?.addEventListener('abort', abort, { once: true })
    this.#settled = () => {
      signal?.removeEventListener('abort', abort)
      this.ask?.leave(this)
      left(this)
    }
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  concluded(conclusion: Conclusion): void {
    this.#settled()
    if (conclusion.status === 'answered') {
      const { value, user, session, time } = conclusion
      this.#resolve({ value: JSON.parse(value) as unknown, user, session, time })
    } else {
      this.#reject(new HoldfastError(conclusion.status === 'expired' ? 'ask_expired' : 'ask_cancelled'))
    }
  }

  refused(error: HoldfastError): void {
    this.#settled()
    this.#reject(error)
  }
}

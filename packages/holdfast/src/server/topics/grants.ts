import type { Timed, Timekeeper } from '../../core/time/timekeeper.ts'
import type { AuthorizeRequest, HubSettings, SessionInfo } from '../options.ts'
import type { Session } from '../sessions/session.ts'

/** `abandoned`: whoever wanted to know is gone. */
export type Verdict = 'allowed' | 'forbidden' | 'failed' | 'abandoned'

/** What a revocation concerns; a field that is missing matches everything. */
export interface RevokeFilter {
  readonly user?: string
  readonly tenant?: string
  readonly session?: string
  readonly topic?: string
}

export function concerns(filter: RevokeFilter, session: SessionInfo, topic: string): boolean {
  return (
    (filter.user === undefined || filter.user === session.user) &&
    (filter.tenant === undefined || filter.tenant === session.tenant) &&
    (filter.session === undefined || filter.session === session.id) &&
    (filter.topic === undefined || filter.topic === topic)
  )
}

/** What the application is asked about a session. */
export type Wish = Pick<AuthorizeRequest, 'action' | 'topic'>

/** Asks the application who may do what, and again whatever was asked before rights may have changed [R36]. */
export class Grants {
  readonly #settings: HubSettings
  readonly #timekeeper: Timekeeper
  #revocations = 0

  constructor(settings: HubSettings, timekeeper: Timekeeper) {
    this.#settings = settings
    this.#timekeeper = timekeeper
  }

  /** Changes whenever rights of the session may have changed: a verdict holds as long as this is what it was. */
  revisionFor({ renewals }: Session): number {
    return this.#revocations + renewals
  }

  revoke(): void {
    this.#revocations++
  }

  /**
   * Calls `then` once, at the moment the verdict is current: at once where the application answers at once.
   * @param owner whoever wants to know; when it is gone the application is told and the verdict is `abandoned`
   */
  decide(session: Session, wish: Wish, owner: AbortSignal, then: (verdict: Verdict) => void): void {
    const { authorize } = this.#settings
    const revision = this.revisionFor(session)
    const settle = (verdict: Verdict): void => {
      if (revision === this.revisionFor(session) || verdict === 'abandoned') then(verdict)
      else this.decide(session, wish, owner, then)
    }
    if (owner.aborted) return settle('abandoned')
    if (!authorize) return settle('allowed')
    const asking = new AbortController()
    let answer: unknown
    try {
      answer = authorize({ ...wish, session: session.info }, { signal: asking.signal })
    } catch (error) {
      return settle(this.#failed(error))
    }
    if (typeof answer === 'boolean') settle(verdictOf(answer))
    else this.#await(Promise.resolve(answer), asking, owner, settle)
  }

  /** Settles by what comes first: the answer, the deadline, or the owner's end. */
  #await(
    answer: Promise<unknown>,
    asking: AbortController,
    owner: AbortSignal,
    settle: (verdict: Verdict) => void,
  ): void {
    const { authorizeMs } = this.#settings.timeouts
    let settled = false
    const finish = (verdict: () => Verdict): void => {
      if (settled) return
      settled = true
      this.#timekeeper.set(deadline, null)
      owner.removeEventListener('abort', abandon)
      settle(verdict())
    }
    const deadline: Timed = {
      tick: () => {
        asking.abort()
        finish(() => this.#failed(new Error(`authorize took longer than ${authorizeMs} ms`)))
      },
    }
    const abandon = (): void => {
      asking.abort()
      finish(() => 'abandoned')
    }
    this.#timekeeper.set(deadline, this.#timekeeper.now() + authorizeMs)
    owner.addEventListener('abort', abandon)
    answer.then(
      (allowed) => finish(() => verdictOf(allowed)),
      (error: unknown) => finish(() => this.#failed(error)),
    )
  }

  #failed(error: unknown): Verdict {
    this.#settings.logger.error({ error }, 'authorize failed')
    return 'failed'
  }
}

const verdictOf = (answer: unknown): Verdict => (answer === true ? 'allowed' : 'forbidden')

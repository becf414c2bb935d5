import type { Timed, Timekeeper } from '../../core/time/timekeeper.ts'
import type { AuthorizeRequest, HubSettings, SessionInfo } from '../options.ts'
import type { Session } from '../sessions/session.ts'

/** `abandoned`: whoever wanted to know is gone. */
export type Verdict = 'allowed' | 'forbidden' | 'failed' | 'abandoned'

/** What a session wants to do. */
export type Access = Pick<AuthorizeRequest, 'action' | 'topic'>

/** What a revocation concerns; a field that is missing matches everything. */
export interface RevokeFilter {
  readonly user?: string
  readonly tenant?: string
  readonly session?: string
  readonly topic?: string
}

/** Whether it concerns anything of the session. */
export function concerns(filter: RevokeFilter, session: SessionInfo): boolean {
  return (
    (filter.user === undefined || filter.user === session.user) &&
    (filter.tenant === undefined || filter.tenant === session.tenant) &&
    (filter.session === undefined || filter.session === session.id)
  )
}

/** Asks the application who may do what, and again whatever was asked before rights may have changed [R36]. */
export class Grants {
  readonly #settings: HubSettings
  readonly #timekeeper: Timekeeper

  constructor(settings: HubSettings, timekeeper: Timekeeper) {
    this.#settings = settings
    this.#timekeeper = timekeeper
  }

  /**
   * Calls `then` once, at the moment the verdict is current: at once where the application answers at once, and after
   * `authorizeMs` at the latest, however often rights change meanwhile.
   * @param owner whoever wants to know; when it is gone the application is told and the verdict is `abandoned`
   */
  decide(session: Session, access: Access, owner: AbortSignal, then: (verdict: Verdict) => void): void {
    if (owner.aborted) then('abandoned')
    else if (!this.#settings.authorize) then('allowed')
    else new Question(this.#settings, this.#timekeeper, { session, access, owner, tell: then }).ask()
  }
}

interface Asked {
  readonly session: Session
  readonly access: Access
  readonly owner: AbortSignal
  readonly tell: (verdict: Verdict) => void
}

/** A question to the application, until there is a verdict that is current. */
class Question implements Timed {
  readonly #settings: HubSettings
  readonly #timekeeper: Timekeeper
  readonly #asked: Asked
  /** Of the call that is under way; null before the first and when all is over. */
  #call: AbortController | null = null
  #waits = false

  constructor(settings: HubSettings, timekeeper: Timekeeper, asked: Asked) {
    this.#settings = settings
    this.#timekeeper = timekeeper
    this.#asked = asked
  }

  ask(): void {
    const { authorize } = this.#settings
    const { session, access } = this.#asked
    const { rightsRevision } = session
    const call = new AbortController()
    this.#call = call
    let answer: unknown
    try {
      answer = authorize?.({ ...access, session: session.info }, { signal: call.signal })
    } catch (error) {
      return this.#finish(this.#failed(error))
    }
    if (typeof answer === 'boolean') return this.#finish(verdictOf(answer))
    this.#wait()
    const judge = (verdict: () => Verdict): void => {
      if (this.#call !== call) return
      if (rightsRevision === session.rightsRevision) this.#finish(verdict())
      else this.ask()
    }
    Promise.resolve(answer).then(
      (allowed) => judge(() => verdictOf(allowed)),
      (error: unknown) => judge(() => this.#failed(error)),
    )
  }

  /** Its time is over. */
  tick(): void {
    const { authorizeMs } = this.#settings.timeouts
    this.#call?.abort()
    this.#finish(this.#failed(new Error(`authorize gave no verdict that still counted in ${authorizeMs} ms`)))
  }

  #wait(): void {
    if (this.#waits) return
    this.#waits = true
    this.#timekeeper.set(this, this.#timekeeper.now() + this.#settings.timeouts.authorizeMs)
    this.#asked.owner.addEventListener('abort', this.#abandon)
  }

  readonly #abandon = (): void => {
    this.#call?.abort()
    this.#finish('abandoned')
  }

  #finish(verdict: Verdict): void {
    this.#call = null
    if (this.#waits) {
      this.#timekeeper.set(this, null)
      this.#asked.owner.removeEventListener('abort', this.#abandon)
    }
    this.#asked.tell(this.#asked.owner.aborted ? 'abandoned' : verdict)
  }

  #failed(error: unknown): Verdict {
    this.#settings.logger.error({ error }, 'authorize failed')
    return 'failed'
  }
}

const verdictOf = (answer: unknown): Verdict => (answer === true ? 'allowed' : 'forbidden')

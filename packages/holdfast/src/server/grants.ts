import type { AuthorizeRequest, HubSettings, SessionInfo } from './options.ts'
import type { Timed, Timekeeper } from '../core/shared/timekeeper.ts'

export type Verdict = 'allowed' | 'forbidden' | 'failed'

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

/** Asks the application who may do what, and again whatever was asked before a revocation [R36]. */
export class Grants {
  readonly #settings: HubSettings
  readonly #timekeeper: Timekeeper
  #revision = 0

  constructor(settings: HubSettings, timekeeper: Timekeeper) {
    this.#settings = settings
    this.#timekeeper = timekeeper
  }

  /** Counts revocations. A verdict holds as long as this is what it was when the verdict was asked for. */
  get revision(): number {
    return this.#revision
  }

  revoke(): void {
    this.#revision++
  }

  /** Returns at once where the application does. */
  ask(request: AuthorizeRequest): Verdict | Promise<Verdict> {
    const { authorize } = this.#settings
    if (!authorize) return 'allowed'
    const revision = this.#revision
    const controller = new AbortController()
    try {
      const answer = authorize(request, { signal: controller.signal })
      if (typeof answer === 'boolean') return answer ? 'allowed' : 'forbidden'
      return this.#settle(Promise.resolve(answer), controller, request, revision)
    } catch (error) {
      return this.#failed(error)
    }
  }

  async #settle(
    answer: Promise<unknown>,
    controller: AbortController,
    request: AuthorizeRequest,
    revision: number,
  ): Promise<Verdict> {
    let verdict: Verdict
    try {
      const allowed = await this.#withDeadline(answer, controller)
      verdict = allowed === true ? 'allowed' : 'forbidden'
    } catch (error) {
      verdict = this.#failed(error)
    }
    return revision === this.#revision ? verdict : this.ask(request)
  }

  #withDeadline(answer: Promise<unknown>, controller: AbortController): Promise<unknown> {
    const { authorizeMs } = this.#settings.timeouts
    return new Promise((resolve, reject) => {
      const deadline: Timed = {
        tick() {
          controller.abort()
          reject(new Error(`authorize took longer than ${authorizeMs} ms`))
        },
      }
      this.#timekeeper.set(deadline, this.#timekeeper.now() + authorizeMs)
      void answer.then(resolve, reject).finally(() => this.#timekeeper.set(deadline, null))
    })
  }

  #failed(error: unknown): Verdict {
    this.#settings.logger.error({ error }, 'authorize failed')
    return 'failed'
  }
}

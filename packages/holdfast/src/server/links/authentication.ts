import type { HelloFrame } from '../../core/wire/frames.ts'
import type { HubParts } from '../hub-parts.ts'
import type { Link } from './link.ts'
import { isName } from '../../core/wire/names.ts'
import { sameSubject } from '../../core/wire/subject.ts'
import { subjectOf, type Identity } from '../options.ts'

/** Asks the application whose credentials a link presents; what it says too late is ignored. */
export class Authentication {
  hello: HelloFrame | null = null
  readonly #parts: HubParts
  readonly #link: Link
  #asked: AbortController | null = null

  constructor(parts: HubParts, link: Link) {
    this.#parts = parts
    this.#link = link
  }

  abort(): void {
    this.#asked?.abort()
    this.#asked = null
    this.hello = null
  }

  /** For the hello of a link; the link's own deadline runs. */
  async greet(): Promise<void> {
    const { hello } = this
    this.hello = null
    if (hello) await this.#ask(hello.token ?? null, (identity) => this.#link.admit(identity, hello))
  }

  /** For a fresh token over a live link [R46]; the old token's expiry is the deadline. */
  async check(token: string): Promise<void> {
    await this.#ask(token, (identity) => {
      const { session } = this.#link
      if (session && sameSubject(session.subject, subjectOf(identity))) this.#link.renewed(identity)
      else
        this.#link.end({ code: 'identity_changed', message: 'The token is of another subject.', retry: true })
    })
  }

  async #ask(token: string | null, accepted: (identity: Identity) => void): Promise<void> {
    this.#asked?.abort()
    const asked = new AbortController()
    this.#asked = asked
    const { authenticate, logger } = this.#parts.settings
    try {
      const identity = await authenticate({ token, request: this.#link.request }, { signal: asked.signal })
      if (asked.signal.aborted) return
      if (identity === null) {
        this.#link.end({ code: 'unauthenticated', message: 'The credentials were refused.', retry: false })
        return
      }
      assertIdentity(identity)
      if (identity.expiresAt !== undefined && identity.expiresAt <= this.#parts.env.wallNow()) {
        this.#link.end({ code: 'unauthenticated', message: 'The credentials have expired.', retry: false })
        return
      }
      accepted(identity)
    } catch (error) {
      if (asked.signal.aborted) return
      logger.error({ error }, 'authenticate failed')
      this.#link.end({
        code: 'authenticate_failed',
        message: 'The credentials could not be checked.',
        retry: true,
      })
    }
  }
}

function assertIdentity(identity: Identity): void {
  const { user, tenant = null, expiresAt = 0 } = identity
  if ([user, tenant].some((name) => name !== null && !isName(name)))
    throw new TypeError('user and tenant must be null, or 1 to 255 bytes without control characters')
  if (!Number.isFinite(expiresAt)) throw new TypeError('expiresAt must be a time in milliseconds since 1970')
}

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Identity } from 'holdfast/server'

const tokenLifetimeMs = 15 * 60_000

/**
 * Gives a signed token to whoever says a name. Real applications bring their own sign-in: here anybody can be anybody
 * whose name the example takes. What matters is what comes after it: the name is inside a token that only the server can
 * make, so a page can speak under the name it signed in with and under no other.
 */
export class SignIn {
  readonly #secret: string
  readonly #takesName: (name: string) => boolean

  /** @param takesName whether somebody can sign in by that name */
  constructor(secret: string, takesName: (name: string) => boolean) {
    this.#secret = secret
    this.#takesName = takesName
  }

  /** Null if nobody can have that name. */
  tokenFor(name: unknown): string | null {
    if (typeof name !== 'string') return null
    const user = name.trim()
    if (!this.#takesName(user)) return null
    const claims = Buffer.from(JSON.stringify({ user, expiresAt: Date.now() + tokenLifetimeMs }))
    const body = claims.toString('base64url')
    return `${body}.${this.#signatureOf(body).toString('base64url')}`
  }

  /** For the hub's `authenticate`. */
  identityOf(token: string | null): Identity | null {
    const [body = '', signature = ''] = (token ?? '').split('.')
    const expected = this.#signatureOf(body)
    const given = Buffer.from(signature, 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
    const { user, expiresAt } = JSON.parse(Buffer.from(body, 'base64url').toString()) as {
      user: string
      expiresAt: number
    }
    return expiresAt > Date.now() ? { user, expiresAt } : null
  }

  #signatureOf(body: string): Buffer {
    return createHmac('sha256', this.#secret).update(body).digest()
  }
}

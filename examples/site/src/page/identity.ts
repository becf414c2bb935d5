import type { TokenRequest } from 'holdfast/client'

export interface IdentityOptions {
  /** Where the name is kept: `localStorage` for the browser, `sessionStorage` for the tab. */
  readonly storage: Storage
  readonly storageKey: string
  /** The name while none was chosen. */
  readonly otherwise: string
}

/**
 * Who this page speaks as. The name is kept from visit to visit; the token, which is the secret, lives in memory only
 * and is asked for again on each load.
 */
export class Identity {
  readonly #storage: Storage
  readonly #storageKey: string
  #name: string
  #token: string | null = null

  constructor({ storage, storageKey, otherwise }: IdentityOptions) {
    this.#storage = storage
    this.#storageKey = storageKey
    this.#name = storage.getItem(storageKey) ?? otherwise
    storage.setItem(storageKey, this.#name)
  }

  get name(): string {
    return this.#name
  }

  /** Signs in by another name. Returns why not, or null. */
  async rename(name: string): Promise<string | null> {
    const answer = await signIn(name)
    if ('error' in answer) return answer.error
    this.#name = name
    this.#token = answer.token
    this.#storage.setItem(this.#storageKey, name)
    return null
  }

  /** For `connect`. */
  async token({ rejected }: TokenRequest): Promise<string> {
    if (this.#token !== null && !rejected) return this.#token
    const answer = await signIn(this.#name)
    if ('error' in answer) throw new Error(answer.error)
    this.#token = answer.token
    return answer.token
  }
}

async function signIn(name: string): Promise<{ readonly token: string } | { readonly error: string }> {
  const response = await fetch('/sign-in', { method: 'POST', body: JSON.stringify({ name }) })
  if (response.ok || response.status === 400)
    return (await response.json()) as { token: string } | { error: string }
  return { error: 'The server is not there.' }
}

/** What the application's `token` callback is told. */
export interface TokenRequest {
  /** The hub refused the last token, or it expired: a cached one will not do. */
  readonly rejected: boolean
}

export type TokenOption = string | ((request: TokenRequest) => string | null | Promise<string | null>)

/** Asks the application for a token, once at a time however many attempts want one. */
export class TokenSource {
  readonly #option: TokenOption | undefined
  #asking: { readonly rejected: boolean; readonly answer: Promise<string | null> } | null = null

  constructor(option: TokenOption | undefined) {
    this.#option = option
  }

  get canRefresh(): boolean {
    return typeof this.#option === 'function'
  }

  get(rejected: boolean): Promise<string | null> {
    if (this.#asking && (this.#asking.rejected || !rejected)) return this.#asking.answer
    const asking = { rejected, answer: this.#ask(rejected) }
    this.#asking = asking
    const done = (): void => {
      if (this.#asking === asking) this.#asking = null
    }
    asking.answer.finally(done).catch(() => {})
    return asking.answer
  }

  /** Whoever asked no longer waits, and the next one asks anew. */
  forget(): void {
    this.#asking = null
  }

  async #ask(rejected: boolean): Promise<string | null> {
    if (typeof this.#option !== 'function') return this.#option ?? null
    const token: unknown = await this.#option({ rejected })
    if (typeof token !== 'string' && token !== null)
      throw new TypeError('token() must return a string or null')
    return token
  }
}

/** What the application's `token` callback is told. */
export interface TokenRequest {
  /** The hub refused the last token, or it expired: a cached one will not do. */
  readonly rejected: boolean
}

export type TokenOption = string | ((request: TokenRequest) => string | null | Promise<string | null>)

/** Asks the application for a token, once at a time however many attempts want one. */
export class TokenSource {
  readonly #option: TokenOption | undefined
  #asking: Promise<string | null> | null = null
  /** What the application was told when it was asked. */
  #rejected = false

  constructor(option: TokenOption | undefined) {
    this.#option = option
  }

  get canRefresh(): boolean {
    return typeof this.#option === 'function'
  }

  get(rejected: boolean): Promise<string | null> {
    const earlier = this.#asking
    if (earlier && (this.#rejected || !rejected)) return earlier
    const ask = (): Promise<string | null> => this.#ask(rejected)
    const asking = (earlier ? earlier.then(ask, ask) : ask()).finally(() => {
      if (this.#asking === asking) this.#asking = null
    })
    this.#rejected = rejected
    this.#asking = asking
    return asking
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

/** A bound that many share: what is taken has to be given back. */
export class Budget {
  readonly #most: number
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes nothing and returns false if that much is not left. */
  take(amount: number): boolean {
    if (this.#taken + amount > this.#most) return false
    this.#taken += amount
    return true
  }

  giveBack(amount: number): void {
    this.#taken -= amount
  }
}

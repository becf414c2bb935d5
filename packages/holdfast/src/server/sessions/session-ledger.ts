import { Ledger } from '../../core/operations/ledger.ts'

/** A ledger that tells when nothing runs. */
export class SessionLedger extends Ledger {
  #idle: (() => void)[] = []
  #ended = false

  /** Resolves once nothing runs, or at the end. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#tellIdle()
    })
  }

  override settle(number: number, result: string): void {
    super.settle(number, result)
    this.#tellIdle()
  }

  override end(): void {
    super.end()
    this.#ended = true
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.runningCount > 0 && !this.#ended) return
    for (const tell of this.#idle.splice(0)) tell()
  }
}

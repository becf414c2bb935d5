/** Counts what happened, by what it concerns and what came of it. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  count(what: string, outcome: string, times = 1): void {
    const counts = this.#counts.get(what) ?? new Map<string, number>()
    this.#counts.set(what, counts)
    counts.set(outcome, (counts.get(outcome) ?? 0) + times)
  }

  of(what: string, outcome: string): number {
    return this.#counts.get(what)?.get(outcome) ?? 0
  }

  /** Of all outcomes. */
  total(what: string): number {
    return [...(this.#counts.get(what)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }

  /** A line for each thing that was counted, its outcomes by their frequency. */
  lines(): string[] {
    return [...this.#counts].map(([what, counts]) => {
      const outcomes = [...counts].sort(([, one], [, other]) => other - one)
      return `${what}: ${outcomes.map(([outcome, count]) => `${count} ${outcome}`).join('; ')}`
    })
  }
}

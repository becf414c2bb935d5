/** A set of offsets, kept as ranges: what arrives in order stays one range, however long it gets. */
export class OffsetRanges {
  /** Ascending, neither touching nor overlapping; both ends included. */
  #ranges: (readonly [first: number, last: number])[] = []

  /** How many offsets of the set are not higher than this one. */
  countUpTo(highest: number): number {
    return this.#ranges.reduce(
      (sum, [first, last]) => sum + Math.max(Math.min(last, highest) - first + 1, 0),
      0,
    )
  }

  has(offset: number): boolean {
    return this.#ranges.some(([first, last]) => first <= offset && offset <= last)
  }

  add(first: number, last: number = first): void {
    if (last < first) return
    const apart = this.#ranges.filter((range) => range[1] < first - 1 || range[0] > last + 1)
    const touching = this.#ranges.filter((range) => !apart.includes(range))
    const merged = [
      Math.min(first, ...touching.map((range) => range[0])),
      Math.max(last, ...touching.map((range) => range[1])),
    ] as const
    this.#ranges = [...apart, merged].sort((one, other) => one[0] - other[0])
  }
}

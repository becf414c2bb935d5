/** What all memoised slices of an engine may take. At most this much lies outside of the segments. */
const maxMemoBytes = 4 * 1_024 * 1_024

/** About what the objects around a slice take. */
const objectBytes = 256

/** Who memoises a slice, until it is told to forget it. */
export interface Memoiser {
  forgetMemo(): void
}

/**
 * Bounds what the logs of an engine memoise: a copy of 4 KB in each of 100,000 logs would be 400 MB that nothing
 * counts. Over the bound all are forgotten at once, which costs each log no more than to make its next slice anew.
 */
export class SliceMemos {
  #holders: Memoiser[] = []
  #bytes = 0

  /** @param copiedBytes what the slice takes beyond its segment */
  note(holder: Memoiser, copiedBytes: number): void {
    this.#bytes += copiedBytes + objectBytes
    if (this.#bytes > maxMemoBytes) {
      this.forgetAll()
      this.#bytes = copiedBytes + objectBytes
    }
    this.#holders.push(holder)
  }

  forgetAll(): void {
    for (const holder of this.#holders) holder.forgetMemo()
    this.#holders = []
    this.#bytes = 0
  }
}

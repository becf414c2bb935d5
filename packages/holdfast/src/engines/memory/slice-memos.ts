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
  /** With what each one's slice takes. */
  readonly #holders = new Map<Memoiser, number>()
  #bytes = 0

  /** Slices that are held, at most one by each log. */
  get count(): number {
    return this.#holders.size
  }

  /**
   * The holder has another slice than before.
   * @param copiedBytes what the slice takes beyond its segment
   */
  note(holder: Memoiser, copiedBytes: number): void {
    const bytes = copiedBytes + objectBytes
    this.#bytes += bytes - (this.#holders.get(holder) ?? 0)
    if (this.#bytes > maxMemoBytes) {
      this.forgetAll()
      this.#bytes = bytes
    }
    this.#holders.set(holder, bytes)
  }

  /** The holder has no messages any more: if its topic is forgotten, nothing here must keep it. */
  release(holder: Memoiser): void {
    this.#bytes -= this.#holders.get(holder) ?? 0
    this.#holders.delete(holder)
  }

  forgetAll(): void {
    for (const holder of this.#holders.keys()) holder.forgetMemo()
    this.#holders.clear()
    this.#bytes = 0
  }
}

interface KeyedMessage {
  readonly key: string
  readonly offset: number
}

/** Below this it is not worth moving the rest of the queue to the front. */
const minForgotten = 64

/**
 * A topic's application keys, each as long as its message is kept. The queue beside the map finds those to forget: a
 * map's own order would be searched from its first deleted entry each time.
 */
export class KeyIndex {
  readonly #offsets = new Map<string, number>()
  #queue: KeyedMessage[] = []
  #forgotten = 0

  get size(): number {
    return this.#offsets.size
  }

  find(key: string): number | undefined {
    return this.#offsets.get(key)
  }

  /** The key must be new, the offset higher than all before. */
  add(key: string, offset: number): void {
    this.#offsets.set(key, offset)
    this.#queue.push({ key, offset })
  }

  /** Forgets the keys of messages before `oldest`. */
  forgetBefore(oldest: number): void {
    for (;;) {
      const first = this.#queue[this.#forgotten]
      if (first === undefined || first.offset >= oldest) break
      this.#offsets.delete(first.key)
      this.#forgotten++
    }
    if (this.#forgotten > minForgotten && this.#forgotten * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#forgotten)
      this.#forgotten = 0
    }
  }
}

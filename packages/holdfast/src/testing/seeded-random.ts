const nameCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same seed gives the same numbers and names, so that a failure can be replayed (mulberry32). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** The source of one owner; no other owner's draws change what it gives. */
  static of(seed: number, owner: string): SeededRandom {
    let mixed = seed | 0
    for (let place = 0; place < owner.length; place++) {
      mixed = Math.imul(mixed ^ owner.charCodeAt(place), 0x01000193)
      mixed ^= mixed >>> 13
    }
    return new SeededRandom(mixed)
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** An integer from `least` to `most`. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.integer(0, items.length - 1)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  /** Another source, whose numbers do not depend on how many this one will have given. */
  fork(): SeededRandom {
    return new SeededRandom(this.integer(0, 4_294_967_295))
  }

  /** As long as 128 random bits in the characters of an identifier. */
  name(): string {
    return Array.from({ length: 22 }, () => nameCharacters[this.integer(0, 63)]).join('')
  }
}

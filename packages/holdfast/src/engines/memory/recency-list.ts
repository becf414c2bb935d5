/** What can be in a list, in one at a time. The fields belong to the list. */
export interface Listed<Item extends Listed<Item>> {
  list: RecencyList<Item> | null
  older: Item | null
  newer: Item | null
}

/**
 * Items in the order in which they were last added. Linked through the items: a `Set` would also keep that order, but
 * looks for its first item past all those deleted before it.
 */
export class RecencyList<Item extends Listed<Item>> {
  #oldest: Item | null = null
  #newest: Item | null = null

  get oldest(): Item | null {
    return this.#oldest
  }

  /** Makes the item the newest here, wherever it was before. */
  add(item: Item): void {
    if (this.#newest === item) return
    item.list?.remove(item)
    item.list = this
    item.older = this.#newest
    if (this.#newest) this.#newest.newer = item
    else this.#oldest = item
    this.#newest = item
  }

  remove(item: Item): void {
    if (item.list !== this) return
    if (item.older) item.older.newer = item.newer
    else this.#oldest = item.newer
    if (item.newer) item.newer.older = item.older
    else this.#newest = item.older
    item.list = null
    item.older = null
    item.newer = null
  }
}

import type { Deadlines } from './timekeeper.ts'

interface Node<Owner> {
  readonly owner: Owner
  at: number
}

/**
 * The deadlines of many owners behind one timer: a binary heap with an index, so that setting, moving and removing
 * one costs O(log n), and whoever holds the timer asks only for the earliest.
 */
export class DeadlineQueue<Owner> implements Deadlines<Owner> {
  readonly #heap: Node<Owner>[] = []
  readonly #places = new Map<Owner, number>()

  get size(): number {
    return this.#heap.length
  }

  get earliest(): number {
    return this.#heap[0]?.at ?? Infinity
  }

  set(owner: Owner, at: number | null): void {
    const place = this.#places.get(owner)
    if (at === null) {
      if (place !== undefined) this.#removeAt(place)
    } else if (place === undefined) {
      this.#heap.push({ owner, at })
      this.#rise(this.#heap.length - 1)
    } else {
      const node = this.#nodeAt(place)
      const later = at > node.at
      node.at = at
      if (later) this.#sink(place)
      else this.#rise(place)
    }
  }

  takeDue(now: number): Owner[] {
    const due: Owner[] = []
    for (let top = this.#heap[0]; top && top.at <= now; top = this.#heap[0]) {
      this.#removeAt(0)
      due.push(top.owner)
    }
    return due
  }

  #removeAt(place: number): void {
    const removed = this.#nodeAt(place)
    const last = this.#heap.pop()
    this.#places.delete(removed.owner)
    if (!last || last === removed) return
    this.#put(last, place)
    this.#rise(place)
    this.#sink(this.#places.get(last.owner) ?? place)
  }

  #rise(start: number): void {
    const node = this.#nodeAt(start)
    let place = start
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#nodeAt(parent)
      if (above.at <= node.at) break
      this.#put(above, place)
      place = parent
    }
    this.#put(node, place)
  }

  #sink(start: number): void {
    const node = this.#nodeAt(start)
    let place = start
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#heap.length) break
      if (child + 1 < this.#heap.length && this.#nodeAt(child + 1).at < this.#nodeAt(child).at) child++
      const below = this.#nodeAt(child)
      if (below.at >= node.at) break
      this.#put(below, place)
      place = child
    }
    this.#put(node, place)
  }

  #put(node: Node<Owner>, place: number): void {
    this.#heap[place] = node
    this.#places.set(node.owner, place)
  }

  #nodeAt(place: number): Node<Owner> {
    const node = this.#heap[place]
    if (!node) throw new Error(`no deadline at ${place}`)
    return node
  }
}

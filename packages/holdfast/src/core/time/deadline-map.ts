import type { Deadlines } from './timekeeper.ts'

/**
 * The deadlines of a client: a map that is searched when one is due, at most once for each deadline that comes. Setting
 * and removing one searches nothing, so what is settled in time costs no search.
 */
export class DeadlineMap<Owner> implements Deadlines<Owner> {
  readonly #deadlines = new Map<Owner, number>()
  earliest: number = Infinity

  get size(): number {
    return this.#deadlines.size
  }

  set(owner: Owner, at: number | null): void {
    if (at === null) this.#deadlines.delete(owner)
    else this.#deadlines.set(owner, at)
    this.earliest = this.size > 0 ? Math.min(this.earliest, at ?? Infinity) : Infinity
  }

  takeDue(now: number): Owner[] {
    const due: [Owner, number][] = []
    this.earliest = Infinity
    for (const deadline of this.#deadlines) {
      if (deadline[1] <= now) due.push(deadline)
      else this.earliest = Math.min(this.earliest, deadline[1])
    }
    for (const [owner] of due) this.#deadlines.delete(owner)
    return due.sort(([, one], [, other]) => one - other).map(([owner]) => owner)
  }
}

/**
 * Time as messages age: it goes forward with the wall clock, leaps included, and stands still where that is put back
 * (so does what passed since somebody last looked, which the sweep does once a minute). So a log's times never go
 * down: whatever expires, all before it has expired as well.
 */
export class ForwardClock {
  readonly #wallNow: () => number
  #lastWall: number
  #now = 0

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
    this.#lastWall = wallNow()
  }

  now(): number {
    return this.at(this.#wallNow())
  }

  /** The same, for a caller that has just read the wall clock. */
  at(wall: number): number {
    if (wall > this.#lastWall) this.#now += wall - this.#lastWall
    this.#lastWall = wall
    return this.#now
  }
}

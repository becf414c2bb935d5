/** What runs first at one instant, as in Node's event loop: due timers, then I/O, then deferred callbacks. */
const phases = { timer: 0, io: 1, deferred: 2 }

export type Phase = keyof typeof phases

/** Whose callbacks they are; a loop that stalls gets them later. */
export interface LoopState {
  readonly dead: boolean
  readonly stalledUntil: number
}

interface ScheduledEvent {
  /** Later than it was if its loop stalls. */
  at: number
  readonly phase: number
  readonly order: number
  readonly loop: LoopState
  readonly run: () => void
}

/** More events than this in one go tell of a loop that never ends. */
const maxEvents = 2_000_000

/**
 * Virtual time: nothing happens until a test lets time pass, and then everything that is due happens in order, one
 * event at a time, with all promises settled in between.
 */
export class VirtualClock {
  #now = 0
  #order = 0
  /** Sorted, the next event last. */
  readonly #events: ScheduledEvent[] = []

  /** Milliseconds since the clock was made. */
  get now(): number {
    return this.#now
  }

  /** Events that are scheduled and not cancelled. */
  get pendingCount(): number {
    return this.#events.length
  }

  /** Schedules an event; returns a function that cancels it. */
  schedule(at: number, phase: Phase, loop: LoopState, run: () => void): () => void {
    const event: ScheduledEvent = {
      at: Math.max(at, this.#now),
      phase: phases[phase],
      order: ++this.#order,
      loop,
      run,
    }
    this.#insert(event)
    return () => {
      const place = this.#events.indexOf(event)
      if (place >= 0) this.#events.splice(place, 1)
    }
  }

  /** Runs the next event if it is due by then; returns whether there was one. */
  async step(by: number = Infinity): Promise<boolean> {
    await promisesSettled()
    for (;;) {
      const event = this.#events.at(-1)
      if (!event || event.at > by) return false
      this.#events.pop()
      if (event.loop.dead) continue
      if (event.loop.stalledUntil > event.at) {
        event.at = event.loop.stalledUntil
        this.#insert(event)
        continue
      }
      this.#now = event.at
      event.run()
      // oxlint-disable-next-line no-await-in-loop -- the event's promises settle before the next event
      await promisesSettled()
      return true
    }
  }

  /** Lets time pass, with everything that comes due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.#run(end, () => false)
    this.#now = end
  }

  /** Runs what is due now, and what that causes at once, until all is quiet. */
  settle(): Promise<void> {
    return this.advance(0)
  }

  /** Lets time pass until the condition holds. @throws if it does not within the time */
  async until(condition: () => boolean, withinMs: number = 120_000): Promise<void> {
    const end = this.#now + withinMs
    if (await this.#run(end, condition)) return
    this.#now = end
    throw new Error(`not within ${withinMs} ms: ${String(condition)}`)
  }

  /** Lets time pass until the promise settles, and settles like it. */
  async settled<Value>(promise: Promise<Value>, withinMs: number = 120_000): Promise<Value> {
    let done = false
    const finish = (): void => {
      done = true
    }
    promise.then(finish, finish)
    await this.until(() => done, withinMs)
    return promise
  }

  async #run(end: number, condition: () => boolean): Promise<boolean> {
    await promisesSettled()
    for (let events = 0; events < maxEvents; events++) {
      if (condition()) return true
      // oxlint-disable-next-line no-await-in-loop -- one event after the other
      if (!(await this.step(end))) return condition()
    }
    throw new Error(`${maxEvents} events at ${this.#now} ms: something goes round in circles`)
  }

  #insert(event: ScheduledEvent): void {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#events[middle]
      if (other && isBefore(event, other)) low = middle + 1
      else high = middle
    }
    this.#events.splice(low, 0, event)
  }
}

const isBefore = (one: ScheduledEvent, other: ScheduledEvent): boolean =>
  (one.at - other.at || one.phase - other.phase || one.order - other.order) < 0

/** Node runs all microtasks before it comes to an immediate; no time passes. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What runs first at one instant, as in Node's event loop: due timers, then I/O, then deferred callbacks. */
const phases = { timer: 0, io: 1, deferred: 2 }

export type Phase = keyof typeof phases

/** Whose callbacks they are; a loop that stalls gets them later. */
export interface LoopState {
  readonly dead: boolean
  readonly stalledUntil: number
}

/** Whatever is no process: networks, machines, people. It never stalls. */
export const outside: LoopState = { dead: false, stalledUntil: 0 }

interface ScheduledEvent {
  /** When it was to happen. */
  readonly dueAt: number
  /** Later than that if its loop stalls. */
  at: number
  readonly phase: number
  readonly order: number
  readonly loop: LoopState
  readonly run: () => void
}

// Taken at once: a test may replace the global ones by timers of its own.
const { setImmediate: nextTurn, queueMicrotask: afterPromises } = globalThis
const nextTick = process.nextTick.bind(process)

/** More events than this in one go tell of a loop that never ends. */
const maxEvents = 2_000_000
/** After so many, the process looks after what it has to do in real time. */
const eventsPerTurn = 1_000

/**
 * Virtual time: nothing happens until a test lets time pass, and then everything that is due happens in order, one
 * event at a time, with all promises settled in between.
 */
export class VirtualClock {
  #now = 0
  #order = 0
  /** Sorted, the next event last. */
  readonly #events: ScheduledEvent[] = []
  #watcher: (() => void) | null = null

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
    const dueAt = Math.max(at, this.#now)
    const event: ScheduledEvent = {
      dueAt,
      at: dueAt,
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

  /** What waited for a loop that no longer stalls happens now. */
  catchUp(loop: LoopState): void {
    const waiting = this.#events.filter((event) => event.loop === loop && event.at > event.dueAt)
    for (const event of waiting) {
      this.#events.splice(this.#events.indexOf(event), 1)
      event.at = Math.max(event.dueAt, this.#now)
      this.#insert(event)
    }
  }

  /** Calls back after each event, when all promises have settled; what it throws ends whatever lets time pass. */
  watch(callback: () => void): void {
    this.#watcher = callback
  }

  /** Runs the next event if it is due by then; returns whether there was one. */
  step(by: number = Infinity): Promise<boolean> {
    let turns = 0
    return this.#run(by, () => turns++ > 0)
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
    if (await this.reaches(condition, withinMs)) return
    throw new Error(`not within ${withinMs} ms: ${String(condition)}`)
  }

  /** Lets time pass until the condition holds, and tells whether it does within the time. */
  async reaches(condition: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.#now + withinMs
    if (await this.#run(end, condition)) return true
    this.#now = end
    return false
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

  /**
   * Runs events until the condition holds, and tells whether it does, or none is due by the end. Everything that an event sets
   * off at once is over before the next one: a `nextTick` that a microtask asks for comes after the last of them.
   */
  #run(end: number, condition: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let events = 0
      const turn = (): void => {
        try {
          if (events > 0) this.#watcher?.()
          if (condition()) return resolve(true)
          const event = this.#takeNext(end)
          if (!event) return resolve(false)
          if (++events > maxEvents) throw new Error(`${maxEvents} events: something goes round in circles`)
          this.#now = event.at
          event.run()
        } catch (error) {
          return reject(error)
        }
        if (events % eventsPerTurn === 0) nextTurn(turn)
        else afterPromises(turnAfterPromises)
      }
      const turnAfterPromises = (): void => nextTick(turn)
      afterPromises(turnAfterPromises)
    })
  }

  /** The next event of a loop that lives and does not stall, if it is due by the end. */
  #takeNext(end: number): ScheduledEvent | null {
    for (;;) {
      const event = this.#events.at(-1)
      if (!event || event.at > end) return null
      this.#events.pop()
      if (event.loop.dead) continue
      if (event.loop.stalledUntil <= event.at) return event
      event.at = event.loop.stalledUntil
      this.#insert(event)
    }
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

/** The process looks after what it has to do in real time, such as a timer of a test framework. */
export const realTurn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve))

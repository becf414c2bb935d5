import type { ProducerSummary, Range } from '../wire/frames.ts'
import { toRanges } from './ranges.ts'

/** An operation of this side, from the caller's hands to its acknowledged result. */
export interface OutboxItem {
  /** Null as long as the other side cannot have executed it [R16]. Set by the outbox, like the next two. */
  number: number | null
  /** Under which it was handed to an earlier ledger, if it was. */
  formerNumber?: number | null
  cancelled?: boolean
  /** What it weighs in the outbox: the length of its JSON. */
  readonly length: number
  /** Its frame; the same text for the same number. */
  encode(number: number): string
}

export interface OutboxLimits {
  /** How many operations may wait for a number. */
  readonly maxWaiting: number
  /** How long the waiting operations' JSON may be in all. */
  readonly maxWaitingLength: number
  /** How many may have a number and no result. The hub tells it in `welcome`. */
  maxOpen: number
  /** How long the JSON of those may be in all: a resume sends them at once. A single one may be longer. Default: any. */
  readonly maxOpenLength?: number
}

/** Results are acknowledged when they weigh as much: 32 of them, or fewer that are large. */
const dueWeight = 16_384
const weightOfResult = 512

/**
 * The producing side of operations: a bounded queue of those that wait, and the open ones, that is, those handed to
 * a link whose result has not come [R16, R17, R21–R23].
 */
export class Outbox<Item extends OutboxItem> {
  readonly limits: OutboxLimits
  #waiting = new Set<Item>()
  #waitingLength = 0
  readonly #open = new Map<number, Item>()
  #openLength = 0
  #highest = 0
  /** Nothing has settled since the summary was told. */
  #summaryHolds = true
  /** The numbers of the results to acknowledge. */
  #results: number[] = []
  #resultsWeight = 0

  constructor(limits: OutboxLimits) {
    this.limits = limits
  }

  /** Operations that wait for a number. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Operations without a result. */
  get pendingCount(): number {
    return this.#waiting.size + this.#open.size
  }

  /** Returns false if the outbox is full; the item is then not in it. */
  add(item: Item): boolean {
    const { maxWaiting, maxWaitingLength } = this.limits
    const fits = this.#waiting.size < maxWaiting && this.#waitingLength + item.length <= maxWaitingLength
    if (fits) this.#wait(item)
    return fits
  }

  /**
   * The results to acknowledge now, or null. They gather until there are enough, nothing is open, or they hold up what
   * waits, because the other side still counts them as open. Those that are lost with a link do no harm: after a resume
   * the summary tells the same [R21].
   */
  takeAcknowledgement(): Range[] | null {
    const holdUp = this.#waiting.size > 0 && !this.#hasRoom
    const due = holdUp || this.#open.size === 0 || this.#resultsWeight >= dueWeight
    if (!due || this.#results.length === 0) return null
    const numbers = toRanges(this.#results.sort((one, other) => one - other))
    this.#forgetResults()
    return numbers
  }

  /** Gives the next waiting operation its number and returns it, or null if none may go now. */
  handOver(): Item | null {
    const [item] = this.#waiting
    if (!item || !this.#hasRoom) return null
    const { maxOpenLength = Infinity } = this.limits
    if (this.#open.size > 0 && this.#openLength + item.length > maxOpenLength) return null
    this.#leave(item)
    item.formerNumber = item.number
    item.number = ++this.#highest
    this.#open.set(item.number, item)
    this.#openLength += item.length
    return item
  }

  /**
   * The caller gave up. An item without a number is removed and was never sent; a handed one stays open until its
   * result comes, and `cancel` has to be sent now and after every resume [R24]. An item that was put back is removed
   * too, but may have been executed under its old number: `unknown`.
   */
  cancel(item: Item): 'not_sent' | 'unknown' | 'handed' | 'settled' {
    if (this.#waiting.has(item)) {
      this.#leave(item)
      return item.number === null ? 'not_sent' : 'unknown'
    }
    if (this.#open.get(item.number ?? 0) !== item) return 'settled'
    item.cancelled = true
    return 'handed'
  }

  /** The result came: the item, or null if the number is not open (a result that came twice). */
  settle(number: number, resultLength: number): Item | null {
    this.#summaryHolds = false
    this.#results.push(number)
    this.#resultsWeight += resultLength + weightOfResult
    return this.#close(number)
  }

  /** For `hello` and `welcome`. */
  summary(): ProducerSummary {
    this.#summaryHolds = true
    return { highest: this.#highest, open: toRanges(this.#open.keys()) }
  }

  /**
   * The numbers that have settled, if some have since the summary was told; else null. What they were acknowledged with
   * on the link before may be lost with it [R60].
   */
  settledSinceSummary(): Range[] | null {
    if (this.#summaryHolds) return null
    const settled: Range[] = []
    let next = 1
    for (const number of [...this.#open.keys(), this.#highest + 1]) {
      if (number > next) settled.push([next, number - 1])
      next = number + 1
    }
    return settled
  }

  /**
   * Numbers above `received` that are nobody's any more. They were given after the hello of a link that took over, and the
   * session that it got was a new one [R60].
   */
  goneAbove(received: number): number[] {
    const gone: number[] = []
    for (let number = received + 1; number <= this.#highest; number++)
      if (!this.#open.has(number)) gone.push(number)
    return gone
  }

  /** For a new link: what the other side has not received, in order, and the cancels that may have been lost. */
  resend(received: number): string[] {
    const frames: string[] = []
    for (const [number, item] of this.#open) {
      if (item.cancelled) frames.push(JSON.stringify({ type: 'cancel', number }))
      else if (number > received) frames.push(item.encode(number))
    }
    return frames
  }

  /**
   * What is above `received` was not executed and never will be: those numbers are taken back, and their operations wait
   * again, except the cancelled ones [R43].
   */
  takeBack(received: number): readonly Item[] {
    const items = this.#closeAbove(received)
    for (const item of items) item.number = item.formerNumber ?? null
    this.#highest = Math.min(this.#highest, received)
    const again = items.filter(({ cancelled }) => !cancelled)
    this.requeue(again)
    return again
  }

  /**
   * The ledger was lost: the open operations, in order, no longer in the outbox [R23]. Those that were cancelled are
   * among them; they must not be put back.
   */
  loseOpen(): Item[] {
    this.#forgetResults()
    return this.#closeAbove(0)
  }

  /** Puts operations back before all waiting ones, to be sent under new numbers. Never refused: they were in before. */
  requeue(items: readonly Item[]): void {
    const after = this.#waiting
    this.#waiting = new Set()
    this.#waitingLength = 0
    for (const item of [...items, ...after]) this.#wait(item)
  }

  /** Empties the outbox; returns the items in order, those with a number first. */
  clear(): Item[] {
    const items = [...this.loseOpen(), ...this.#waiting]
    this.#waiting.clear()
    this.#waitingLength = 0
    return items
  }

  /** The other side counts what was not acknowledged as open [R17]. */
  get #hasRoom(): boolean {
    return this.#open.size + this.#results.length < this.limits.maxOpen
  }

  #wait(item: Item): void {
    this.#waiting.add(item)
    this.#waitingLength += item.length
  }

  #leave(item: Item): void {
    this.#waiting.delete(item)
    this.#waitingLength -= item.length
  }

  #closeAbove(received: number): Item[] {
    const items = [...this.#open.values()].filter(({ number }) => (number ?? 0) > received)
    for (const item of items) this.#close(item.number ?? 0)
    return items
  }

  #close(number: number): Item | null {
    const item = this.#open.get(number)
    if (!item) return null
    this.#open.delete(number)
    this.#openLength -= item.length
    return item
  }

  #forgetResults(): void {
    this.#results = []
    this.#resultsWeight = 0
  }
}

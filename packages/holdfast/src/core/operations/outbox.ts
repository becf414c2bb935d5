import type { ProducerSummary, Range } from '../wire/frames.ts'
import { Acknowledger } from './acknowledger.ts'
import { toRanges } from './ranges.ts'

/** An operation of this side, from the caller's hands to its acknowledged result. */
export interface OutboxItem {
  /** Null as long as the other side cannot have executed it [R16]. Set by the outbox. */
  number: number | null
  /** What it weighs in the outbox: the length of its JSON. */
  readonly length: number
  /** Its frame; called once, when the number is given. */
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

interface Handed<Item> {
  readonly item: Item
  readonly frame: string
  /** Under which it was handed to an earlier ledger, if it was. */
  readonly formerNumber: number | null
  cancelled: boolean
}

/**
 * The producing side of operations: a bounded queue of those that wait, and the open ones, that is, those handed to
 * a link whose result has not come [R16, R17, R21–R23].
 */
export class Outbox<Item extends OutboxItem> {
  readonly limits: OutboxLimits
  #waiting = new Set<Item>()
  #waitingLength = 0
  readonly #handed = new Map<number, Handed<Item>>()
  #handedLength = 0
  readonly #acknowledger = new Acknowledger()
  #highest = 0

  constructor(limits: OutboxLimits) {
    this.limits = limits
  }

  /** Operations that wait for a number. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Operations with a number and no result. */
  get openCount(): number {
    return this.#handed.size
  }

  /** Returns false if the outbox is full; the item is then not in it. */
  add(item: Item): boolean {
    const full =
      this.#waiting.size >= this.limits.maxWaiting ||
      this.#waitingLength + item.length > this.limits.maxWaitingLength
    if (full) return false
    this.#waiting.add(item)
    this.#waitingLength += item.length
    return true
  }

  /**
   * The results to acknowledge now, or null. They gather until there are enough, nothing is open, or they hold up what
   * waits, because the other side still counts them as open.
   */
  takeAcknowledgement(): Range[] | null {
    const { count, due } = this.#acknowledger
    const holdsUp = this.#waiting.size > 0 && this.#handed.size + count >= this.limits.maxOpen
    return count > 0 && (due || holdsUp || this.#handed.size === 0) ? this.#acknowledger.take() : null
  }

  /** Gives the next waiting operation its number and returns its frame, or null if none may go now. */
  handOver(): { readonly item: Item; readonly frame: string } | null {
    if (this.#handed.size + this.#acknowledger.count >= this.limits.maxOpen) return null
    const { maxOpenLength = Infinity } = this.limits
    for (const item of this.#waiting) {
      if (this.#handed.size > 0 && this.#handedLength + item.length > maxOpenLength) return null
      this.#remove(item)
      this.#handedLength += item.length
      const number = ++this.#highest
      const formerNumber = item.number
      item.number = number
      const frame = item.encode(number)
      this.#handed.set(number, { item, frame, formerNumber, cancelled: false })
      return { item, frame }
    }
    return null
  }

  /**
   * The caller gave up. An item without a number is removed and was never sent; a handed one stays open until its
   * result comes, and `cancel` has to be sent now and after every resume [R24]. An item that was put back is removed
   * too, but may have been executed under its old number: `unknown`.
   */
  cancel(item: Item): 'not_sent' | 'unknown' | 'handed' | 'settled' {
    if (this.#waiting.has(item)) {
      this.#remove(item)
      return item.number === null ? 'not_sent' : 'unknown'
    }
    const handed = item.number === null ? undefined : this.#handed.get(item.number)
    if (!handed || handed.item !== item) return 'settled'
    handed.cancelled = true
    return 'handed'
  }

  /** The result came: the item, or null if the number is not open (a result that came twice). */
  settle(number: number, resultLength: number): Item | null {
    this.#acknowledger.note(number, resultLength)
    const handed = this.#handed.get(number)
    if (!handed) return null
    this.#handed.delete(number)
    this.#handedLength -= handed.item.length
    return handed.item
  }

  /** For `hello` or `welcome`; `relinked` follows once the other side has got it. */
  summary(): ProducerSummary {
    this.#acknowledger.summarized()
    return { highest: this.#highest, open: toRanges(this.#handed.keys()) }
  }

  /**
   * A new link: what was not acknowledged on the old one is told by the last summary, but for results that the old one
   * still brought after that [R21, R60].
   */
  relinked(): void {
    this.#acknowledger.forgetTold()
  }

  /** After a resume: what the other side has not received, in order, and the cancels that may have been lost. */
  *resend(received: number): Generator<string> {
    for (const [number, { frame, cancelled }] of this.#handed) {
      if (cancelled) yield JSON.stringify({ type: 'cancel', number })
      else if (number > received) yield frame
    }
  }

  /**
   * What is above `received` was not executed and never will be: those numbers are taken back, and their operations wait
   * again, except the cancelled ones [R43].
   */
  takeBack(received: number): readonly Item[] {
    const items: Item[] = []
    for (const [number, { item, formerNumber, cancelled }] of this.#handed) {
      if (number <= received) continue
      this.#handed.delete(number)
      this.#handedLength -= item.length
      item.number = formerNumber
      if (!cancelled) items.push(item)
    }
    this.#highest = Math.min(this.#highest, received)
    this.requeue(items)
    return items
  }

  /**
   * The ledger was lost: the open operations, in order, no longer in the outbox [R23]. Those that were cancelled are
   * among them; they must not be put back.
   */
  loseOpen(): Item[] {
    const items = Array.from(this.#handed.values(), ({ item }) => item)
    this.#handed.clear()
    this.#handedLength = 0
    return items
  }

  /** Puts operations back before all waiting ones, to be sent under new numbers. Never refused: they were in before. */
  requeue(items: readonly Item[]): void {
    for (const item of items) this.#waitingLength += item.length
    this.#waiting = new Set([...items, ...this.#waiting])
  }

  /** Empties the outbox; returns the items in order, those with a number first. */
  clear(): Item[] {
    const items = [...this.loseOpen(), ...this.#waiting]
    this.#waiting.clear()
    this.#waitingLength = 0
    return items
  }

  #remove(item: Item): void {
    this.#waiting.delete(item)
    this.#waitingLength -= item.length
  }
}

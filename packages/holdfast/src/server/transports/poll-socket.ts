import type { Timed, Timekeeper } from '../../core/time/timekeeper.ts'
import type { Slice } from '../../engines/engine.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { refuse, refuseUnknownLink } from '../http/refuse.ts'
import { encodeEvent, eventHeaders, type EventFraming } from './event-framing.ts'
import type { LinkSocket } from './link-socket.ts'

/** What a poll acknowledges, and how long it may wait in milliseconds. */
export interface Poll {
  readonly received: number
  readonly waitMs: number
}

/** A client whose waiting poll broke off asks again at once; one that has not by then is gone. */
const asksAgainWithinMs = 5_000

interface Write {
  readonly parts: readonly Uint8Array[]
  readonly written: (waited: boolean) => void
}

/**
 * A downlink that is a sequence of responses. The writer's one write is under way until a poll acknowledges the
 * response that carried it; until then the response is kept and given again, unchanged [R53].
 *
 *     nothing ── write ──▶ unsent ── poll ──▶ sent ── poll that acknowledges ──▶ nothing
 *                                             sent ── poll that does not ──▶ sent
 */
export class PollSocket implements LinkSocket, Timed {
  readonly encode: LinkSocket['encode'] = encodeEvent
  readonly #timekeeper: Timekeeper
  readonly #framing: EventFraming
  readonly #ended: () => void
  #state: 'open' | 'closing' | 'ended' = 'open'
  /** What no response has carried yet. */
  #unsent: Write[] = []
  /** What the last response carried, until it is acknowledged. */
  #sent: Write[] = []
  /** Of the last response. */
  #sequence = 0
  /** The poll that waits for something to come. */
  #waiting: HttpExchange | null = null
  #brokeOff = false
  /** The poll with the last response, as long as that has not left. */
  #leaving: HttpExchange | null = null

  /** @param ended called once, when nothing of it is left */
  constructor(timekeeper: Timekeeper, framing: EventFraming, ended: () => void) {
    this.#timekeeper = timekeeper
    this.#framing = framing
    this.#ended = ended
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  /** The poll that waited broke off, and none has come since. */
  get abandoned(): boolean {
    return this.#brokeOff
  }

  framed(slice: Slice): Slice {
    return this.#framing.framed(slice)
  }

  poll(exchange: HttpExchange, { received, waitMs }: Poll): void {
    const acknowledges = received === this.#sequence
    const asksAgain = this.#sent.length > 0 && received === this.#sequence - 1
    if (!acknowledges && !asksAgain) {
      refuse(exchange, {
        code: 'request_invalid',
        message: `The last response was number ${this.#sequence}.`,
      })
      return
    }
    this.#sendAway()
    this.#brokeOff = false
    this.#waiting = exchange
    exchange.onClosed(() => this.#left(exchange))
    // The writer may write at once what comes next. It is no life of the link: that has to come over the uplink [R39].
    if (acknowledges) for (const { written } of this.#sent.splice(0)) written(false)
    this.#respond()
    if (this.#waiting !== exchange) return
    if (waitMs === 0) this.#sendAway()
    else this.#timekeeper.set(this, this.#timekeeper.now() + waitMs)
  }

  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void {
    if (!this.open) return
    this.#unsent.push({ parts, written })
    this.#respond()
  }

  /** The goodbye was written; it is gone once a poll has fetched that. */
  close(): void {
    if (!this.open) return
    this.#state = 'closing'
    this.#endIfFetched()
  }

  destroy(): void {
    this.#end()
  }

  /** The wait is over, or whoever waited has not asked again. */
  tick(): void {
    if (this.#waiting) this.#sendAway()
    else this.#end()
  }

  /** Answers the poll that waits, if there is something to answer it with. */
  #respond(): void {
    const exchange = this.#waiting
    if (!exchange) return
    if (this.#sent.length === 0) {
      if (this.#unsent.length === 0) return
      this.#sent = this.#unsent.splice(0)
      this.#sequence++
    }
    this.#stopWaiting()
    const earlier = this.#leaving
    this.#leaving = exchange
    // Whoever asks for more has the last response, or has lost it.
    earlier?.destroy()
    exchange.answer(
      200,
      { ...eventHeaders, 'holdfast-sequence': String(this.#sequence) },
      this.#sent.flatMap(({ parts }) => parts),
    )
  }

  /** Answers the poll that waits with nothing. */
  #sendAway(): void {
    const exchange = this.#waiting
    this.#stopWaiting()
    exchange?.answer(204, { 'holdfast-sequence': String(this.#sequence) }, [])
  }

  #stopWaiting(): void {
    this.#waiting = null
    this.#timekeeper.set(this, null)
  }

  /** A poll's answer has left, or its connection is gone. */
  #left(exchange: HttpExchange): void {
    if (this.#waiting === exchange) {
      this.#waiting = null
      this.#brokeOff = true
      this.#timekeeper.set(this, this.#timekeeper.now() + asksAgainWithinMs)
    }
    if (this.#leaving !== exchange) return
    this.#leaving = null
    if (this.#state === 'closing') this.#endIfFetched()
  }

  #endIfFetched(): void {
    if (this.#unsent.length === 0 && !this.#leaving) this.#end()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    const waiting = this.#waiting
    const leaving = this.#leaving
    this.#stopWaiting()
    this.#leaving = null
    this.#unsent = []
    this.#sent = []
    if (waiting) refuseUnknownLink(waiting)
    leaving?.destroy()
    this.#ended()
  }
}

import type { Gap, Message } from '../../client/subscription.ts'
import type { Position } from '../../core/wire/frames.ts'

type GapReason = Gap['reason']

/** Counts what a subscription was told, beside the oracle and more simply: what came, what came again, and what was left out. */
export class DeliveryAudit {
  readonly topic: string
  messages = 0
  /** That no gap told of. */
  lost = 0
  repeated = 0
  readonly gaps: Partial<Record<GapReason, number>> = {}
  #at: Position | null = null

  constructor(topic: string) {
    this.topic = topic
  }

  told(event: Message | Gap): void {
    if (event.type === 'gap') {
      const { reason, next } = event
      this.gaps[reason] = (this.gaps[reason] ?? 0) + 1
      this.#at = { epoch: next.epoch, offset: next.offset - 1 }
      return
    }
    this.messages++
    const { epoch, offset } = event
    if (this.#at?.epoch === epoch) {
      this.lost += Math.max(offset - this.#at.offset - 1, 0)
      if (offset <= this.#at.offset) this.repeated++
    } else if (this.#at) {
      // Another life of the topic, of which nothing told.
      this.lost++
    }
    this.#at = { epoch, offset }
  }

  /** It is over: whatever it was not told of by now it never will be. */
  endedAt(head: Position | null): void {
    if (!head) return
    if (this.#at?.epoch === head.epoch) this.lost += head.offset - this.#at.offset
    else this.lost++
  }
}

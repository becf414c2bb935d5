import type { Gap, Message, Position } from 'holdfast/client'
import { OffsetRanges } from './offset-ranges.ts'

/** What is known of one life of a topic. */
interface Life {
  readonly epoch: string
  /** The highest offset that is known to exist. */
  highest: number
  readonly delivered: OffsetRanges
  /** Delivered or covered by a gap. */
  readonly accountedFor: OffsetRanges
}

/**
 * Does the books for one topic, and trusts nobody: it takes what was delivered, what gaps admitted, and what the server
 * says it has published, and counts what was repeated and what is missing without a word.
 */
export class DeliveryAudit {
  #life: Life | null = null
  #received = 0
  #repeated = 0
  #gaps = 0
  #lostInEarlierLives = 0

  get received(): number {
    return this.#received
  }

  /** Offsets that were delivered more than once. */
  get repeated(): number {
    return this.#repeated
  }

  get gaps(): number {
    return this.#gaps
  }

  /** Offsets that exist, but were neither delivered nor covered by a gap. */
  get lost(): number {
    return this.#lostInEarlierLives + missingIn(this.#life)
  }

  /** The subscription's promise holds from here. */
  started({ epoch, offset }: Position): void {
    this.#life ??= newLife(epoch, offset)
  }

  delivered({ epoch, offset }: Message): void {
    this.#received++
    // A new life that no gap announced: whatever came before in it was lost in silence.
    if (this.#life?.epoch !== epoch) this.#beginLife(epoch, 0)
    const life = this.#life
    if (life?.delivered.has(offset)) this.#repeated++
    life?.delivered.add(offset)
    life?.accountedFor.add(offset)
    this.#exists(offset)
  }

  gap({ after, next }: Gap): void {
    this.#gaps++
    if (this.#life?.epoch !== next.epoch) this.#beginLife(next.epoch, next.offset - 1)
    const from = after?.epoch === next.epoch ? after.offset : 0
    this.#life?.accountedFor.add(from + 1, next.offset - 1)
  }

  /** The server has published this. It says so after the message itself, so by now that has been delivered. */
  published({ epoch, offset }: Position): void {
    if (this.#life?.epoch === epoch) this.#exists(offset)
  }

  #exists(offset: number): void {
    if (this.#life) this.#life.highest = Math.max(this.#life.highest, offset)
  }

  #beginLife(epoch: string, begin: number): void {
    this.#lostInEarlierLives += missingIn(this.#life)
    this.#life = newLife(epoch, begin)
  }
}

function newLife(epoch: string, begin: number): Life {
  const accountedFor = new OffsetRanges()
  // What came before the promise is nobody's loss.
  accountedFor.add(1, begin)
  return { epoch, highest: begin, delivered: new OffsetRanges(), accountedFor }
}

function missingIn(life: Life | null): number {
  return life ? life.highest - life.accountedFor.countUpTo(life.highest) : 0
}

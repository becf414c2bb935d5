import type { Range } from '../wire/frames.ts'
import { toRanges } from './ranges.ts'

const dueAfterResults = 32
const dueAfterLength = 16_384

/**
 * Gathers the results that arrived, to acknowledge many in one frame. They may wait: until they are acknowledged the
 * other side keeps them, and after a resume the producer's open numbers tell the same [R21].
 */
export class Acknowledger {
  #numbers: number[] = []
  #length = 0
  /** How many of the numbers a summary told, and the length of their results. */
  #told = { count: 0, length: 0 }

  /** Results not yet acknowledged. */
  get count(): number {
    return this.#numbers.length
  }

  /** Enough has gathered. */
  get due(): boolean {
    return this.#numbers.length >= dueAfterResults || this.#length >= dueAfterLength
  }

  note(number: number, length: number): void {
    this.#numbers.push(number)
    this.#length += length
  }

  /** A summary tells what has gathered so far; what comes while it is on its way is not in it. */
  summarized(): void {
    this.#told = { count: this.#numbers.length, length: this.#length }
  }

  /** The summary arrived: lets go of what it told. */
  forgetTold(): void {
    this.#numbers = this.#numbers.slice(this.#told.count)
    this.#length -= this.#told.length
    this.#told = { count: 0, length: 0 }
  }

  /** The numbers to acknowledge now, gathered since the last call. */
  take(): Range[] {
    const ranges = toRanges(this.#numbers.sort((one, other) => one - other))
    this.#numbers = []
    this.#length = 0
    this.#told = { count: 0, length: 0 }
    return ranges
  }
}

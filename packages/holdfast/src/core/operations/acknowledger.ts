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

  /** The numbers to acknowledge now, gathered since the last call. */
  take(): Range[] {
    const ranges = toRanges(this.#numbers.sort((one, other) => one - other))
    this.clear()
    return ranges
  }

  clear(): void {
    this.#numbers = []
    this.#length = 0
  }
}

import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { SeededRandom } from '../seeded-random.ts'
import type { Faults } from './fault.ts'

/** Bytes on their way beyond which the sender has to wait. */
const mostBytesWaiting = 262_144
/** A throttled lane sends this often at least. */
const throttledPiecesPerSecond = 20

interface Parcel {
  /** Null for the end. */
  readonly bytes: Buffer | null
  readonly dueAt: number
}

/** One direction of a connection: passes bytes on in order; late or in other pieces, as the faults say. */
export class Lane {
  readonly #from: Readable
  readonly #to: Writable
  readonly #faults: Faults
  // Apart, so that where the stream is cut depends on the seed alone and not on what arrives together.
  readonly #delays: SeededRandom
  readonly #sizes: SeededRandom
  readonly #signal: AbortSignal
  #parcels: Parcel[] = []
  #bytesWaiting = 0
  #lastDueAt = 0
  #freeAt = 0
  #bytesToCut = 0
  #sending = false
  #discarding = false

  constructor(from: Readable, to: Writable, faults: Faults, random: SeededRandom, signal: AbortSignal) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#delays = random.fork()
    this.#sizes = random.fork()
    this.#signal = signal
  }

  push(bytes: Buffer): void {
    if (this.#discarding || bytes.length === 0) return
    this.#bytesWaiting += bytes.length
    if (this.#bytesWaiting > mostBytesWaiting) this.#from.pause()
    this.#pushParcel(bytes)
  }

  end(): void {
    if (!this.#discarding) this.#pushParcel(null)
  }

  /** Whatever is pushed waits, and so does what is on its way. */
  stall(ms: number): void {
    this.#freeAt = Math.max(this.#freeAt, performance.now() + ms)
  }

  /** From now on whatever is pushed vanishes, and so does what is on its way. */
  discard(): void {
    this.#discarding = true
    this.#parcels = []
    this.#bytesWaiting = 0
    this.#from.resume()
  }

  #pushParcel(bytes: Buffer | null): void {
    const delay = this.#faults.get('delay')
    const delayMs = delay ? this.#delays.integer(delay.leastMs, delay.mostMs) : 0
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delayMs)
    this.#parcels.push({ bytes, dueAt: this.#lastDueAt })
    if (!this.#sending) void this.#send()
  }

  async #send(): Promise<void> {
    this.#sending = true
    try {
      for (let parcel = this.#parcels.shift(); parcel; parcel = this.#parcels.shift()) {
        await this.#until(parcel.dueAt)
        if (parcel.bytes) await this.#deliver(parcel.bytes)
        else await this.#deliverEnd()
      }
    } catch (cause) {
      // The connection is over: what was on its way is lost.
      if (!this.#signal.aborted && !this.#to.destroyed && !this.#to.errored) throw cause
    } finally {
      this.#sending = false
    }
  }

  async #deliverEnd(): Promise<void> {
    await this.#untilFree()
    if (!this.#discarding) this.#to.end()
  }

  async #deliver(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const length = Math.min(bytes.length - start, this.#pieceBytes())
      await this.#untilFree()
      if (this.#discarding || !this.#to.writable) return
      const drained = this.#to.write(bytes.subarray(start, start + length))
      if (!drained) await once(this.#to, 'drain', { signal: this.#signal })
      start += length
      this.#bytesToCut -= length
      this.#bytesWaiting -= length
      await this.#afterPiece(length)
    }
    if (this.#bytesWaiting <= mostBytesWaiting) this.#from.resume()
  }

  #pieceBytes(): number {
    const slice = this.#faults.get('slice')
    const throttle = this.#faults.get('throttle')
    if (slice && this.#bytesToCut <= 0) {
      this.#bytesToCut = this.#sizes.integer(slice.leastBytes, slice.mostBytes)
    }
    return Math.min(
      slice ? this.#bytesToCut : Infinity,
      throttle ? Math.ceil(throttle.bytesPerSecond / throttledPiecesPerSecond) : Infinity,
    )
  }

  async #afterPiece(length: number): Promise<void> {
    const throttle = this.#faults.get('throttle')
    if (throttle) {
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (length / throttle.bytesPerSecond) * 1_000
    }
    // So that the other side has a chance to read each piece by itself.
    if (this.#faults.get('slice')) await nextTurn(undefined, { signal: this.#signal })
  }

  async #untilFree(): Promise<void> {
    // It may be stalled anew in the meantime.
    while (this.#freeAt > performance.now()) await this.#until(this.#freeAt)
  }

  async #until(time: number): Promise<void> {
    const delayMs = time - performance.now()
    if (delayMs > 0) await pause(delayMs, undefined, { signal: this.#signal })
  }
}

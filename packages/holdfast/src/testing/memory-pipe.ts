import { outside, type VirtualClock } from './virtual-clock.ts'
import type { VirtualLoop } from './virtual-loop.ts'

export interface PipeConditions {
  /** From one end to the other, in milliseconds. */
  readonly latencyMs: number
  /** How fast the line is. */
  readonly bytesPerMs: number
  /** What the kernels at both ends hold of what was written and not yet read. */
  readonly kernelBytes: number
  /** Bytes travel in segments of at most so many. */
  readonly segmentBytes: number
}

interface Segment {
  readonly bytes: Uint8Array
  /** Called at the sender once the kernel has it. */
  readonly taken: (() => void) | null
  /** Called at the receiver when it reads this far. */
  readonly mark: (() => void) | null
}

/**
 * One direction of a connection. Written bytes wait for room in the kernel, travel, arrive in order and are read by
 * the receiver's loop; what is not read keeps its room, so that a reader who stalls pushes back on the writer.
 */
export class MemoryPipe {
  readonly #clock: VirtualClock
  readonly #conditions: PipeConditions
  readonly #sender: () => VirtualLoop
  readonly #receiver: () => VirtualLoop
  readonly #read: (bytes: Uint8Array) => void
  #waiting: Segment[] = []
  #waitingBytes = 0
  #kernelBytes = 0
  #arrived: Segment[] = []
  #lineFreeAt = 0
  #lastArrivalAt = 0
  #fate: 'whole' | 'vanishing' | 'dropped' = 'whole'
  #held = false
  #reading = false

  constructor(
    clock: VirtualClock,
    conditions: PipeConditions,
    ends: { readonly sender: () => VirtualLoop; readonly receiver: () => VirtualLoop },
    read: (bytes: Uint8Array) => void,
  ) {
    this.#clock = clock
    this.#conditions = conditions
    this.#sender = ends.sender
    this.#receiver = ends.receiver
    this.#read = read
  }

  /** Bytes that wait for room in the kernel. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** @param written called once the kernel has all of it, and whether it had to wait for the peer */
  write(bytes: Uint8Array, written: ((waited: boolean) => void) | null): void {
    const { segmentBytes } = this.#conditions
    let waited = true
    const taken = written && ((): void => this.#sender().io(() => written(waited)))
    for (let start = 0; start < bytes.length; start += segmentBytes) {
      const end = start + segmentBytes
      this.#send({ bytes: bytes.subarray(start, end), taken: end < bytes.length ? null : taken, mark: null })
    }
    waited = this.#waitingBytes > 0
  }

  /** Calls back at the receiver when it has read everything written so far. */
  mark(callback: () => void): void {
    this.#send({ bytes: new Uint8Array(0), taken: null, mark: callback })
  }

  /** The reader stops reading, or the network holds everything back. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#deliver()
  }

  /** From now on what travels is lost and nobody is told; the sender's kernel fills up. */
  vanish(): void {
    if (this.#fate === 'whole') this.#fate = 'vanishing'
    this.#arrived = []
  }

  /** The connection is gone, and everything in flight with it. */
  drop(): void {
    this.#fate = 'dropped'
    this.#waiting = []
    this.#waitingBytes = 0
    this.#arrived = []
  }

  /** The sender's process is gone: only what its kernel has is still sent. */
  dropUnsent(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #send(segment: Segment): void {
    if (this.#fate === 'dropped') return
    this.#waiting.push(segment)
    this.#waitingBytes += segment.bytes.length
    this.#fillKernel()
  }

  #fillKernel(): void {
    while (this.#kernelBytes < this.#conditions.kernelBytes) {
      const segment = this.#waiting.shift()
      if (!segment) return
      this.#waitingBytes -= segment.bytes.length
      this.#kernelBytes += segment.bytes.length
      segment.taken?.()
      this.#travel(segment)
    }
  }

  #travel(segment: Segment): void {
    const { latencyMs, bytesPerMs } = this.#conditions
    this.#lineFreeAt = Math.max(this.#lineFreeAt, this.#clock.now) + segment.bytes.length / bytesPerMs
    this.#lastArrivalAt = Math.max(this.#lastArrivalAt, this.#lineFreeAt + latencyMs)
    this.#clock.schedule(this.#lastArrivalAt, 'io', outside, () => {
      if (this.#fate !== 'whole') return
      this.#arrived.push(segment)
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#held || this.#reading || this.#arrived.length === 0) return
    this.#reading = true
    this.#receiver().io(() => {
      this.#reading = false
      if (this.#held) return
      const segment = this.#arrived.shift()
      if (!segment) return
      this.#kernelBytes -= segment.bytes.length
      if (segment.mark) segment.mark()
      else this.#read(segment.bytes)
      this.#fillKernel()
      this.#deliver()
    })
  }
}

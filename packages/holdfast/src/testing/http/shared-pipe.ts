import { MemoryPipe, type PipeConditions } from '../memory-pipe.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { VirtualLoop } from '../virtual-loop.ts'

export type ReadBytes = (bytes: Uint8Array) => void

/** One direction of a connection that several streams share: their bytes keep their order, each reader gets its own. */
export class SharedPipe {
  readonly pipe: MemoryPipe
  #writtenFor: ReadBytes | null = null
  #reader: ReadBytes | null = null

  constructor(
    clock: VirtualClock,
    conditions: PipeConditions,
    ends: { readonly sender: () => VirtualLoop; readonly receiver: () => VirtualLoop },
  ) {
    this.pipe = new MemoryPipe(clock, conditions, ends, (bytes) => this.#reader?.(bytes))
  }

  /** @param written called once the kernel has all of it, and whether it had to wait for the peer */
  write(reader: ReadBytes, bytes: Uint8Array, written: ((waited: boolean) => void) | null): void {
    if (this.#writtenFor !== reader) {
      this.#writtenFor = reader
      this.pipe.mark(() => {
        this.#reader = reader
      })
    }
    this.pipe.write(bytes, written)
  }

  /** Calls back at the receiver when it has read everything written so far. */
  mark(callback: () => void): void {
    this.pipe.mark(callback)
  }
}

import { Transform, type TransformCallback } from 'node:stream'

const maxHeldBytes = 65_536

/** Does what a buffering proxy does: passes on what it has when it has much, or when there is no more to come. */
export class HoldBack extends Transform {
  #held: Buffer[] = []
  #heldBytes = 0

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes >= maxHeldBytes) this.#release()
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#release()
    done()
  }

  #release(): void {
    for (const chunk of this.#held) this.push(chunk)
    this.#held = []
    this.#heldBytes = 0
  }
}

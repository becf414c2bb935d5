import type { ConnectionKind } from './fault.ts'

const end = '\r\n\r\n'

/** Collects the bytes of one direction until the head of its first HTTP message is complete. */
export class HttpHead {
  #bytes: Buffer = Buffer.alloc(0)
  #length: number | null = null

  /** Whether the head is complete with these bytes. */
  push(bytes: Buffer): boolean {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    const place = this.#bytes.indexOf(end)
    if (place >= 0) this.#length = place + end.length
    return this.#length !== null
  }

  /** The head alone; while it is not complete, what there is of it. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length ?? this.#bytes.length)
  }

  /** What came after it. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.bytes.length)
  }

  get kind(): ConnectionKind {
    return /^upgrade:[ \t]*websocket[ \t]*\r$/im.test(this.bytes.toString('latin1')) ? 'websocket' : 'http'
  }
}

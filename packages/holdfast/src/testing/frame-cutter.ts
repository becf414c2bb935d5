/**
 * Cuts a stream of bytes into the WebSocket text frames it is made of (RFC 6455, 5.2): unfragmented, unmasked, as the
 * hub writes them. A frame may come in any number of pieces.
 */
export class FrameCutter {
  readonly #maxBytes: number
  #pieces: Uint8Array[] = []
  #length = 0
  #awaited = 2

  constructor(maxBytes: number = Infinity) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of a frame that is not complete. */
  get rest(): number {
    return this.#length
  }

  /** The texts that are complete now, or `too_large`. */
  push(piece: Uint8Array): string[] | 'too_large' {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length < this.#awaited) return []
    const bytes = Buffer.concat(this.#pieces)
    const texts: string[] = []
    let start = 0
    for (;;) {
      const frame = frameAt(bytes, start)
      this.#awaited = frame.end - start
      if (frame.end - frame.start > this.#maxBytes) return 'too_large'
      if (frame.end > bytes.length) break
      texts.push(bytes.toString('utf8', frame.start, frame.end))
      start = frame.end
    }
    this.#pieces = start < bytes.length ? [bytes.subarray(start)] : []
    this.#length = bytes.length - start
    return texts
  }
}

/** Where the frame's text lies; beyond the end of the bytes as long as that is not known or not there. */
function frameAt(bytes: Buffer, start: number): { start: number; end: number } {
  const known = bytes.length - start
  if (known < 2) return { start: start + 2, end: start + 2 }
  if (bytes[start] !== 0x81) throw new Error(`no text frame begins with ${bytes[start]}`)
  const length = bytes[start + 1] ?? 0
  if (length < 126) return { start: start + 2, end: start + 2 + length }
  const header = length === 126 ? 4 : 10
  if (known < header) return { start: start + header, end: start + header }
  const long = length === 126 ? bytes.readUInt16BE(start + 2) : Number(bytes.readBigUInt64BE(start + 2))
  return { start: start + header, end: start + header + long }
}

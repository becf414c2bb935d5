import { FrameCutter } from '../frame-cutter.ts'

/** The first byte of an unmasked text frame, which no text begins with. */
const webSocketText = 0x81

/** One direction of a link at one end: what of its bytes is worth reading. */
export class TappedStream {
  #cutter: FrameCutter | null = null
  #text = ''

  /** Frames that are complete now; over HTTP, heads of requests and responses too. */
  push(bytes: Uint8Array): string[] {
    if (!this.#cutter && this.#text === '' && bytes[0] === webSocketText) this.#cutter = new FrameCutter()
    if (this.#cutter) {
      const texts = this.#cutter.push(bytes)
      return texts === 'too_large' ? [] : texts
    }
    const lines = (this.#text + Buffer.from(bytes).toString('latin1')).split('\n')
    this.#text = lines.pop() ?? ''
    return lines.map((line) => line.replace(/^data: /, '').trim()).filter((line) => line !== '')
  }
}

import { createInterface } from 'node:readline'

/** What a program prints, line by line. */
export class ProgramOutput {
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(stream: NodeJS.ReadableStream) {
    const reader = createInterface({ input: stream })
    reader.on('line', (line) => this.#changed(() => this.#lines.push(line)))
    reader.on('close', () => this.#changed(() => (this.#ended = true)))
  }

  /** The first line that is wanted; of several such, the one with this number, counted from 0. */
  async line(isWanted: (line: string) => boolean, number = 0): Promise<string> {
    for (;;) {
      const found = this.#lines.filter(isWanted)[number]
      if (found !== undefined) return found
      if (this.#ended) throw new Error(`the program ended and printed only:\n${this.#lines.join('\n')}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #changed(change: () => void): void {
    change()
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

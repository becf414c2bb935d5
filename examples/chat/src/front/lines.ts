import type { IncomingMessage } from 'node:http'
import { Line } from './line.ts'

/** A page that never comes back must not be remembered for ever. */
const maxIdleLines = 1_000

/** The lines of the pages. A page says `?tab=…` in the address of its hub; what does not say so shares one line. */
export class Lines {
  readonly #byTab = new Map<string, Line>()

  ofRequest({ url = '/' }: IncomingMessage): Line {
    return this.of(new URLSearchParams(url.split('?', 2)[1]))
  }

  of(query: URLSearchParams): Line {
    const tab = query.get('tab') ?? ''
    const known = this.#byTab.get(tab)
    if (known) return known
    if (this.#byTab.size >= maxIdleLines) this.#forgetIdle()
    const line = new Line()
    this.#byTab.set(tab, line)
    return line
  }

  cutAll(): void {
    for (const line of this.#byTab.values()) line.cut()
  }

  /** Forgets the oldest that carries nothing. */
  #forgetIdle(): void {
    for (const [tab, line] of this.#byTab) {
      if (!line.idle) continue
      this.#byTab.delete(tab)
      return
    }
  }
}

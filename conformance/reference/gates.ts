/** Gates by name. Whoever waits at one goes on when it is opened; whoever comes later waits for the next time. */
export class Gates {
  readonly #waiting = new Map<string, (() => void)[]>()

  opened(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve])
    })
  }

  /** Returns how many went on. */
  open(name: string): number {
    const waiting = this.#waiting.get(name) ?? []
    this.#waiting.delete(name)
    for (const goOn of waiting) goOn()
    return waiting.length
  }
}

/** Typed listeners; one that throws is reported and the others go on. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<{ readonly call: (event: never) => void }>>()
  readonly #report: (error: unknown, event: keyof Events) => void

  constructor(report: (error: unknown, event: keyof Events) => void) {
    this.#report = report
  }

  get listenerCount(): number {
    let count = 0
    for (const listeners of this.#listeners.values()) count += listeners.size
    return count
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  /** Returns a function that removes the listener. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const registration = { call: listener as (event: never) => void }
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(registration))
    return () => void listeners.delete(registration)
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const registered = [...(this.#listeners.get(name) ?? [])]
    for (const { call } of registered) {
      try {
        ;(call as (event: Events[Name]) => void)(event)
      } catch (error) {
        this.#report(error, name)
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}

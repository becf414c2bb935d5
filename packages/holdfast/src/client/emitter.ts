/** Typed listeners; one that throws is reported and the others go on. */
export class Emitter<Events extends Record<string, unknown>> {
  #registered: { readonly name: keyof Events; readonly call: (event: never) => void }[] = []
  readonly #report: (error: unknown, event: keyof Events) => void

  constructor(report: (error: unknown, event: keyof Events) => void) {
    this.#report = report
  }

  get listenerCount(): number {
    return this.#registered.length
  }

  /** Returns a function that removes the listener. */
  on<Name extends keyof Events>(name: Name, call: (event: Events[Name]) => void): () => void {
    const registration = { name, call }
    this.#registered.push(registration)
    return () => {
      this.#registered = this.#registered.filter((other) => other !== registration)
    }
  }

  /** Returns whether anybody listens. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
    const listeners = this.#registered.filter((registration) => registration.name === name)
    for (const { call } of listeners) {
      try {
        ;(call as (event: Events[Name]) => void)(event)
      } catch (error) {
        this.#report(error, name)
      }
    }
    return listeners.length > 0
  }

  clear(): void {
    this.#registered = []
  }
}

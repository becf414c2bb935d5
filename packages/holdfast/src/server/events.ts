import type { Logger, SessionInfo } from './options.ts'

/** Something happened to a session. */
export interface SessionEvent {
  /** `opened`: it is new. `attached`: it has a link again. `detached`: it rests. `ended`: it is forgotten. */
  readonly type: 'opened' | 'attached' | 'detached' | 'ended'
  readonly session: SessionInfo
}

export type SessionListener = (event: SessionEvent) => void

/** Tells the application what happens; a listener that throws harms nobody. */
export class HubEvents {
  readonly #logger: Logger
  readonly #listeners = new Set<{ readonly listener: SessionListener }>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  /** Returns a function that removes the listener. */
  on(listener: SessionListener): () => void {
    const registration = { listener }
    this.#listeners.add(registration)
    return () => void this.#listeners.delete(registration)
  }

  emit(type: SessionEvent['type'], session: SessionInfo): void {
    const registered = [...this.#listeners]
    for (const { listener } of registered) {
      try {
        listener({ type, session })
      } catch (error) {
        this.#logger.error({ error }, 'a session listener threw')
      }
    }
  }
}

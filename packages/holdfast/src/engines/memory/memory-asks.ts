import type { AskStore, Conclusion, StoredAsk } from '../ask-store.ts'

/** Asks in the memory of this process: all are lost at its end. */
export class MemoryAsks implements AskStore {
  readonly #asks = new Map<string, StoredAsk>()

  async load(): Promise<readonly StoredAsk[]> {
    return [...this.#asks.values()]
  }

  async open(ask: StoredAsk): Promise<void> {
    this.#asks.set(ask.id, ask)
  }

  async addUsers(id: string, users: readonly string[]): Promise<void> {
    const ask = this.#known(id)
    this.#asks.set(id, { ...ask, users: [...new Set([...ask.users, ...users])] })
  }

  async conclude(id: string, conclusion: Conclusion): Promise<Conclusion> {
    const ask = this.#known(id)
    if (ask.conclusion) return ask.conclusion
    this.#asks.set(id, { ...ask, conclusion })
    return conclusion
  }

  async forget(id: string): Promise<void> {
    this.#asks.delete(id)
  }

  #known(id: string): StoredAsk {
    const ask = this.#asks.get(id)
    if (!ask) throw new Error(`there is no ask ${id}`)
    return ask
  }
}

import type { AskStore, Conclusion, StoredAsk } from 'holdfast/server'
import { JsonLinesFile } from './json-lines-file.ts'
import { Turns } from './turns.ts'

type Line =
  | { readonly type: 'opened'; readonly ask: StoredAsk }
  | { readonly type: 'usersAdded'; readonly id: string; readonly users: readonly string[] }
  | { readonly type: 'concluded'; readonly id: string; readonly conclusion: Conclusion }
  | { readonly type: 'forgotten'; readonly id: string }

/**
 * The hub's asks in a file: they outlive the process. A conclusion is on the disk before anybody hears of it, so whatever
 * was answered stays answered, at whatever moment the process is killed.
 */
export class AskJournal implements AskStore {
  readonly #file: JsonLinesFile<Line>
  readonly #asks = new Map<string, StoredAsk>()
  readonly #turns = new Turns()

  private constructor(file: JsonLinesFile<Line>) {
    this.#file = file
  }

  static async open(path: string): Promise<AskJournal> {
    const { file, lines } = await JsonLinesFile.open<Line>(path)
    const journal = new AskJournal(file)
    for (const line of lines) journal.#apply(line)
    return journal
  }

  /** Writes the file anew with what is kept: asks without a key nobody could ask again. */
  load(): Promise<readonly StoredAsk[]> {
    return this.#turns.take(async () => {
      const kept = [...this.#asks.values()].filter(({ key }) => key !== null)
      await this.#file.replace(kept.map((ask) => ({ type: 'opened', ask })))
      this.#asks.clear()
      for (const ask of kept) this.#asks.set(ask.id, ask)
      return kept
    })
  }

  open(ask: StoredAsk): Promise<void> {
    return this.#turns.take(() => this.#write({ type: 'opened', ask }))
  }

  addUsers(id: string, users: readonly string[]): Promise<void> {
    return this.#turns.take(async () => {
      this.#known(id)
      await this.#write({ type: 'usersAdded', id, users })
    })
  }

  /** One after the other: the second finds the first one's conclusion, and that is on the disk by then. */
  conclude(id: string, conclusion: Conclusion): Promise<Conclusion> {
    return this.#turns.take(async () => {
      const ask = this.#known(id)
      if (ask.conclusion) return ask.conclusion
      await this.#write({ type: 'concluded', id, conclusion })
      return conclusion
    })
  }

  forget(id: string): Promise<void> {
    return this.#turns.take(() => this.#write({ type: 'forgotten', id }))
  }

  close(): Promise<void> {
    return this.#turns.take(() => this.#file.close())
  }

  #known(id: string): StoredAsk {
    const ask = this.#asks.get(id)
    if (!ask) throw new Error(`there is no ask ${id}`)
    return ask
  }

  async #write(line: Line): Promise<void> {
    await this.#file.append(line)
    this.#apply(line)
  }

  #apply(line: Line): void {
    if (line.type === 'opened') {
      this.#asks.set(line.ask.id, line.ask)
      return
    }
    const ask = this.#asks.get(line.id)
    if (!ask) return
    switch (line.type) {
      case 'usersAdded':
        this.#asks.set(line.id, { ...ask, users: [...new Set([...ask.users, ...line.users])] })
        break
      case 'concluded':
        this.#asks.set(line.id, { ...ask, conclusion: line.conclusion })
        break
      case 'forgotten':
        this.#asks.delete(line.id)
        break
    }
  }
}

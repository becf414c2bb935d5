import { closeSync, openSync, writeSync } from 'node:fs'
import type { Conclusion } from '../../engines/ask-store.ts'

/** Something that happened in a hub's process. */
export type JournalRecord =
  /** Another process begins, which knows nothing of an earlier one. */
  | { readonly did: 'begin' }
  | {
      readonly did: 'accept'
      readonly token: string
      readonly topic: string
      readonly epoch: string
      readonly offset: number
      /** The offset of the oldest message that was still kept then; null: nobody subscribes. */
      readonly oldest: number | null
    }
  /** A handler began. */
  | { readonly did: 'execute'; readonly token: string }
  | { readonly did: 'ask'; readonly command: number; readonly id: string }
  | {
      readonly did: 'conclude'
      readonly id: string
      readonly conclusion: Conclusion
      readonly again: boolean
    }
  /** A session was opened or has ended. */
  | { readonly did: 'open' | 'end'; readonly session: string }
  | { readonly did: 'log'; readonly message: string; readonly error: string }

/**
 * Writes down what happens in a hub's process. Each record is with the operating system before anybody is told of what it tells,
 * so that it survives the process, however that ends.
 */
export class Journal {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
    // An earlier process may have been killed in the middle of a line.
    writeSync(this.#file, '\n')
  }

  write(record: JournalRecord): void {
    writeSync(this.#file, `${JSON.stringify(record)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

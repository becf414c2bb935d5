import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Entry, EntryState } from '../contract/conversation.ts'

/** Entries kept for each room; the oldest go first. */
const maxEntriesPerRoom = 500
/** Lines after which the file is written anew with only what is kept. */
const maxLines = 20_000

type Line =
  | { readonly type: 'entry'; readonly room: string; readonly entry: Entry }
  | { readonly type: 'token'; readonly id: string; readonly text: string }
  | { readonly type: 'ended'; readonly id: string; readonly state: EntryState }

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

/**
 * The application's own memory, one JSON line for each change. The hub's memory engine forgets its topics when the
 * process ends; this does not. A line is written before what it says is published, so whatever a page has seen is here.
 * (Written synchronously: simple, and quick enough for a demonstration.)
 */
export class ConversationRecord {
  readonly #path: string
  readonly #rooms = new Map<string, Writable<Entry>[]>()
  readonly #byId = new Map<string, Writable<Entry>>()
  #file: number
  #lines = 0

  /** An answer that was being written when the process ended is `interrupted`. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#path = join(folder, 'conversations.jsonl')
    for (const line of readLines(this.#path)) this.#apply(line)
    for (const entry of this.#byId.values()) if (entry.state === 'streaming') entry.state = 'interrupted'
    this.#file = this.#rewrite()
  }

  find(id: string): Entry | undefined {
    return this.#byId.get(id)
  }

  add(room: string, entry: Omit<Entry, 'seq' | 'time' | 'tokens'>): Entry {
    const seq = (this.#rooms.get(room)?.at(-1)?.seq ?? 0) + 1
    const added = { ...entry, seq, time: Date.now(), tokens: 0 }
    this.#write({ type: 'entry', room, entry: added })
    return added
  }

  /** Returns the token's index in its answer. */
  addToken(id: string, text: string): number {
    this.#write({ type: 'token', id, text })
    return (this.#byId.get(id)?.tokens ?? 1) - 1
  }

  end(id: string, state: EntryState): void {
    this.#write({ type: 'ended', id, state })
  }

  /** A copy, so that what is sent is what stood here when it was asked. */
  after(room: string, seq: number): Entry[] {
    return (this.#rooms.get(room) ?? []).filter((entry) => entry.seq > seq).map((entry) => ({ ...entry }))
  }

  close(): void {
    closeSync(this.#file)
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
    this.#apply(line)
    if (++this.#lines < maxLines) return
    closeSync(this.#file)
    this.#file = this.#rewrite()
  }

  #apply(line: Line): void {
    if (line.type === 'entry') return this.#keep(line.room, { ...line.entry })
    const entry = this.#byId.get(line.id)
    if (!entry) return
    if (line.type === 'ended') entry.state = line.state
    else {
      entry.text += line.text
      entry.tokens++
    }
  }

  #keep(room: string, entry: Writable<Entry>): void {
    const entries = this.#rooms.get(room) ?? []
    entries.push(entry)
    this.#rooms.set(room, entries)
    this.#byId.set(entry.id, entry)
    const forgotten = entries.length > maxEntriesPerRoom ? entries.shift() : undefined
    if (forgotten) this.#byId.delete(forgotten.id)
  }

  /** Replaces the file in one step, so that a crash leaves the old one or the new one. Returns it, open for appending. */
  #rewrite(): number {
    const lines: string[] = []
    for (const [room, entries] of this.#rooms) {
      for (const entry of entries) lines.push(`${JSON.stringify({ type: 'entry', room, entry })}\n`)
    }
    const fresh = `${this.#path}.new`
    writeFileSync(fresh, lines.join(''))
    renameSync(fresh, this.#path)
    this.#lines = 0
    return openSync(this.#path, 'a')
  }
}

function readLines(path: string): Line[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as Line]
      } catch {
        // The last line, if the process was killed while writing it: nobody has seen what it says.
        return []
      }
    })
}

import type { Conclusion, StoredAsk } from '../../engines/ask-store.ts'
import type { Timed } from '../../core/time/timekeeper.ts'
import type { Subject } from '../../core/wire/frames.ts'
import type { AskParts } from '../hub-parts.ts'
import { scopedName } from './scoped-name.ts'

export type EndedAsk = StoredAsk & { readonly conclusion: Conclusion }

interface Entry {
  readonly ask: EndedAsk
  readonly length: number
  readonly until: number
}

/**
 * Asks that are over, for a time: whoever asks again with the key of one that was answered gets its answer, and devices
 * that come back learn how the others ended.
 */
export class EndedAsks implements Timed {
  readonly #parts: AskParts
  readonly #forget: (id: string) => void
  /** In the order in which they ended. Those that only devices want to know of are the first to go. */
  readonly #toTell = new Map<string, Entry>()
  readonly #answered = new Map<string, Entry>()
  /** The ids of the answered ones. */
  readonly #byKey = new Map<string, string>()
  #length = 0

  /** @param forget is told of each that is no longer kept */
  constructor(parts: AskParts, forget: (id: string) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  get size(): number {
    return this.#toTell.size + this.#answered.size
  }

  get(id: string): EndedAsk | undefined {
    return (this.#toTell.get(id) ?? this.#answered.get(id))?.ask
  }

  /** One that the user was asked. */
  ofUser(id: string, { tenant, user }: Subject): EndedAsk | undefined {
    const ended = this.get(id)
    return user !== null && ended?.tenant === tenant && ended.users.includes(user) ? ended : undefined
  }

  /** One that was answered; the others have lost their key [R68]. */
  withKey(tenant: string | null, key: string): EndedAsk | undefined {
    return this.get(this.#byKey.get(scopedName(tenant, key)) ?? '')
  }

  /** @param forMs how long */
  add(ask: EndedAsk, forMs: number): void {
    const { id, tenant, key, data, conclusion } = ask
    const answered = conclusion.status === 'answered'
    const length = data.length + (answered ? conclusion.value.length : 0)
    const entry = { ask, length, until: this.#parts.env.now() + forMs }
    this.#length += length
    if (answered && key !== null) {
      this.#answered.set(id, entry)
      this.#byKey.set(scopedName(tenant, key), id)
    } else {
      this.#toTell.set(id, entry)
    }
    this.#keepWithinBounds()
    this.#arm()
  }

  /** It is asked again. */
  remove(id: string): void {
    const entry = this.#toTell.get(id) ?? this.#answered.get(id)
    if (!entry) return
    const { tenant, key } = entry.ask
    this.#toTell.delete(id)
    if (this.#answered.delete(id) && key !== null) this.#byKey.delete(scopedName(tenant, key))
    this.#length -= entry.length
    this.#arm()
  }

  tick(): void {
    const now = this.#parts.env.now()
    for (const entries of [this.#toTell, this.#answered]) {
      for (const [id, { until }] of entries) {
        if (until > now) break
        this.#drop(id)
      }
    }
  }

  close(): void {
    this.#parts.timekeeper.set(this, null)
    this.#toTell.clear()
    this.#answered.clear()
  }

  #keepWithinBounds(): void {
    const { maxEndedAsks, maxEndedAskLength } = this.#parts.settings.limits
    for (const entries of [this.#toTell, this.#answered]) {
      for (const id of entries.keys()) {
        if (this.size <= maxEndedAsks && this.#length <= maxEndedAskLength) return
        this.#drop(id)
      }
    }
  }

  #drop(id: string): void {
    this.remove(id)
    this.#forget(id)
  }

  #arm(): void {
    const [told] = this.#toTell.values()
    const [answered] = this.#answered.values()
    const next = Math.min(told?.until ?? Infinity, answered?.until ?? Infinity)
    this.#parts.timekeeper.set(this, next < Infinity ? next : null)
  }
}

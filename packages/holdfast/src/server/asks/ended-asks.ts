import type { Timed } from '../../core/time/timekeeper.ts'
import type { AskParts } from '../hub-parts.ts'
import { tenantName } from './ask-audience.ts'
import type { BoardAsk } from './board-ask.ts'

/**
 * Asks that are over, for a time: devices that come back learn how they ended, and whoever asks again with the key of one that was
 * answered gets its answer.
 */
export class EndedAsks implements Timed {
  readonly #parts: AskParts
  readonly #forget: (id: string) => void
  /** In the order in which they ended, with the time when they are forgotten. */
  readonly #byId = new Map<string, { readonly ask: BoardAsk; readonly until: number }>()
  readonly #byKey = new Map<string, BoardAsk>()
  #length = 0

  constructor(parts: AskParts, forget: (id: string) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): BoardAsk | undefined {
    return this.#byId.get(id)?.ask
  }

  /** Only those that were answered keep their key. */
  withKey(tenant: string | null, key: string): BoardAsk | undefined {
    return this.#byKey.get(tenantName(tenant, key))
  }

  /** @param forMs how long */
  add(ask: BoardAsk, forMs: number): void {
    const { id, tenant, key } = ask.stored
    const { env, settings } = this.#parts
    this.#byId.set(id, { ask, until: env.now() + forMs })
    this.#length += ask.length
    if (key !== null && ask.conclusion?.status === 'answered') this.#byKey.set(tenantName(tenant, key), ask)
    const { maxEndedAsks, maxEndedAskLength } = settings.limits
    for (const [oldest] of this.#byId) {
      if (this.#byId.size <= maxEndedAsks && this.#length <= maxEndedAskLength) break
      this.remove(oldest)
      this.#forget(oldest)
    }
    this.#arm()
  }

  /** It is asked again, or forgotten. */
  remove(id: string): void {
    const entry = this.#byId.get(id)
    if (!entry) return
    const { tenant, key } = entry.ask.stored
    this.#byId.delete(id)
    this.#length -= entry.ask.length
    if (key !== null && this.withKey(tenant, key) === entry.ask) this.#byKey.delete(tenantName(tenant, key))
    this.#arm()
  }

  tick(): void {
    const now = this.#parts.env.now()
    for (const [id, { until }] of this.#byId) {
      if (until > now) break
      this.remove(id)
      this.#forget(id)
    }
    this.#arm()
  }

  close(): void {
    this.#byId.clear()
    this.#byKey.clear()
    this.#length = 0
    this.#arm()
  }

  #arm(): void {
    const [oldest] = this.#byId.values()
    this.#parts.timekeeper.set(this, oldest?.until ?? null)
  }
}

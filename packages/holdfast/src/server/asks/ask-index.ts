import type { HoldfastError } from '../../core/wire/errors.ts'
import { notSent } from '../../core/wire/refusals.ts'
import { maxBurstLength, type HubLimits } from '../limits.ts'
import type { BoardAsk } from './board-ask.ts'
import { scopedName } from './scoped-name.ts'

/** What counts against the bounds of one user. */
interface Share {
  readonly asks: Set<BoardAsk>
  length: number
}

/** The pending asks, by id, by key and by user, within their bounds. */
export class AskIndex {
  readonly #limits: HubLimits
  readonly #byId = new Map<string, BoardAsk>()
  readonly #byKey = new Map<string, BoardAsk>()
  readonly #shares = new Map<string, Share>()
  #length = 0

  constructor(limits: HubLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byId.size
  }

  [Symbol.iterator](): IterableIterator<BoardAsk> {
    return this.#byId.values()
  }

  get(id: string): BoardAsk | undefined {
    return this.#byId.get(id)
  }

  withKey(tenant: string | null, key: string): BoardAsk | undefined {
    return this.#byKey.get(scopedName(tenant, key))
  }

  /** The asks to a user, those too that the engine does not keep yet as such. */
  of(tenant: string | null, user: string): Iterable<BoardAsk> {
    return this.#shares.get(scopedName(tenant, user))?.asks ?? []
  }

  /** Why there is no room for a new ask, or null. */
  refusal(tenant: string | null, users: Iterable<string>, length: number): HoldfastError | null {
    const { maxAsks, maxAskLength } = this.#limits
    if (length > maxBurstLength(this.#limits)) return notSent('message_too_large')
    if (this.#byId.size >= maxAsks || this.#length + length > maxAskLength) {
      return notSent('ask_limit', 'Too many asks are pending.')
    }
    return this.#userRefusal(tenant, users, length, null)
  }

  /** Why there is no room for the ask with one of the users, or null. */
  userRefusal(ask: BoardAsk, users: Iterable<string>): HoldfastError | null {
    const { tenant, data } = ask.stored
    return this.#userRefusal(tenant, users, data.length, ask)
  }

  #userRefusal(
    tenant: string | null,
    users: Iterable<string>,
    length: number,
    ask: BoardAsk | null,
  ): HoldfastError | null {
    for (const user of users) {
      const share = this.#shares.get(scopedName(tenant, user))
      if (!share || (ask && share.asks.has(ask))) continue
      const full = share.asks.size >= this.#limits.maxAsksOfUser
      if (full || share.length + length > maxBurstLength(this.#limits)) {
        return notSent('ask_limit', `Too many asks are pending for ${JSON.stringify(user)}.`)
      }
    }
    return null
  }

  add(ask: BoardAsk): void {
    const { id, tenant, key, data } = ask.stored
    this.#byId.set(id, ask)
    this.#length += data.length
    if (key !== null) this.#byKey.set(scopedName(tenant, key), ask)
    this.share(ask, ask.users)
  }

  remove(ask: BoardAsk): void {
    const { id, tenant, key, data } = ask.stored
    if (this.#byId.get(id) !== ask) return
    this.#byId.delete(id)
    this.#length -= data.length
    if (key !== null && this.withKey(tenant, key) === ask) this.#byKey.delete(scopedName(tenant, key))
    this.unshare(ask, ask.users)
  }

  /** Counts an ask against the bounds of users. */
  share(ask: BoardAsk, users: Iterable<string>): void {
    for (const user of users) {
      const name = scopedName(ask.stored.tenant, user)
      const share = this.#shares.get(name) ?? { asks: new Set(), length: 0 }
      this.#shares.set(name, share)
      if (share.asks.has(ask)) continue
      share.asks.add(ask)
      share.length += ask.stored.data.length
    }
  }

  unshare(ask: BoardAsk, users: Iterable<string>): void {
    for (const user of users) {
      const name = scopedName(ask.stored.tenant, user)
      const share = this.#shares.get(name)
      if (!share?.asks.delete(ask)) continue
      share.length -= ask.stored.data.length
      if (share.asks.size === 0) this.#shares.delete(name)
    }
  }
}

import type { HoldfastError } from '../../core/wire/errors.ts'
import { notSent } from '../../core/wire/refusals.ts'
import { maxBurstLength, type HubLimits } from '../limits.ts'
import { tenantName } from './ask-audience.ts'
import type { BoardAsk } from './board-ask.ts'

/** What the pending asks of one user come to. */
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
    return this.#byKey.get(tenantName(tenant, key))
  }

  of(tenant: string | null, user: string): Iterable<BoardAsk> {
    return this.#shares.get(tenantName(tenant, user))?.asks ?? []
  }

  /** Why there is no room for a new ask, or null. */
  refusal(tenant: string | null, users: Iterable<string>, length: number): HoldfastError | null {
    const { maxAsks, maxAskLength } = this.#limits
    if (length > maxBurstLength(this.#limits)) return notSent('message_too_large')
    if (this.#byId.size >= maxAsks || this.#length + length > maxAskLength) {
      return notSent('ask_limit', 'Too many asks are pending.')
    }
    return this.userRefusal(tenant, users, length)
  }

  /** Why there is no room for an ask with one of the users, or null. */
  userRefusal(tenant: string | null, users: Iterable<string>, length: number): HoldfastError | null {
    for (const user of users) {
      const share = this.#shares.get(tenantName(tenant, user))
      if (!share) continue
      const full = share.asks.size >= this.#limits.maxAsksOfUser
      if (full || share.length + length > maxBurstLength(this.#limits)) {
        return notSent('ask_limit', `Too many asks are pending for ${JSON.stringify(user)}.`)
      }
    }
    return null
  }

  add(ask: BoardAsk): void {
    const { id, tenant, key } = ask.stored
    this.#byId.set(id, ask)
    this.#length += ask.length
    if (key !== null) this.#byKey.set(tenantName(tenant, key), ask)
    for (const user of ask.users) this.#share(ask, user)
  }

  /** Adds a user to an ask that is in the index; false if the ask had it already. */
  addUser(ask: BoardAsk, user: string): boolean {
    if (ask.users.has(user)) return false
    ask.users.add(user)
    this.#share(ask, user)
    return true
  }

  remove(ask: BoardAsk): void {
    const { id, tenant, key, data } = ask.stored
    if (this.#byId.get(id) !== ask) return
    this.#byId.delete(id)
    this.#length -= data.length
    if (key !== null) this.#byKey.delete(tenantName(tenant, key))
    for (const user of ask.users) {
      const name = tenantName(tenant, user)
      const share = this.#shares.get(name)
      if (!share?.asks.delete(ask)) continue
      share.length -= data.length
      if (share.asks.size === 0) this.#shares.delete(name)
    }
  }

  #share(ask: BoardAsk, user: string): void {
    const name = tenantName(ask.stored.tenant, user)
    const share = this.#shares.get(name) ?? { asks: new Set(), length: 0 }
    this.#shares.set(name, share)
    share.asks.add(ask)
    share.length += ask.stored.data.length
  }
}

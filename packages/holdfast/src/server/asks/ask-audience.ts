import type { Link } from '../links/link.ts'
import { scopedName } from './scoped-name.ts'

/** The links that take part in asks, by whose they are [R62]. */
export class AskAudience {
  readonly #byUser = new Map<string, Set<Link>>()

  get links(): Iterable<Link> {
    return [...this.#byUser.values()].flatMap((links) => [...links])
  }

  /** A link without a user has no part in asks. */
  add(link: Link): void {
    const name = nameOf(link)
    if (name === null) return
    const links = this.#byUser.get(name) ?? new Set()
    this.#byUser.set(name, links.add(link))
  }

  delete(link: Link): void {
    const name = nameOf(link)
    if (name === null) return
    const links = this.#byUser.get(name)
    links?.delete(link)
    if (links?.size === 0) this.#byUser.delete(name)
  }

  /** Sends a frame to all links of users. */
  tell(tenant: string | null, users: Iterable<string>, text: string): void {
    for (const user of users) {
      for (const link of this.#byUser.get(scopedName(tenant, user)) ?? []) link.writer.sendText(text)
    }
  }
}

function nameOf({ session }: Link): string | null {
  return session && session.subject.user !== null
    ? scopedName(session.subject.tenant, session.subject.user)
    : null
}

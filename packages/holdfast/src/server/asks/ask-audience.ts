import type { Subject } from '../../core/wire/frames.ts'
import type { Link } from '../links/link.ts'
import type { BoardAsk } from './board-ask.ts'

/** The links that take part in asks, by whose they are [R62]. */
export class AskAudience {
  readonly #byUser = new Map<string, Set<Link>>()

  get links(): Iterable<Link> {
    return [...this.#byUser.values()].flatMap((links) => [...links])
  }

  add(link: Link): void {
    const name = linkName(link)
    const links = this.#byUser.get(name) ?? new Set()
    this.#byUser.set(name, links.add(link))
  }

  delete(link: Link): void {
    const name = linkName(link)
    const links = this.#byUser.get(name)
    links?.delete(link)
    if (links?.size === 0) this.#byUser.delete(name)
  }

  /** @param users of those who are asked; by default all */
  tell({ stored, users: asked }: BoardAsk, text: string, users: Iterable<string> = asked): void {
    for (const user of users) {
      for (const link of this.#byUser.get(tenantName(stored.tenant, user)) ?? []) link.writer.sendText(text)
    }
  }
}

function linkName({ session }: Link): string {
  const { tenant, user }: Subject = session?.subject ?? { tenant: null, user: null }
  return tenantName(tenant, user)
}

/** What a tenant calls somebody or something, as one text. */
export const tenantName = (tenant: string | null, user: string | null): string =>
  JSON.stringify([tenant, user])

import type { AuthorizeRequest, SessionInfo } from '../../server/options.ts'

/** What a user may do with a topic. */
export type Right = 'everything' | 'publish' | 'subscribe' | 'nothing'

/**
 * The rights of a user, as `authenticate` gives them to the hub: `session.context`. Where they change there is another role, which a
 * hub learns of when it looks at a token again. A topic that is missing: everything.
 */
export type Role = Readonly<Record<string, Right>>

/** When a right was withdrawn. */
export interface Denial {
  /** Messages that were accepted before, of all topics. */
  readonly acceptedBefore: number
  /** The hub was told, or will ask before anything is delivered. */
  readonly known: boolean
}

/** What a session does, or tries to. */
export type Deed = Pick<AuthorizeRequest, 'action' | 'topic'>

/** Whose rights a client has: those of its user, and of the session that it is in. */
export interface Reader {
  readonly user: string
  /** It was another user's at least once. */
  readonly userChanged: boolean
  readonly client: { readonly session: string | null }
}

/** A role that a hub goes by. */
interface HeldRole {
  readonly role: Role
  /** Messages that were accepted before, of all topics. */
  readonly acceptedBefore: number
}

interface Refusal extends Deed {
  readonly session: string
  readonly at: number
}

/** Who may do what. A right goes with a role when a hub learns of that, or at once where it is denied and the hub told. */
export class Rights {
  readonly #roles = new Map<string, Role>()
  /** Who may not do anything with a topic, as `user topic`, and since when. */
  readonly #denied = new Map<string, Denial>()
  /** The role that each session has at its hub. */
  readonly #held = new Map<string, HeldRole>()
  readonly #refusals: Refusal[] = []

  /** Rights were ever limited. */
  get limited(): boolean {
    return this.#roles.size > 0 || this.#denied.size > 0
  }

  /** Another object each time, as who looks into a database at each token has it. */
  roleOf(user: string): Role {
    return { ...this.#roles.get(user) }
  }

  /** From the next look at a token of the user on. */
  change(user: string, topic: string, may: Right): void {
    this.#roles.set(user, { ...this.roleOf(user), [topic]: may })
  }

  /** At once: the hub has to be told. */
  deny(user: string, topic: string, denial: Denial): void {
    this.#denied.set(`${user} ${topic}`, denial)
  }

  /** What was denied is allowed again, as far as the role goes. */
  grant(user: string, topic: string): void {
    this.#denied.delete(`${user} ${topic}`)
  }

  /** What the application says when it is asked. */
  allows({ action, topic, session: { user, context } }: AuthorizeRequest): boolean {
    return !this.#denied.has(`${user ?? ''} ${topic}`) && permits(context as Role, action, topic)
  }

  /** The hub may go by it: nothing says otherwise that it knows of. */
  holds({ action, topic }: Deed, user: string | null, role: Role): boolean {
    return this.#denied.get(`${user ?? ''} ${topic}`)?.known !== true && permits(role, action, topic)
  }

  /** The application refused something, by the role that the session still has. */
  refused({ action, topic, session }: AuthorizeRequest, at: number): void {
    this.#refusals.push({ action, topic, session: session.id, at })
  }

  /** @param session null: whichever it was */
  wasRefused({ action, topic }: Deed, session: string | null, since: number): boolean {
    return this.#refusals.some(
      (each) =>
        each.at >= since &&
        each.action === action &&
        each.topic === topic &&
        (session === null || each.session === session),
    )
  }

  /** This is what the session has at its hub now. */
  took({ id, context }: SessionInfo, acceptedBefore: number): void {
    const role = context as Role
    const held = this.#held.get(id)
    if (!held || !isSameRole(held.role, role)) this.#held.set(id, { role, acceptedBefore })
  }

  /** The role that the session had when it was looked at last; null: it is new. */
  heldBy(session: string): Role | null {
    return this.#held.get(session)?.role ?? null
  }

  /** How many messages were accepted before a client might not read the topic any more; null: it may, or the hub does not know. */
  unreadableSince({ user, userChanged, client }: Reader, topic: string): number | null {
    const denial = userChanged ? undefined : this.#denied.get(`${user} ${topic}`)
    if (denial?.known) return denial.acceptedBefore
    const held = this.#held.get(client.session ?? '')
    return held && !permits(held.role, 'subscribe', topic) ? held.acceptedBefore : null
  }
}

/** Whether they give the same rights. */
export const isSameRole = (one: Role, other: Role): boolean =>
  Object.keys({ ...one, ...other }).every((topic) => rightOf(one, topic) === rightOf(other, topic))

function permits(role: Role, action: Deed['action'], topic: string): boolean {
  const right = rightOf(role, topic)
  return right === 'everything' || right === action
}

const rightOf = (role: Role, topic: string): Right => role[topic] ?? 'everything'

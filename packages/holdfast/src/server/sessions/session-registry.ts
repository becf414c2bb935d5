import { createHash, timingSafeEqual } from 'node:crypto'
import type { HelloFrame, Subject } from '../../core/wire/frames.ts'
import type { HubEnv } from '../env.ts'
import { sameSubject } from '../../core/wire/subject.ts'
import type { HubLimits } from '../limits.ts'
import type { Session } from './session.ts'

/** All sessions of the hub: those with a link, and those at rest, counted apart. */
export class SessionRegistry {
  readonly #env: HubEnv
  /** What the ids of sessions and links begin with. */
  readonly hubName: string
  readonly #limits: HubLimits
  readonly #sessions = new Map<string, Session>()
  readonly #byProducer = new Map<string, Session>()
  /** With the JSON characters of the results they keep, in the order in which they came to rest. */
  readonly #resting = new Map<Session, number>()
  /** JSON characters of results that resting sessions keep. */
  #restingLength = 0

  constructor(env: HubEnv, limits: HubLimits) {
    this.#env = env
    this.hubName = env.randomName().slice(0, 6)
    this.#limits = limits
  }

  get liveCount(): number {
    return this.#sessions.size - this.#resting.size
  }

  get restingCount(): number {
    return this.#resting.size
  }

  /** Entries of the index by producer; never more than there are sessions. */
  get producerCount(): number {
    return this.#byProducer.size
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values()
  }

  /** A session id names its hub and has 128 random bits. */
  nameSession(): string {
    return `${this.hubName}.${this.#env.randomName()}`
  }

  /** The session that a hello resumes, or null; all of [R12] has to hold. */
  find({ session: claim, producer, instance }: HelloFrame, subject: Subject): Session | null {
    const session = claim ? this.#sessions.get(claim.id) : this.#byProducer.get(producer.id)
    if (!session) return null
    const matches =
      (!claim || sameSecret(claim.key, session.key)) &&
      sameSecret(producer.id, session.producerId) &&
      session.instance === instance &&
      sameSubject(session.subject, subject)
    return matches ? session : null
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session)
    this.#byProducer.set(session.producerId, session)
  }

  rested(session: Session): void {
    this.#resting.set(session, 0)
    this.weigh(session)
  }

  /** The results that a resting session keeps have changed. */
  weigh(session: Session): void {
    const before = this.#resting.get(session)
    if (before === undefined) return
    const { resultLength } = session.operations
    this.#resting.set(session, resultLength)
    this.#restingLength += resultLength - before
    const { maxRestingSessions, maxRestingResultLength } = this.#limits
    for (const [longest] of this.#resting) {
      if (this.#resting.size <= maxRestingSessions && this.#restingLength <= maxRestingResultLength) return
      longest.end({ code: 'disconnected', message: 'Too much rests.', retry: true })
    }
  }

  woke(session: Session): void {
    this.#restingLength -= this.#resting.get(session) ?? 0
    this.#resting.delete(session)
  }

  forget(session: Session): void {
    this.#sessions.delete(session.id)
    this.woke(session)
    if (this.#byProducer.get(session.producerId) === session) this.#byProducer.delete(session.producerId)
  }
}

function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

import type { Credentials, Identity } from '../../server/options.ts'
import type { Engine } from '../../engines/engine.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import type { StepOf } from './schedule.ts'

/** When a right was withdrawn. */
export interface Denial {
  /** Messages that were accepted before, of all topics. */
  readonly acceptedBefore: number
  /** The hub was told, or will ask before anything is delivered. */
  readonly known: boolean
}

type ServiceName = StepOf<'service'>['which']
type Trouble = Pick<StepOf<'service'>, 'count' | 'takesMs' | 'fails'>

/** A hub's default. */
const validateMs = 10_000

/** The application's own services: who is who, and who may do what. They can be slow, and away. */
export class Services {
  /** Whether one was ever slow or away. */
  readonly troubled: Set<ServiceName> = new Set()
  /** Whether one ever failed, or took at least as long as a hub waits for answers to asks. */
  readonly hopeless: Set<ServiceName> = new Set()
  readonly #troubles = new Map<
    ServiceName,
    { left: number; readonly takesMs: number; readonly fails: boolean }
  >()
  /** Who may not do anything with a topic, as `user topic`, and since when. */
  readonly #denied = new Map<string, Denial>()
  readonly #everDenied = new Set<string>()

  trouble(which: ServiceName, { count, takesMs, fails }: Trouble): void {
    this.troubled.add(which)
    if (fails || takesMs >= validateMs) this.hopeless.add(which)
    this.#troubles.set(which, { left: count, takesMs, fails })
  }

  /** All work again. */
  recover(): void {
    this.#troubles.clear()
  }

  deny(user: string, topic: string, denial: Denial): void {
    this.#denied.set(`${user} ${topic}`, denial)
    this.#everDenied.add(`${user} ${topic}`)
  }

  grant(user: string, topic: string): void {
    this.#denied.delete(`${user} ${topic}`)
  }

  mayUse(user: string, topic: string): boolean {
    return !this.#denied.has(`${user} ${topic}`)
  }

  /** Since when the user may not use the topic; null: it may. */
  denialOf(user: string, topic: string): Denial | null {
    return this.#denied.get(`${user} ${topic}`) ?? null
  }

  wasEverDenied(user: string, topic: string): boolean {
    return this.#everDenied.has(`${user} ${topic}`)
  }

  /** An engine that takes its time to load and conclude asks, and is as slow and as often away as this service. */
  concluding(
    engine: Engine,
    loop: () => VirtualLoop,
    pause: () => Promise<void>,
    hubRuns: () => boolean,
  ): Engine {
    const { asks } = engine
    return {
      ...engine,
      asks: {
        ...asks,
        load: async () => {
          // The hub is being made, and may be gone by then.
          await Promise.resolve()
          if (!hubRuns()) await new Promise(() => {})
          await this.call('asks', loop(), () => null)
          return asks.load()
        },
        conclude: async (id, conclusion) => {
          await pause()
          await this.call('asks', loop(), () => null)
          const kept = await asks.conclude(id, conclusion)
          // The store knows it before the hub does.
          await pause()
          return kept
        },
      },
    }
  }

  /** What a call of a service comes to: at once if there is no trouble, so that nothing waits without need. */
  call<Value>(which: ServiceName, loop: VirtualLoop, value: () => Value): Value | Promise<Value> {
    const trouble = this.#troubles.get(which)
    if (!trouble || trouble.left <= 0) return value()
    trouble.left--
    const { takesMs, fails } = trouble
    return new Promise((resolve, reject) => {
      const { clock } = loop
      const answer = (): void => (fails ? reject(new Error(`${which} is away`)) : resolve(value()))
      clock.schedule(clock.now + takesMs, 'timer', loop, answer)
    })
  }
}

/** A token names its user and when it was issued. */
export const tokenOf = (user: string, issuedAt: number): string => `${user}@${issuedAt}`

/** @param lifeMs how long a token is good for; null: for ever */
export function identityOf(
  { token }: Credentials,
  lifeMs: number | null,
  { now, wallNow }: { readonly now: number; readonly wallNow: number },
): Identity | null {
  const [user = '', issuedAt = '0'] = (token ?? '').split('@')
  const named = { user: user === '' ? null : user }
  if (lifeMs === null) return named
  const leftMs = Number(issuedAt) + lifeMs - now
  return leftMs <= 0 ? null : { ...named, expiresAt: wallNow + leftMs }
}

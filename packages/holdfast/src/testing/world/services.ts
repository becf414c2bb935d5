import { defaultTimeouts, type Credentials, type Identity } from '../../server/options.ts'
import type { Engine } from '../../engines/engine.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import type { HubState } from './oracle/witnesses.ts'
import { Rights } from './rights.ts'
import type { StepOf } from './schedule.ts'

export type ServiceName = StepOf<'service'>['which']
type Trouble = Pick<StepOf<'service'>, 'count' | 'takesMs' | 'fails'>

const { authenticateMs, authorizeMs, validateMs } = defaultTimeouts

/** How long a hub waits for a service, or lets wait whoever needs it; clients wait for their tokens. */
const patienceMs: Readonly<Record<ServiceName, number>> = {
  authenticate: authenticateMs,
  authorize: authorizeMs,
  asks: validateMs,
  engine: Infinity,
  token: Infinity,
}

/**
 * What hubs and clients depend on: who is who, and who may do what, as the application says, and what the engine does for topics
 * and for asks. All of it can be slow, and away.
 */
export class Services {
  readonly rights: Rights = new Rights()
  /** Which ones were ever slow or away. */
  readonly troubled: Set<ServiceName> = new Set()
  /** Which ones ever failed, or took at least as long as a hub waits for it. */
  readonly everFailedOrTimedOut: Set<ServiceName> = new Set()
  readonly #troubles = new Map<
    ServiceName,
    { left: number; readonly takesMs: number; readonly fails: boolean }
  >()

  trouble(which: ServiceName, { count, takesMs, fails }: Trouble): void {
    this.troubled.add(which)
    if (fails || takesMs >= patienceMs[which]) this.everFailedOrTimedOut.add(which)
    this.#troubles.set(which, { left: count, takesMs, fails })
  }

  /** All work again. */
  recover(): void {
    this.#troubles.clear()
  }

  /** An engine that takes its time to load and conclude asks, and is as slow and as often away as this service. */
  concluding(
    engine: Engine,
    loop: () => VirtualLoop,
    pause: () => Promise<void>,
    hubState: () => HubState,
  ): Engine {
    const { asks } = engine
    return {
      ...engine,
      asks: {
        ...asks,
        load: async () => {
          // The hub is being made, and may be gone by then.
          await Promise.resolve()
          if (hubState() === 'down') await new Promise(() => {})
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

  /** @param lifeMs how long a token is good for; null: for ever */
  identityOf(
    { token }: Credentials,
    lifeMs: number | null,
    { now, wallNow }: { readonly now: number; readonly wallNow: number },
  ): Identity | null {
    const [user = '', issuedAt = '0'] = (token ?? '').split('@')
    const named = { user: user === '' ? null : user, context: this.rights.roleOf(user) }
    if (lifeMs === null) return named
    const leftMs = Number(issuedAt) + lifeMs - now
    return leftMs <= 0 ? null : { ...named, expiresAt: wallNow + leftMs }
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

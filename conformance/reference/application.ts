import {
  HoldfastError,
  rejection,
  type AskOptions,
  type AuthorizeRequest,
  type Credentials,
  type Hub,
  type Identity,
  type PendingAsk,
  type RequestContext,
} from 'holdfast/server'
import { Gates } from './gates.ts'

type Verdict = 'allow' | 'deny' | 'fail' | 'hang'

interface Token {
  readonly verdict?: Verdict
  readonly user?: string
  readonly tenant?: string
  readonly expiresInMs?: number
  readonly gate?: string
}

interface AskPayload extends Pick<AskOptions, 'key' | 'deadlineMs'> {
  readonly users: readonly string[]
  readonly tenant?: string | null
  readonly method: string
  readonly data: unknown
}

interface BackPayload {
  readonly session: string
  readonly method: string
  readonly data: unknown
  readonly timeoutMs?: number
}

/** The application of README.md: what it allows, and the methods it serves. */
export class Application {
  readonly #gates = new Gates()
  readonly #rights = new Map<string, Verdict>()
  readonly #counts = new Map<string, number>()
  readonly #asks = new Map<string, PendingAsk>()

  readonly authenticate = async ({ token }: Credentials): Promise<Identity | null> => {
    if (token === null) return { user: null }
    const { verdict = 'allow', gate, user, tenant = null, expiresInMs } = parsed(token)
    if (gate !== undefined) await this.#gates.opened(gate)
    if (verdict === 'hang') return new Promise<never>(() => {})
    if (verdict === 'fail') throw new Error('the token says so')
    if (verdict === 'deny' || user === undefined) return null
    return { user, tenant, ...(expiresInMs === undefined ? {} : { expiresAt: Date.now() + expiresInMs }) }
  }

  readonly authorize = async ({ topic }: AuthorizeRequest): Promise<boolean> => {
    const verdict = this.#rights.get(topic) ?? 'allow'
    if (verdict === 'fail') throw new Error('the rights say so')
    if (verdict !== 'hang') return verdict === 'allow'
    await this.#gates.opened(`rights ${topic}`)
    return true
  }

  serve(hub: Hub): void {
    this.#serveRequests(hub)
    this.#serveTopics(hub)
    this.#serveSessions(hub)
    this.#serveAsks(hub)
  }

  #serveRequests(hub: Hub): void {
    hub.onRequest('echo', (payload) => payload)
    hub.onRequest('fail', () => {
      throw new Error('the method says so')
    })
    hub.onRequest(
      'reject',
      ({ reason, message, data }: Record<'reason' | 'message', string> & { data: unknown }) => {
        throw rejection(reason, message, data)
      },
    )
    hub.onRequest('count', ({ name }: { name: string }) => {
      this.#counts.set(name, this.#counted(name) + 1)
      return this.#counted(name)
    })
    hub.onRequest('counted', ({ name }: { name: string }) => this.#counted(name))
    hub.onRequest('open', ({ gate }: { gate: string }) => this.#gates.open(gate))
    hub.onRequest('wait', ({ gate }: { gate: string }, { signal }: Pick<RequestContext, 'signal'>) =>
      Promise.race([this.#gates.opened(gate).then(() => 'opened'), this.#aborted(signal, `wait ${gate}`)]),
    )
  }

  #serveTopics(hub: Hub): void {
    hub.onRequest(
      'publish',
      async ({ topic, data, times = 1 }: { topic: string; data: unknown; times?: number }) => {
        const published = await Promise.all(Array.from({ length: times }, () => hub.publish(topic, data)))
        return published.at(-1)
      },
    )
    hub.onRequest(
      'rights',
      ({ topic, verdict }: { topic: string; verdict: Verdict }) => void this.#rights.set(topic, verdict),
    )
    hub.onRequest('revoke', ({ topic }: { topic: string }) => void hub.revoke({ topic }))
  }

  #serveSessions(hub: Hub): void {
    hub.onRequest('sessions', () => hub.sessions().map(({ id, user, live }) => ({ id, user, live })))
    hub.onRequest('disconnect', ({ session, retry }: { session: string; retry: boolean }) =>
      hub.disconnect(session, { retry }),
    )
    hub.onRequest('request-back', ({ session, method, data, timeoutMs }: BackPayload) =>
      settled(hub.request({ session }, method, data, timeoutMs === undefined ? {} : { timeoutMs })),
    )
  }

  #serveAsks(hub: Hub): void {
    hub.onRequest('ask', ({ users, tenant = null, method, data, ...options }: AskPayload) => {
      const pending = hub.ask({ users, tenant }, method, data, { ...options, validate: judge })
      this.#asks.set(pending.id, pending)
      // Whoever calls `concluded` hears of it.
      pending.catch(() => {})
      return pending.id
    })
    hub.onRequest('concluded', ({ id }: { id: string }) => settled(this.#asks.get(id)))
    hub.onRequest('withdraw', ({ id }: { id: string }) => hub.withdraw(id))
  }

  #counted(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Counts that it was aborted, so that others can ask. */
  #aborted(signal: AbortSignal, name: string): Promise<string> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.#counts.set(name, this.#counted(name) + 1)
        resolve('aborted')
      })
    })
  }
}

function parsed(token: string): Token {
  try {
    return JSON.parse(token) as Token
  } catch {
    return { verdict: 'deny' }
  }
}

/** An answer says itself what becomes of it. */
function judge(answer: unknown): boolean | Promise<boolean> {
  const verdict = (answer as { verdict?: Verdict } | null)?.verdict
  if (verdict === 'fail') throw new Error('the answer says so')
  if (verdict === 'hang') return new Promise(() => {})
  return verdict !== 'deny'
}

/** What became of it, as a value. */
async function settled(operation: Promise<unknown> | undefined): Promise<unknown> {
  try {
    return { value: (await operation) ?? null }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { error: { code: error.code, outcome: error.outcome ?? null } }
  }
}

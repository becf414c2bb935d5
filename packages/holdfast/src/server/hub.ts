import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { HoldfastError } from '../core/wire/errors.ts'
import type { PublishResult } from '../core/wire/frames.ts'
import { isName } from '../core/wire/names.ts'
import type { AskedUsers, AskOptions, AskSummary, AskTarget, PendingAsk } from './asks/ask.ts'
import { attachTo } from './http/attach.ts'
import { nodeEnv, type HubEnv } from './env.ts'
import type { SessionListener } from './events.ts'
import { concerns, type RevokeFilter } from './topics/grants.ts'
import { requestListener } from './http/http.ts'
import { HubCore } from './hub-core.ts'
import type { HubParts, RequestContext, RequestHandler } from './hub-parts.ts'
import { hubStats, type HubStats } from './hub-stats.ts'
import { settingsOf, type HubOptions, type SessionInfo } from './options.ts'
import { refuseUpgrade } from './http/refuse-upgrade.ts'
import { publish, type PublishOptions } from './topics/publish.ts'
import type { RequestOptions } from './sessions/session-requests.ts'
import { WebSocketTransport } from './transports/websocket.ts'

export interface SessionSummary<Context = unknown> extends SessionInfo<Context> {
  /** Whether it has a link now. */
  readonly live: boolean
}

/** The server: sessions, topics and request handlers. Make one with `createHub`. */
export interface Hub<Context = unknown> extends AsyncDisposable {
  /**
   * Serves the hub on a server under a path (default `/holdfast`): links over WebSocket and over HTTP. Requests under that
   * path are the hub's alone, all others never reach it. Returns a function that undoes it; links that are open stay.
   */
  attach(server: Server, options?: { readonly path?: string }): () => void
  /**
   * A request listener for frameworks: `app.use('/holdfast', hub.handle)`. Serves the links over HTTP; upgrades come through
   * `handleUpgrade`. Nothing before it may read the requests' bodies.
   */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** An upgrade listener for servers that route upgrades themselves. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Appends a message to a topic. Resolves once the engine has accepted it.
   * @throws HoldfastError `topic_invalid`, `data_invalid`, `message_too_large`, `topic_limit`, `engine_failed`, `closed`
   */
  publish(topic: string, data: unknown, options?: PublishOptions): Promise<PublishResult>
  /**
   * Handles the clients' requests for a method; the reply is what the handler returns (nothing: null). Throw a
   * `rejection` to refuse. Returns a function that removes the handler.
   * @throws TypeError if the method has a handler already
   */
  onRequest<Payload = unknown>(
    method: string,
    handler: (
      payload: Payload,
      context: Omit<RequestContext, 'session'> & { readonly session: SessionInfo<Context> },
    ) => unknown,
  ): () => void
  /**
   * Asks one session's client. The request survives reconnects until its deadline.
   * @throws HoldfastError `session_unknown`, `session_ended`, `timeout`, `aborted`, `outbox_full`, `method_unknown`,
   * `handler_failed`, `rejected`, …; `outcome` says whether it may have been executed
   */
  request<Reply = unknown>(
    to: { readonly session: string },
    method: string,
    payload: unknown,
    options?: RequestOptions,
  ): Promise<Reply>
  /**
   * Asks users a question, on all their devices, those that connect later too, until somebody has answered. The promise's `id` names
   * it. Without a key it ends with this process; with the engine `memory()` every ask does, and asking again with the same
   * key is harmless.
   * @throws TypeError for a target or an option that is none; the promise rejects with a HoldfastError: `ask_expired`, `aborted`, `ask_cancelled` after `withdraw`, `ask_limit`,
   * `message_too_large`, `key_reused`, `method_invalid`, `data_invalid`, `engine_failed`, `closed`
   */
  ask<Value = unknown>(
    to: AskTarget,
    method: string,
    payload: unknown,
    options?: AskOptions,
  ): PendingAsk<Value>
  /**
   * Asks further users too, until the ask is over.
   * @throws TypeError, HoldfastError `ask_unknown` if it is not pending, `ask_limit`, `engine_failed`
   */
  escalate(ask: string, to: AskedUsers): Promise<void>
  /** Cancels a pending ask, whoever waits for it: they get `ask_cancelled`. False if there is no such ask. */
  withdraw(ask: string): boolean
  /** The asks that are pending. */
  asks(): AskSummary[]
  /** Listens to what happens to sessions. Returns a function that removes the listener. */
  on(event: 'session', listener: SessionListener): () => void
  /** All sessions, those at rest too. */
  sessions(): SessionSummary<Context>[]
  /** Ends a session for good. With `retry` its client may come back as a new one. False if there is no such session. */
  disconnect(session: string, options?: { readonly reason?: string; readonly retry?: boolean }): boolean
  /**
   * Has `authorize` asked again for every subscription that the filter matches; those refused end with `revoked`, and
   * nothing is delivered meanwhile. Resolves when all have been asked.
   */
  revoke(filter: RevokeFilter): Promise<void>
  stats(): HubStats
  /**
   * Refuses new links, lets running handlers finish and queues drain for up to `drainMs` (default 10,000), then tells every
   * client when to come back. When it resolves no socket, timer or listener of the hub is left. The HTTP server is yours.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

/** @param env clock, randomness and timers; replaced in tests and simulations */
export function createHub<Context = unknown>(
  options: HubOptions<Context> = {},
  env: HubEnv = nodeEnv,
): Hub<Context> {
  return hubOf(new HubCore(settingsOf(options), env))
}

const closingProblem = { code: 'hub_closing', message: 'The hub is closing.' }

export function hubOf<Context>(core: HubCore): Hub<Context> {
  const { parts } = core
  const transport = new WebSocketTransport(parts.settings.limits.maxFrameBytes, core.accept)
  const handleUpgrade: Hub['handleUpgrade'] = (request, socket, head) => {
    if (core.refusing) refuseUpgrade(socket, '503 Service Unavailable', closingProblem)
    else transport.upgrade(request, socket, head)
  }
  const detachments = new Set<() => void>()
  const close: Hub['close'] = async ({ drainMs = 10_000 } = {}) => {
    await core.close(drainMs)
    for (const detach of detachments) detach()
  }
  return {
    attach(server, { path = '/holdfast' } = {}) {
      core.assertOpen()
      const root = path === '/' ? '' : path
      const receiver = { request: requestListener(root, core.http), upgrade: handleUpgrade }
      const undo = attachTo(server, path, receiver)
      const detach = (): void => {
        detachments.delete(detach)
        undo()
      }
      detachments.add(detach)
      return detach
    },
    handle: requestListener('', core.http),
    handleUpgrade,
    async publish(topic, data, options = {}) {
      core.assertOpen()
      return await publish(parts, topic, data, options)
    },
    onRequest: (method, handler) => handle(parts.handlers, method, handler as RequestHandler),
    async request<Reply>(
      to: { session: string },
      method: string,
      payload: unknown,
      options: RequestOptions = {},
    ) {
      core.assertOpen()
      const session = parts.sessions.get(to.session)
      if (!session)
        throw new HoldfastError('session_unknown', 'There is no such session.', { outcome: 'not_sent' })
      return (await session.requests.request(method, payload, options)) as Reply
    },
    ask: <Value>(to: AskTarget, method: string, payload: unknown, options: AskOptions = {}) =>
      parts.asks.ask(to, method, payload, options) as PendingAsk<Value>,
    escalate: (ask, to) => parts.asks.escalate(ask, to),
    withdraw: (ask) => parts.asks.withdraw(ask),
    asks: () => parts.asks.list(),
    on: (_event, listener) => parts.events.on(listener),
    sessions: () =>
      Array.from(parts.sessions, ({ info, link }) => ({
        ...(info as SessionInfo<Context>),
        live: link !== null,
      })),
    disconnect(id, { reason = 'The application ended the session.', retry = false } = {}) {
      if (typeof reason !== 'string') throw new TypeError('reason must be a string')
      const session = parts.sessions.get(id)
      session?.end({ code: 'disconnected', message: reason, retry })
      return session !== undefined
    },
    revoke: (filter) => revoke(parts, filter),
    stats: () => hubStats(core),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

async function revoke({ sessions }: HubParts, filter: RevokeFilter): Promise<void> {
  const concerned = [...sessions].filter(({ info }) => concerns(filter, info))
  for (const session of concerned) session.rightsChanged()
  await Promise.all(
    concerned.flatMap(({ link }) => (link ? [link.subscriptions.askAgain(filter.topic)] : [])),
  )
}

function handle(handlers: HubParts['handlers'], method: string, handler: RequestHandler): () => void {
  if (!isName(method)) throw new TypeError('a method is 1 to 255 bytes without control characters')
  if (handlers.has(method)) throw new TypeError(`${method} has a handler already`)
  handlers.set(method, handler)
  return () => {
    if (handlers.get(method) === handler) handlers.delete(method)
  }
}

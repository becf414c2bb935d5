import type { PublishResult, Subject } from '../core/wire/frames.ts'
import type { Ask } from './ask.ts'
import { AskHandle } from './ask-handle.ts'
import { ClientCore } from './client-core.ts'
import type { ClientEnv } from './env.ts'
import type { HeldAsk } from './held-ask.ts'
import type { Operation, OperationOptions } from './operation.ts'
import {
  assertConnectOptions,
  hubUrl,
  type ClientEvents,
  type ClientStateName,
  type ClientStats,
  type ConnectOptions,
} from './options.ts'
import type { RequestContext, RequestHandler } from './request-handlers.ts'
import type {
  LocalSubscription,
  SubscribeOptions,
  Subscription,
  SubscriptionHandlers,
} from './subscription.ts'
import type { Transport } from './transports/transport.ts'

/** A client object: one link to a hub at a time, and what outlives links. Make one with `connect`. */
export interface Client extends AsyncDisposable {
  readonly state: ClientStateName
  /** The name of the transport in use, such as `websocket`; null unless live. */
  readonly transport: string | null
  /** In `waiting`: when the next attempt is due, in milliseconds since 1970. */
  readonly retryAt: number | null
  /** Who the hub says this client is; null before the first welcome. */
  readonly subject: Subject | null
  /** The session's id, by which the hub knows it; null before the first welcome. */
  readonly session: string | null
  /** Operations that have no result yet. */
  readonly pending: number
  /**
   * The asks of this client's user, oldest first: those to answer, and for a while (`ConnectOptions.asks`) those that are
   * over. A new list at every change, and the same one in between.
   */
  readonly asks: readonly Ask[]
  /** Listens to an event. Returns a function that removes the listener. */
  on<Name extends keyof ClientEvents>(event: Name, listener: (event: ClientEvents[Name]) => void): () => void
  /** Tries now instead of waiting for `retryAt`. */
  reconnectNow(): void
  /**
   * Changes over to a transport as soon as it works, without a break, and comes back to it whenever it can; null: the best
   * that works, as at the beginning.
   * @param name as in the list of `transports`: `websocket`, `sse`, `long-poll`
   * @throws TypeError if it is not in the list
   */
  preferTransport(name: string | null): void
  /**
   * Subscribes to a topic, now and on every link to come. Without handlers, iterate over the subscription.
   * @throws HoldfastError `topic_invalid`, `closed`, TypeError for a `from` that is none; what the hub says comes through `ready` and the `error` handler
   */
  subscribe<Data = unknown>(
    topic: string,
    options?: SubscribeOptions,
    handlers?: SubscriptionHandlers<Data>,
  ): Subscription<Data>
  /**
   * Publishes exactly once: queued while there is no link, resolved once the hub's engine has accepted it. Rejects with a
   * HoldfastError whose `outcome` says whether it may have been published.
   */
  publish(topic: string, data: unknown, options?: OperationOptions): Operation<PublishResult>
  /**
   * Asks the hub; executed exactly once, also over reconnects. Rejects with a HoldfastError: `timeout`, `rejected`,
   * `method_unknown`, `ledger_lost`, …; its `outcome` says whether it may have been executed.
   */
  request<Reply = unknown>(method: string, payload: unknown, options?: OperationOptions): Operation<Reply>
  /**
   * Handles the hub's requests for a method; the reply is what the handler returns (nothing: null). Throw a `rejection`
   * to refuse. Returns a function that removes the handler.
   * @throws TypeError if the method has a handler already
   */
  onRequest<Payload = unknown>(
    method: string,
    handler: (payload: Payload, context: RequestContext) => unknown,
  ): () => void
  /**
   * Calls the handler for each ask of a method: for those that come, for those in `asks` that are not over, and again for
   * one that was over and is asked again. It shows the ask and calls `ask.answer`; what it returns is no answer. One
   * that throws or rejects declines for this device alone: the ask stays, and the `error` event tells, unless the ask is over.
   * Returns a function that removes the handler.
   * @throws TypeError if the method has a handler already, or is no name
   */
  onAsk<Payload = unknown>(method: string, handler: (ask: Ask<Payload>) => unknown): () => void
  /** Resolves when nothing is pending; rejects with `closed` if the client closes before. */
  flush(): Promise<void>
  stats(): ClientStats
  /**
   * Closes for good. When it resolves no socket, timer or listener is left, and every open promise was rejected with
   * `closed` and its outcome. Without it a client that is dropped keeps its socket, its timer, its page listeners and
   * everything its subscriptions hold, and the hub keeps the session, for as long as anybody subscribes, handles or
   * listens through it.
   */
  close(): Promise<void>
}

/** A dropped client is closed once nobody would miss it, as a safety net. */
const dropped = new FinalizationRegistry<ClientCore>((core) => core.dropped())

export function makeClient(
  url: string | URL,
  transports: readonly Transport[],
  options: ConnectOptions,
  env: ClientEnv,
): Client {
  assertConnectOptions(options)
  const sound =
    transports.length > 0 && transports.every((transport) => typeof transport?.open === 'function')
  if (!sound) throw new TypeError('transports must be a list such as [websocket(), sse()]')
  const core = new ClientCore(hubUrl(url), transports, options, env)
  const client = new ClientHandle(core)
  dropped.register(client, core, client)
  core.connection.input({ type: 'started' })
  return client
}

class ClientHandle implements Client {
  readonly #core: ClientCore
  /** One for each ask. They hold this client, so the core must not hold them. */
  readonly #askHandles = new WeakMap<HeldAsk, Ask>()
  #asks: { readonly of: readonly HeldAsk[]; readonly list: readonly Ask[] } = { of: [], list: [] }

  constructor(core: ClientCore) {
    this.#core = core
  }

  get state(): ClientStateName {
    return this.#core.connection.state.name
  }

  get transport(): string | null {
    return this.#core.connection.transport
  }

  get retryAt(): number | null {
    return this.#core.retryAt
  }

  get subject(): Subject | null {
    return this.#core.subject
  }

  get session(): string | null {
    return this.#core.sessionId
  }

  get pending(): number {
    return this.#core.operations.pendingCount
  }

  get asks(): readonly Ask[] {
    const of = this.#core.asks.list
    if (this.#asks.of !== of) this.#asks = { of, list: of.map((held) => this.#handleOf(held)) }
    return this.#asks.list
  }

  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    const { emitter } = this.#core
    return this.#removable(
      event === 'asks'
        ? emitter.on('asksChanged', () => listener(this.asks as ClientEvents[Name]))
        : emitter.on(event, listener),
    )
  }

  reconnectNow(): void {
    this.#core.connection.input({ type: 'reconnectRequested' })
  }

  preferTransport(name: string | null): void {
    this.#core.connection.prefer(name)
  }

  subscribe<Data>(
    topic: string,
    options: SubscribeOptions = {},
    handlers?: SubscriptionHandlers<Data>,
  ): Subscription<Data> {
    const subscription = this.#core.topics.subscribe(
      topic,
      options,
      handlers as SubscriptionHandlers | undefined,
    )
    this.#core.wantedChanged()
    return new SubscriptionHandle<Data>(this, this.#core, subscription)
  }

  publish(topic: string, data: unknown, options: OperationOptions = {}): Operation<PublishResult> {
    const operation = this.#core.operations.publish(topic, data, options) as Operation<PublishResult>
    this.#core.wantedChanged()
    return operation
  }

  request<Reply>(method: string, payload: unknown, options: OperationOptions = {}): Operation<Reply> {
    const operation = this.#core.operations.request(method, payload, options) as Operation<Reply>
    this.#core.wantedChanged()
    return operation
  }

  onRequest<Payload>(
    method: string,
    handler: (payload: Payload, context: RequestContext) => unknown,
  ): () => void {
    return this.#removable(this.#core.handlers.on(method, handler as RequestHandler))
  }

  onAsk<Payload>(method: string, handler: (ask: Ask<Payload>) => unknown): () => void {
    const call = (held: HeldAsk): unknown => handler(this.#handleOf(held) as Ask<Payload>)
    return this.#removable(this.#core.asks.on(method, call))
  }

  flush(): Promise<void> {
    return this.#core.operations.flush()
  }

  stats(): ClientStats {
    const { counters, topics, operations, asks, deadlineCount, listenerCount } = this.#core
    return {
      ...counters,
      gaps: topics.gapCount,
      pending: operations.pendingCount,
      topics: topics.topicCount,
      asks: asks.list.length,
      deadlines: deadlineCount,
      listeners: listenerCount,
    }
  }

  close(): Promise<void> {
    dropped.unregister(this)
    return this.#core.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #handleOf(held: HeldAsk): Ask {
    const handle = this.#askHandles.get(held) ?? new AskHandle(this, this.#core, held)
    this.#askHandles.set(held, handle)
    return handle
  }

  #removable(remove: () => void): () => void {
    this.#core.wantedChanged()
    return () => {
      remove()
      this.#core.wantedChanged()
    }
  }
}

/** Keeps the client from being collected as long as somebody holds the subscription. */
class SubscriptionHandle<Data> implements Subscription<Data> {
  readonly client: Client
  readonly #core: ClientCore
  readonly #subscription: LocalSubscription

  constructor(client: Client, core: ClientCore, subscription: LocalSubscription) {
    this.client = client
    this.#core = core
    this.#subscription = subscription
  }

  get topic(): string {
    return this.#subscription.topic
  }

  get ready(): Subscription['ready'] {
    return this.#subscription.ready
  }

  get position(): Subscription['position'] {
    return this.#subscription.position
  }

  unsubscribe(): void {
    this.#subscription.unsubscribe()
    this.#core.wantedChanged()
  }

  [Symbol.asyncIterator](): ReturnType<Subscription<Data>[typeof Symbol.asyncIterator]> {
    return this.#subscription.iterator() as ReturnType<Subscription<Data>[typeof Symbol.asyncIterator]>
  }
}

import { answerRefusal, isOpen, type DeviceAskInput } from '../core/ask/device/step.ts'
import type { Timed, Timekeeper } from '../core/time/timekeeper.ts'
import type { HoldfastError } from '../core/wire/errors.ts'
import type { AskFrame, ConcludedFrame, WelcomeFrame } from '../core/wire/frames.ts'
import { notSent } from '../core/wire/refusals.ts'
import type { Connection } from './connection.ts'
import { HeldAsk } from './held-ask.ts'
import { addHandler } from './method-handlers.ts'
import type { Operation, OperationOptions, OperationStatus } from './operation.ts'
import type { Operations } from './operations.ts'

export interface AskListOptions {
  /** How long an ask that is over stays in `client.asks`, in milliseconds. Default 10,000. */
  readonly keepMs?: number
}

export type AskHandler = (ask: HeldAsk) => unknown

/** What the list needs of the client beside its parts. */
export interface AskOutlet {
  /** Milliseconds since 1970. */
  wallNow(): number
  /** The list has changed, or what the application sees of an ask. */
  changed(): void
  /** A handler of the application threw. */
  report(error: unknown): void
}

/** What `known` may hold [R63]; a hub lets no user have more asks pending. */
const maxKnown = 1_000
/** An answer of this client that won over an older one of its sessions counts as given elsewhere. */
const maxSessions = 100

/** The asks of the client's user. On every link the hub tells what was missed [R63]. */
export class AskList implements Timed {
  readonly #connection: Connection
  readonly #operations: Operations
  readonly #timekeeper: Timekeeper
  readonly #keepMs: number
  readonly #outlet: AskOutlet
  readonly #handlers = new Map<string, AskHandler>()
  #list: readonly HeldAsk[] = []
  /** The ids of those that this client had as this user, the latest first. */
  readonly #sessions: string[] = []

  constructor(
    connection: Connection,
    operations: Operations,
    timekeeper: Timekeeper,
    { keepMs = 10_000 }: AskListOptions,
    outlet: AskOutlet,
  ) {
    this.#connection = connection
    this.#operations = operations
    this.#timekeeper = timekeeper
    this.#keepMs = keepMs
    this.#outlet = outlet
  }

  /** Oldest first; another one after every change. */
  get list(): readonly HeldAsk[] {
    return this.#list
  }

  get handlerCount(): number {
    return this.#handlers.size
  }

  /** @throws TypeError */
  on(method: string, handler: AskHandler): () => void {
    const remove = addHandler(this.#handlers, method, handler)
    for (const ask of this.#list) if (ask.method === method) void this.#handle(ask)
    return remove
  }

  /** The link is live. Returns what tells the application, which is called only when everything is in order. */
  admitted({ subject, session }: WelcomeFrame, identityChanged: boolean): () => void {
    if (this.#sessions[0] !== session.id) this.#sessions.unshift(session.id)
    this.#sessions.splice(identityChanged ? 1 : maxSessions)
    const tell = identityChanged ? this.#forgetAll() : () => {}
    if (subject.user !== null) {
      const open = this.#list.filter(({ state }) => isOpen(state)).slice(0, maxKnown)
      const answering = open.filter(({ state }) => state.name === 'sending')
      const asks = { known: idsOf(open), answering: answering.length > 0 ? idsOf(answering) : undefined }
      this.#connection.send({ type: 'asks', ...asks })
    }
    return tell
  }

  asked(frame: AskFrame): void {
    const { id, timeoutMs } = frame
    const expiresAt = timeoutMs === undefined ? null : this.#outlet.wallNow() + timeoutMs
    const held = this.#find(id)
    if (held && !held.isOver) {
      held.take({ type: 'asked' })
      if (held.expiresAt === expiresAt) return
      held.expiresAt = expiresAt
      this.#renew([...this.#list])
    } else {
      const ask = new HeldAsk(frame, expiresAt)
      this.#renew([...this.#list.filter((other) => other !== held), ask])
      void this.#handle(ask)
    }
    this.#outlet.changed()
  }

  concluded({ id, status, by }: ConcludedFrame): void {
    const held = this.#find(id)
    const own = this.#sessions.includes(by?.session ?? '')
    if (held) this.#take(held, { type: 'concluded', status, by: by ?? null, own })
  }

  answer(ask: HeldAsk, value: unknown, options: OperationOptions): Operation<unknown> {
    const code = answerRefusal(ask.state)
    if (code) return this.#operations.refuse(notSent(code), options)
    const watch = (status: OperationStatus, error: HoldfastError | null): void => {
      if (error) this.#take(ask, { type: 'failed', error })
      else this.#take(ask, { type: status === 'done' ? 'taken' : 'answered' })
    }
    return this.#operations.answer(ask.id, value, options, watch)
  }

  dismiss(ask: HeldAsk): void {
    if (ask.isOver) this.#remove((other) => other === ask)
  }

  tick(): void {
    const now = this.#timekeeper.now()
    this.#remove(({ leavesAt }) => leavesAt <= now)
  }

  /** The client is closed. */
  release(): void {
    this.#handlers.clear()
    this.#forgetAll()()
  }

  #find(id: string): HeldAsk | undefined {
    return this.#list.find((ask) => ask.id === id)
  }

  #take(ask: HeldAsk, input: DeviceAskInput): void {
    if (!ask.take(input)) return
    if (ask.isOver) ask.leavesAt = Math.min(ask.leavesAt, this.#timekeeper.now() + this.#keepMs)
    this.#renew([...this.#list])
    ask.tellOver()
    this.#outlet.changed()
  }

  #remove(leaves: (ask: HeldAsk) => boolean): void {
    if (!this.#list.some(leaves)) return
    this.#renew(this.#list.filter((ask) => !leaves(ask)))
    this.#outlet.changed()
  }

  #forgetAll(): () => void {
    const forgotten = this.#list
    if (forgotten.length === 0) return () => {}
    for (const ask of forgotten) ask.take({ type: 'forgotten' })
    this.#renew([])
    return () => {
      for (const ask of forgotten) ask.tellOver()
      this.#outlet.changed()
    }
  }

  #renew(list: readonly HeldAsk[]): void {
    this.#list = list
    const next = list.reduce((earliest, { leavesAt }) => Math.min(earliest, leavesAt), Infinity)
    this.#timekeeper.set(this, next < Infinity ? next : null)
  }

  /** Calls the handler when what brought the ask is dealt with; by then it may be over. */
  async #handle(ask: HeldAsk): Promise<void> {
    const handler = this.#handlers.get(ask.method)
    await Promise.resolve()
    if (!handler || handler !== this.#handlers.get(ask.method) || ask.isOver) return
    try {
      await handler(ask)
    } catch (error) {
      // Who was asking a person when the ask ended stops by throwing.
      if (!ask.isOver) this.#outlet.report(error)
    }
  }
}

const idsOf = (asks: readonly HeldAsk[]): string[] => asks.map(({ id }) => id)

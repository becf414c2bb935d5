import { HoldfastError, type Client } from 'holdfast/client'
import type { Say, SayReply } from '../contract/conversation.ts'
import type { Position } from '../contract/position.ts'
import { randomId } from './random-id.ts'
import { sentenceFor } from './reasons.ts'

/** How long a message may wait for the connection. Later it would surprise those who read it. */
const maxWaitMs = 10 * 60_000

export type OutgoingStatus =
  | { readonly name: 'queued' | 'sent' | 'delivered' }
  | {
      readonly name: 'failed'
      readonly reason: string
      /** `unsent`: goes out with the next connection. `unknown`: the history will tell. `refused`: it is for the writer to decide. */
      readonly cause: 'unsent' | 'unknown' | 'refused'
    }

export interface OutgoingMessage {
  readonly room: string
  readonly id: string
  readonly text: string
  readonly status: OutgoingStatus
}

export interface OutgoingListener {
  outgoingChanged(message: OutgoingMessage): void
  outgoingDiscarded(message: OutgoingMessage): void
  /** The server's reply: where it published the message. */
  published(room: string, position: Position): void
  /** Nobody knows whether a message in this room arrived, unless the history does. */
  inDoubt(room: string): void
}

/** What this page has said, until it is known to have arrived. */
export class Outgoing {
  readonly #listener: OutgoingListener
  readonly #messages = new Map<string, OutgoingMessage>()
  #client: Client | null = null
  #arrived = 0

  constructor(listener: OutgoingListener) {
    this.#listener = listener
  }

  /** Messages that have arrived. */
  get arrivedCount(): number {
    return this.#arrived
  }

  /** Messages that are not known to have arrived. */
  get unsettledCount(): number {
    return this.#messages.size
  }

  /** Speaks through this client from now on, and says again what an earlier one did not get out. */
  attach(client: Client): void {
    this.#client = client
    for (const message of this.#messages.values()) {
      const { status } = message
      if (status.name === 'failed' && status.cause === 'unsent') this.#say(message)
    }
  }

  send(room: string, text: string): void {
    this.#say({ room, id: randomId(), text, status: { name: 'queued' } })
  }

  /** The same id again: if it did arrive after all, it is still said once. */
  sendAgain(id: string): void {
    const message = this.#messages.get(id)
    if (message) this.#say(message)
  }

  discard(id: string): void {
    const message = this.#messages.get(id)
    if (!message) return
    this.#messages.delete(id)
    this.#listener.outgoingDiscarded(message)
  }

  /** The room has it. */
  arrived(id: string): void {
    const message = this.#messages.get(id)
    if (!message) return
    this.#arrived++
    this.#move(message, { name: 'delivered' })
  }

  /** The room's history was fetched: what was in doubt and is not in it did not arrive. */
  reconcile(room: string, has: (id: string) => boolean): void {
    for (const message of this.#messages.values()) {
      const { status } = message
      const inDoubt = status.name === 'failed' && status.cause === 'unknown'
      if (message.room !== room || !inDoubt || has(message.id)) continue
      this.#move(message, { name: 'failed', reason: 'It did not arrive.', cause: 'refused' })
    }
  }

  #say(message: OutgoingMessage): void {
    if (!this.#client) return
    const { room, id, text } = message
    this.#move(message, { name: 'queued' })
    const payload: Say = { room, id, text }
    const reply = this.#client.request<SayReply>('say', payload, {
      timeoutMs: maxWaitMs,
      // The server knows the ids it has recorded, so after a crash it may be asked again.
      idempotent: true,
      onStatus: (status) => {
        if (status === 'queued' || status === 'sent') this.#moveIfOpen(id, { name: status })
      },
    })
    reply.then(
      ({ position }) => {
        if (position) this.#listener.published(room, position)
        this.arrived(id)
      },
      (error: unknown) => {
        const status = statusAfter(error)
        this.#moveIfOpen(id, status)
        if (status.name === 'failed' && status.cause === 'unknown') this.#listener.inDoubt(room)
      },
    )
  }

  /** What has arrived stays so, whatever becomes of the reply. */
  #moveIfOpen(id: string, status: OutgoingStatus): void {
    const message = this.#messages.get(id)
    if (message) this.#move(message, status)
  }

  #move(message: OutgoingMessage, status: OutgoingStatus): void {
    const moved = { ...message, status }
    if (status.name === 'delivered') this.#messages.delete(message.id)
    else this.#messages.set(message.id, moved)
    this.#listener.outgoingChanged(moved)
  }
}

function statusAfter(error: unknown): OutgoingStatus {
  if (!(error instanceof HoldfastError)) return { name: 'failed', reason: String(error), cause: 'unknown' }
  const { outcome, code } = error
  const gone = code === 'closed' || code === 'attempts_exhausted'
  const cause = outcome === 'unknown' ? 'unknown' : outcome === 'not_sent' && gone ? 'unsent' : 'refused'
  return { name: 'failed', reason: sentenceFor(error), cause }
}

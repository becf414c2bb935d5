import type { Client, Subscription } from 'holdfast/client'
import { journalTopic, type HistoryQuery, type HistoryReply, type RunEvent } from '../contract/run-event.ts'

/**
 * The server's journal as it grows: the topic brings what happens now, the request `history` what happened before and what
 * a gap says will not come. Events are told once and in order.
 */
export class RunFeed {
  readonly #told: (event: RunEvent) => void
  #client: Client | null = null
  #subscription: Subscription<RunEvent> | null = null
  #lastSeq = 0
  /** What the topic brought while the history is still to come; null: the history is there. */
  #waiting: RunEvent[] | null = []
  #fetching = false

  constructor(told: (event: RunEvent) => void) {
    this.#told = told
  }

  attach(client: Client): void {
    this.#client = client
    this.#waiting ??= []
    this.#subscription?.unsubscribe()
    this.#subscription = client.subscribe<RunEvent>(
      journalTopic,
      { from: 'now' },
      {
        message: ({ data }) => this.#delivered(data),
        gap: () => this.#refetch(),
        error: ({ code, message }) =>
          console.error(`the journal is no longer delivered: ${message} (${code})`),
      },
    )
    this.#subscription.ready.then(
      () => this.#refetch(),
      // `error` has heard it too.
      () => {},
    )
  }

  /** When the connection is back: what was not fetched before it broke. */
  fetchIfStale(): void {
    if (this.#waiting && !this.#fetching) void this.#fetch()
  }

  #refetch(): void {
    this.#waiting ??= []
    this.fetchIfStale()
  }

  async #fetch(): Promise<void> {
    const client = this.#client
    if (!client) return
    this.#fetching = true
    try {
      const query: HistoryQuery = { after: this.#lastSeq }
      const { events } = await client.request<HistoryReply>('history', query, { idempotent: true })
      const waiting = this.#waiting ?? []
      this.#waiting = null
      for (const event of [...events, ...waiting]) this.#delivered(event)
    } catch {
      // No reply in time: asked again when the connection is back.
    }
    this.#fetching = false
    if (this.#client !== client) this.fetchIfStale()
  }

  #delivered(event: RunEvent): void {
    if (this.#waiting) {
      this.#waiting.push(event)
    } else if (event.seq > this.#lastSeq) {
      this.#lastSeq = event.seq
      this.#told(event)
    }
  }
}

import type { Client, Gap, HoldfastError, Message, Subscription } from 'holdfast/client'
import type { Entry, HistoryQuery, HistoryReply, RoomEvent } from '../contract/conversation.ts'
import { assistant, topicOf, type Room } from '../contract/rooms.ts'
import { DeliveryAudit } from './delivery-audit.ts'

/** Entries a page keeps of a room; the oldest go first. */
const maxEntries = 1_000

/** What the history taught the page. */
export interface CatchUp {
  /** Entries that are new or have changed. */
  readonly changed: number
  /** Entries that this page has not seen and that the record no longer keeps. */
  readonly forgotten: number
  /** Nobody has ever written in the room. */
  readonly empty: boolean
}

export interface RoomFeedListener {
  /** New or changed, by the topic or by the history. */
  entryChanged(feed: RoomFeed, entry: Entry, source: 'live' | 'history'): void
  entryForgotten(feed: RoomFeed, id: string): void
  gapFound(feed: RoomFeed, gap: Gap): void
  /** The server or the client ended the subscription. */
  feedEnded(feed: RoomFeed, error: HoldfastError): void
  caughtUp(feed: RoomFeed, result: CatchUp): void
  /** Something was delivered: the counters moved. */
  delivered(): void
}

/**
 * One room as the page knows it: the topic brings what happens now, the request `history` what happened before and what a
 * gap says will not come. Both name entries by id, so it does no harm if both bring the same one.
 */
export class RoomFeed {
  readonly room: Room
  readonly audit: DeliveryAudit = new DeliveryAudit()
  readonly #listener: RoomFeedListener
  readonly #entries = new Map<string, Entry>()
  #client: Client | null = null
  #subscription: Subscription<RoomEvent> | null = null
  /** The history has something that this page has not. */
  #stale = true
  #fetching = false
  /** A gap named what the history has to bring. */
  #gapOpen = false
  #fetchedForGaps = 0

  constructor(room: Room, listener: RoomFeedListener) {
    this.room = room
    this.#listener = listener
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** Entries that the history brought after gaps. */
  get fetchedForGaps(): number {
    return this.#fetchedForGaps
  }

  /** What the assistant was asked before this answer. */
  questionOf(answer: string): string | undefined {
    const { seq = 0 } = this.#entries.get(answer) ?? {}
    const before = [...this.#entries.values()].filter((entry) => entry.seq < seq)
    const questions = before.filter(({ text }) => text.startsWith(`@${assistant}`))
    return questions.sort((one, other) => one.seq - other.seq).at(-1)?.text
  }

  /** Follows the room through this client, from where an earlier client stopped. */
  attach(client: Client): void {
    const position = this.#subscription?.position
    this.#client = client
    this.#subscription = client.subscribe<RoomEvent>(
      topicOf(this.room.id),
      { from: position ?? 'now' },
      {
        message: (message) => this.#deliver(message),
        gap: (gap) => this.#gap(gap),
        error: (error) => {
          if (this.#client === client) this.#listener.feedEnded(this, error)
        },
      },
    )
    this.#subscription.ready.then(
      (start) => {
        this.audit.started(start)
        // Asked only now: what the reply does not contain yet, the topic will bring.
        this.fetchIfStale()
      },
      // `error` has heard it too.
      () => {},
    )
  }

  /** Asks for the history anew, for example to learn what became of a message. */
  refetch(): void {
    this.#stale = true
    this.fetchIfStale()
  }

  fetchIfStale(): void {
    if (!this.#stale || this.#fetching) return
    this.#fetching = true
    void this.#fetch()
  }

  async #fetch(): Promise<void> {
    while (this.#stale && this.#client) {
      const client = this.#client
      this.#stale = false
      try {
        const query: HistoryQuery = { room: this.room.id, after: this.#completeUpTo() }
        const reply = await client.request<HistoryReply>('history', query, { idempotent: true })
        const [oldest] = reply.entries
        const forgotten = query.after > 0 && oldest ? Math.max(0, oldest.seq - query.after - 1) : 0
        const changed = reply.entries.filter((entry) => this.#learn(entry)).length
        if (this.#gapOpen) this.#fetchedForGaps += changed
        this.#gapOpen = false
        this.#listener.caughtUp(this, { changed, forgotten, empty: this.#entries.size === 0 })
      } catch {
        this.#stale = true
        // No reply in time: asked again when the connection is back.
        if (this.#client === client) break
      }
    }
    this.#fetching = false
  }

  #deliver(message: Message<RoomEvent>): void {
    this.audit.delivered(message)
    const { data: event, time } = message
    const user = message.user ?? ''
    switch (event.type) {
      case 'said':
      case 'began': {
        const { seq, id } = event
        const said = event.type === 'said'
        const text = said ? event.text : ''
        this.#put({ seq, id, user, time, text, tokens: 0, state: said ? 'complete' : 'streaming' }, 'live')
        break
      }
      case 'token':
        this.#addToken(event)
        break
      case 'ended': {
        const entry = this.#entries.get(event.id)
        if (entry) this.#put({ ...entry, state: event.state }, 'live')
        break
      }
    }
    this.#listener.delivered()
  }

  #addToken({ id, index, text }: Extract<RoomEvent, { type: 'token' }>): void {
    const entry = this.#entries.get(id)
    // Of an answer that began before this page came: the history brings it.
    if (!entry) return
    if (index === entry.tokens) this.#put({ ...entry, text: entry.text + text, tokens: index + 1 }, 'live')
    else if (index > entry.tokens) this.refetch()
  }

  #gap(gap: Gap): void {
    this.audit.gap(gap)
    this.#gapOpen = true
    this.#listener.gapFound(this, gap)
    this.refetch()
  }

  /** Takes an entry of the history. False if it says nothing new. */
  #learn(entry: Entry): boolean {
    const known = this.#entries.get(entry.id)
    if (
      known &&
      (known.tokens > entry.tokens || (known.tokens === entry.tokens && known.state === entry.state))
    ) {
      return false
    }
    this.#put(entry, 'history')
    return true
  }

  #put(entry: Entry, source: 'live' | 'history'): void {
    this.#entries.set(entry.id, entry)
    this.#listener.entryChanged(this, entry, source)
    if (this.#entries.size <= maxEntries) return
    const [oldest] = this.#entries.keys()
    if (oldest === undefined) return
    this.#entries.delete(oldest)
    this.#listener.entryForgotten(this, oldest)
  }

  /** Everything up to this `seq` is known and will not change. */
  #completeUpTo(): number {
    const entries = [...this.#entries.values()]
    const unfinished = entries.filter(({ state }) => state === 'streaming').map(({ seq }) => seq)
    return Math.min(Math.max(0, ...entries.map(({ seq }) => seq)), ...unfinished.map((seq) => seq - 1))
  }
}

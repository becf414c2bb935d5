import {
  connect,
  type Client,
  type Gap,
  type HoldfastError,
  type StateChange,
  type TransportChange,
} from 'holdfast/client'
import type { Entry } from '../contract/conversation.ts'
import type { Position } from '../contract/position.ts'
import type { Room } from '../contract/rooms.ts'
import { ConnectionNotices, descriptionOf, outcomeOf } from './connection-notices.ts'
import type { Counts } from './counters.ts'
import type { DeliveryAudit } from './delivery-audit.ts'
import type { Identity } from 'holdfast-example-site/page/identity'
import type { MessageActions } from './message-view.ts'
import { MessageList } from './message-list.ts'
import type { Notices } from './notices.ts'
import { Outgoing, type OutgoingListener, type OutgoingMessage } from './outgoing.ts'
import { RoomFeed, type CatchUp, type RoomFeedListener } from './room-feed.ts'

/** Failed attempts in a row before the client gives up: a minute and a half. */
const maxAttempts = 8

export interface ChatListener {
  /** The state, a counter or a queue moved. */
  changed(): void
  /** Somebody said something in a room, now. */
  heard(room: Room): void
}

interface RoomPart {
  readonly feed: RoomFeed
  readonly list: MessageList
}

/** The page's heart: one client at a time, the rooms that read through it and the messages that leave through it. */
export class Chat implements RoomFeedListener, OutgoingListener, MessageActions {
  readonly #url: string
  readonly #identity: Identity
  readonly #listener: ChatListener
  readonly #connectionNotices: ConnectionNotices
  readonly #rooms = new Map<string, RoomPart>()
  readonly #outgoing = new Outgoing(this)
  #client: Client
  /** Null: the best that works. */
  #preferredTransport: string | null = null
  /** Of clients before this one. */
  #earlierReconnects = 0

  constructor(
    url: string,
    rooms: readonly Room[],
    identity: Identity,
    notices: Notices,
    listener: ChatListener,
  ) {
    this.#url = url
    this.#identity = identity
    this.#listener = listener
    this.#connectionNotices = new ConnectionNotices(notices, () => void this.connectAgain())
    for (const room of rooms) {
      this.#rooms.set(room.id, { feed: new RoomFeed(room, this), list: new MessageList(room, this) })
    }
    this.#client = this.#connect()
  }

  get client(): Client {
    return this.#client
  }

  get lists(): MessageList[] {
    return Array.from(this.#rooms.values(), ({ list }) => list)
  }

  get hasUnsent(): boolean {
    return this.#outgoing.unsettledCount > 0 || this.#client.pending > 0
  }

  get counts(): Counts {
    const feeds = Array.from(this.#rooms.values(), ({ feed }) => feed)
    const sum = (of: (audit: DeliveryAudit) => number): number =>
      feeds.reduce((total, { audit }) => total + of(audit), 0)
    return {
      sent: this.#outgoing.arrivedCount,
      received: sum(({ received }) => received),
      repeated:
        sum(({ repeated }) => repeated) + this.lists.reduce((total, list) => total + list.repeated, 0),
      lost: sum(({ lost }) => lost),
      gaps: sum(({ gaps }) => gaps),
      fetched: feeds.reduce((total, { fetchedForGaps }) => total + fetchedForGaps, 0),
      reconnects: this.#earlierReconnects + this.#client.stats().reconnects,
      pending: this.#client.pending,
    }
  }

  say(room: string, text: string): void {
    this.#outgoing.send(room, text)
    const { state } = this.#client
    if (state !== 'live')
      this.#connectionNotices.queuedOffline(this.#outgoing.unsettledCount, state === 'closed')
    this.#listener.changed()
  }

  sendAgain(id: string): void {
    this.#outgoing.sendAgain(id)
  }

  discard(id: string): void {
    this.#outgoing.discard(id)
  }

  askAgain(answer: string): void {
    for (const { feed } of this.#rooms.values()) {
      const question = feed.questionOf(answer)
      if (question !== undefined) this.say(feed.room.id, question)
    }
  }

  /** @param name null: the best that works */
  preferTransport(name: string | null): void {
    this.#preferredTransport = name
    this.#client.preferTransport(name)
    this.#listener.changed()
  }

  /** With a new client: the last one gave up, or the user changed. */
  async connectAgain(): Promise<void> {
    const last = this.#client
    await last.close()
    // Asked twice: the first one did it.
    if (this.#client !== last) return
    this.#earlierReconnects += last.stats().reconnects
    this.#client = this.#connect()
    this.#listener.changed()
  }

  #connect(): Client {
    const client = connect(this.#url, {
      token: (request) => this.#identity.token(request),
      maxAttempts,
    })
    client.preferTransport(this.#preferredTransport)
    client.on('state', (change) => this.#stateChanged(client, change))
    client.on('transport', (change) => this.#transportChanged(client, change))
    client.on('error', ({ code, message }) => this.#connectionNotices.failed(`${code}: ${message}`))
    for (const { feed } of this.#rooms.values()) feed.attach(client)
    this.#outgoing.attach(client)
    return client
  }

  #stateChanged(client: Client, change: StateChange): void {
    if (client !== this.#client) return
    this.#connectionNotices.stateChanged(change)
    if (change.to === 'live') for (const { feed } of this.#rooms.values()) feed.fetchIfStale()
    this.#listener.changed()
  }

  #transportChanged(client: Client, change: TransportChange): void {
    if (client !== this.#client) return
    this.#connectionNotices.transportChanged(change)
    this.#listener.changed()
  }

  entryChanged({ room }: RoomFeed, entry: Entry, source: 'live' | 'history'): void {
    const mine = entry.user === this.#identity.name
    this.#rooms.get(room.id)?.list.putEntry(entry, mine)
    this.#outgoing.arrived(entry.id)
    const isNew = entry.tokens === 0 && entry.state !== 'interrupted'
    if (source === 'live' && isNew && !mine) this.#listener.heard(room)
  }

  entryForgotten({ room }: RoomFeed, id: string): void {
    this.#rooms.get(room.id)?.list.remove(id)
  }

  gapFound({ room }: RoomFeed, gap: Gap): void {
    this.#connectionNotices.gapFound(room, gap)
    this.#rooms.get(room.id)?.list.addGap(descriptionOf(gap))
  }

  feedEnded({ room }: RoomFeed, error: HoldfastError): void {
    // That the client is closed is said elsewhere.
    if (error.code !== 'closed' && this.#client.state !== 'closed')
      this.#connectionNotices.roomLost(room, error)
  }

  caughtUp(feed: RoomFeed, result: CatchUp): void {
    this.#outgoing.reconcile(feed.room.id, (id) => feed.has(id))
    this.#connectionNotices.caughtUp(feed.room, result)
    this.#rooms.get(feed.room.id)?.list.closeGap(outcomeOf(result))
    this.#listener.changed()
  }

  delivered(): void {
    this.#listener.changed()
  }

  outgoingChanged(message: OutgoingMessage): void {
    this.#rooms.get(message.room)?.list.putOutgoing(message, this.#identity.name)
    this.#listener.changed()
  }

  outgoingDiscarded({ room, id }: OutgoingMessage): void {
    this.#rooms.get(room)?.list.remove(id)
    this.#listener.changed()
  }

  published(room: string, position: Position): void {
    this.#rooms.get(room)?.feed.audit.published(position)
    this.#listener.changed()
  }

  inDoubt(room: string): void {
    this.#rooms.get(room)?.feed.refetch()
  }
}

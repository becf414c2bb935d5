import type { Client } from '../../../client/connect.ts'
import type { Position } from '../../../core/wire/frames.ts'
import type { PairClient } from '../../pair.ts'
import type { KeptConclusion, ChronicleReader } from '../chronicle.ts'
import type { Services } from '../services.ts'
import type { WatchedSubscription } from './watched-subscription.ts'

/** What really happened at the hubs, whatever anybody was told. */
export interface Truth {
  reader: ChronicleReader | null
  /** Which hub runs: the first, the second … */
  readonly life: number
  /** How often an operation was executed. */
  executionsOf(token: string): number
  /** The token of the message that was accepted at a place; undefined: none was. */
  messageAt(topic: string, epoch: string, offset: number): string | undefined
  /** How many messages had been accepted before the one at a place; undefined: none was there. */
  acceptedBefore(topic: string, position: Position): number | undefined
  /** The newest message of a topic in the present life of the hub, or one it had lately; null: there is none. */
  headOf(topic: string): Position | null
  /** The offset of the oldest message that is still kept of an epoch; null: nobody knows. */
  oldestOf(topic: string, epoch: string): number | null
  conclusionsOf(ask: string): readonly KeptConclusion[]
  /** What is kept of asks outlives a hub: how they ended, and that those with a key are pending. */
  readonly keepsAsks: boolean
}

/** A client and its application, as far as they are judged: in a simulated world or over real sockets. */
export interface JudgedClient {
  /** Its place among all clients. */
  readonly index: number
  readonly client: Client
  /** What it was told of its links, and what it holds. */
  readonly pairClient: Pick<PairClient, 'states' | 'errors' | 'timers' | 'held' | 'page' | 'heldRequests'>
  /** Oldest first, those that have ended too. */
  readonly subscriptions: WatchedSubscription[]
  readonly user: string
  /** It was another user's at least once. */
  readonly userChanged: boolean
  /** The application closed it. */
  readonly closing: boolean
  /** The application or the hub ended it for good. */
  readonly over: boolean
  /** With which code it ended by itself. */
  readonly endedBy: string | null
}

/** `closing`: it was told to close. `down`: its process is gone, and the next one has not started. */
export type HubState = 'running' | 'closing' | 'down'

/** What the services did. */
export type ServiceRecord = Pick<Services, 'troubled' | 'everFailedOrTimedOut' | 'rights'>

import type { AskStore } from './ask-store.ts'
import type { Position } from '../core/wire/frames.ts'

/** How much of each topic is kept; what comes first applies. */
export interface Retention {
  /** Messages per topic. */
  readonly messages: number
  /** Bytes of encoded messages per topic. */
  readonly bytes: number
  /** Age of a message in milliseconds. */
  readonly ageMs: number
}

/** What an engine gets from the hub it works for. */
export interface EngineHost {
  readonly retention: Retention
  /** The wall clock in milliseconds since 1970, to stamp messages and judge their age. */
  wallNow(): number
  /** Runs the callback once after a delay; returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void
  /** A random name of at least 64 bits in the characters of an identifier. */
  randomName(): string
  /** The bytes to keep for a message and to write, as they are, to every subscriber. */
  encode(message: StampedMessage): Uint8Array
  /** To be called after messages were appended to a log that is open, once for each log and batch, before its outcomes. */
  appended(log: TopicLog): void
}

export interface StampedMessage {
  readonly topic: string
  readonly offset: number
  readonly time: number
  readonly user: string | null
  /** The data as JSON text. */
  readonly data: string
}

export interface Append {
  readonly topic: string
  /** The data as JSON text. */
  readonly data: string
  readonly user: string | null
  /** An application's key: while a message with the same key is kept in the topic, it is not appended again. */
  readonly key: string | null
  /** The client's producer and number, for engines that outlive the hub's ledgers and recognise them. */
  readonly producer: { readonly id: string; readonly number: number } | null
}

export type AppendOutcome =
  | { readonly kind: 'accepted'; readonly position: Position; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly code: 'topic_limit' | 'engine_failed'; readonly message: string }

/** A stretch of immutable memory that holds encoded messages; never reused. */
export interface Segment {
  /** The memory it pins. */
  readonly allocatedBytes: number
  /**
   * False once the engine let go of it, because its messages are no longer kept or were copied into a larger segment;
   * whoever still writes from it pins it beyond retention.
   */
  readonly retained: boolean
}

/** Whole encoded messages, in order, to be written as they are. Shared by all subscribers: never to be changed. */
export interface Slice {
  readonly bytes: Uint8Array
  /** The offset of the last message in it. */
  readonly through: number
  /** The segment that `bytes` is a view of, or null if they are a copy of their own. */
  readonly segment: Segment | null
}

/** A topic that is open, that is, kept in mind for its subscribers. Valid until `release`. */
export interface TopicLog {
  readonly topic: string
  /** Never changes while the log is open. */
  readonly epoch: string
  /** The offset of the newest message, 0 if there never was one. */
  readonly head: number
  /** The offset of the oldest message still kept; `head + 1` if none is. */
  readonly oldest: number
  /**
   * The messages after an offset, as many as fit into `maxBytes` and one segment, but at least one; null at the head.
   * `after` is from `oldest - 1` to `head`.
   */
  read(after: number, maxBytes: number): Slice | null
  /** Each `open` is paired with one `release`; without subscribers a topic may be forgotten. */
  release(): void
}

export type OpenOutcome =
  | { readonly kind: 'opened'; readonly log: TopicLog }
  | { readonly kind: 'refused'; readonly code: 'topic_limit' | 'engine_failed'; readonly message: string }

export interface EngineStats {
  /** Topics that hold state. */
  readonly topics: number
  /** Logs that are open. */
  readonly openLogs: number
  readonly messages: number
  /** Memory of all retained segments. */
  readonly retainedBytes: number
}

/**
 * Where topics and asks are kept. An engine keeps a topic's epoch only if it can prove that every offset it ever delivered
 * or acknowledged still stands [R35]; it never hands out an offset twice in one epoch.
 */
export interface Engine {
  readonly asks: AskStore
  /** Called once, before anything else. */
  start(host: EngineHost): void
  /** Appends in order, all topics alike; one outcome for each entry. If it rejects, all hear `engine_failed`, whatever was kept. */
  append(entries: readonly Append[]): Promise<readonly AppendOutcome[]>
  /** While a topic is open, each `open` gives the same log. If it rejects, the subscriber hears `engine_failed`. */
  open(topic: string): Promise<OpenOutcome>
  stats(): EngineStats
  /** Leaves no timer or handle behind. */
  close(): Promise<void>
}

import type { Position } from './position.ts'

/** `streaming`: the assistant is still writing. `interrupted`: the server stopped while it was. */
export type EntryState = 'complete' | 'streaming' | 'interrupted'

/** Something said in a room, as the server's record keeps it. */
export interface Entry {
  /** Its place in the room's record: ascending. Unlike offsets, it survives a restart of the server. */
  readonly seq: number
  /** Made by the page for what a person says, by the server for an answer. */
  readonly id: string
  readonly user: string
  /** Milliseconds since 1970, by the server's clock. */
  readonly time: number
  readonly text: string
  /** How many tokens of an answer are in `text`. */
  readonly tokens: number
  readonly state: EntryState
}

/**
 * What a room's topic carries. Who said it and when stands on the message itself, stamped by the hub: an event that
 * named its own author could name anybody.
 */
export type RoomEvent =
  | { readonly type: 'said'; readonly seq: number; readonly id: string; readonly text: string }
  | { readonly type: 'began'; readonly seq: number; readonly id: string }
  | { readonly type: 'token'; readonly id: string; readonly index: number; readonly text: string }
  | { readonly type: 'ended'; readonly id: string; readonly state: EntryState }

/** The request `say`. Saying the same id twice says it once. */
export interface Say {
  readonly room: string
  readonly id: string
  readonly text: string
}

export interface SayReply {
  readonly seq: number
  /** Where the room's topic stood when it was published; null if an earlier life of the server published it. */
  readonly position: Position | null
}

/** The request `history`. */
export interface HistoryQuery {
  readonly room: string
  /** Entries with a higher `seq` are wanted; 0: all. */
  readonly after: number
}

export interface HistoryReply {
  /** All that the record still keeps, ascending. */
  readonly entries: readonly Entry[]
}

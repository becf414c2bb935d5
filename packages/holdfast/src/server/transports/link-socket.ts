import type { IncomingHttpHeaders } from 'node:http'
import type { LinkErrorCode } from '../../core/wire/error-codes.ts'
import type { Slice } from '../../engines/engine.ts'

/** What is known of the request that opened a link. */
export interface LinkRequest {
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string | null
}

/** The port behind which a transport hides: one attachment, as the hub writes to it. */
export interface LinkSocket {
  /** A frame's text as the bytes to write. */
  encode(text: string): Uint8Array
  /** A slice of a topic's log, whose messages are WebSocket frames, as this transport frames them. */
  framed(slice: Slice): Slice
  /**
   * Writes whole encoded frames in order; the hub has one write under way at most, but for the goodbye.
   * `written` is called once the operating system took all of it, never before `write` has returned, and says whether that had
   * to wait for the peer. Once a close began or the attachment has ended, nothing is written and nobody called back.
   */
  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void
  /** Closes in order, after what was written; does nothing once a close began. */
  close(code: LinkErrorCode): void
  /**
   * Drops the attachment at once, in whatever state, in the call too that introduces it; what had arrived may still be told
   * until `closed` is. Does nothing once it has ended.
   */
  destroy(): void
  /** The peer has gone, as far as can be known, although the attachment has not ended. */
  readonly abandoned: boolean
}

/** How a transport hands a new attachment to the hub, once, before anything is reported of it. */
export type Accept = (socket: LinkSocket, request: LinkRequest) => LinkEvents

/**
 * What a transport reports of an attachment. `closed` comes once, also in a call of `destroy`, or later; after it nothing more
 * comes. None of them throws.
 */
export interface LinkEvents {
  /** It is some session's link. */
  readonly bound: boolean
  /** A whole frame, in the order in which the client sent them. */
  received(text: string): void
  /** Something arrived that is no frame; the attachment goes on. */
  refused(message: string): void
  /** The peer broke the transport's own rules: the attachment is to end. */
  broken(message: string): void
  closed(): void
}

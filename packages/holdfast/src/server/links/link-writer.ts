import type { GapFrame } from '../../core/wire/frames.ts'
import type { Segment } from '../../engines/engine.ts'
import { delivers, type Cursor } from '../topics/cursor.ts'
import type { LinkSocket } from '../transports/link-socket.ts'

/** The most a link has in one write, in bytes. Larger single messages go alone. */
const maxWriteBytes = 65_536
/** Writes up to this size are copied into one buffer; larger ones go as they are. */
const maxCopyBytes = 16_384

/** What a control frame that waits costs beside its bytes. */
const controlOverheadBytes = 150

interface Control {
  readonly bytes: Uint8Array
  /** Called when the frame takes its place in the downlink. */
  readonly placed: (() => void) | null
}

/** A cursor and how far it has to get in this round. */
interface TopicOfRound {
  readonly cursor: Cursor
  readonly target: number
}

export interface LinkWriterHost {
  /** Marks the cursors of all topics that grew, so that what was published before a reply is written before it. */
  markGrownTopics(): void
  /** The writer has something to write. */
  wantsFlush(writer: LinkWriter): void
  writeStarted(writer: LinkWriter): void
  writeEnded(writer: LinkWriter): void
}

/** Whose link it is. */
export interface LinkWriterOwner {
  /** The peer took bytes that had to wait for it: it lives. */
  heard(): void
  /** The link holds more than its budget allows: end it. */
  endSlow(): void
}

/**
 * The only writer of a link. It works in rounds: a round takes the cursors that are dirty and the control frames
 * that wait at its start, writes the topics up to their heads of that moment, then the control frames. So a reply comes
 * after what was published before it [R26], and neither starves the other.
 */
export class LinkWriter {
  /** Memory that the write under way pins. */
  pinned: readonly Segment[] = []
  /** It waits in the fan-out's queue. */
  queued = false
  readonly owner: LinkWriterOwner
  readonly #socket: LinkSocket
  readonly #host: LinkWriterHost
  readonly #maxControlBytes: number
  #controls: Control[] = []
  #controlBytes = 0
  #dirty: Cursor[] = []
  #round: { readonly topics: TopicOfRound[]; readonly controls: Control[] } | null = null
  #writing = false
  #stopped = false
  #idle: (() => void) | null = null

  constructor(socket: LinkSocket, host: LinkWriterHost, owner: LinkWriterOwner, maxControlBytes: number) {
    this.#socket = socket
    this.#host = host
    this.owner = owner
    this.#maxControlBytes = maxControlBytes
  }

  /** Queues a control frame behind what was published so far. */
  send(frame: object, placed: (() => void) | null = null): void {
    this.sendText(JSON.stringify(frame), placed)
  }

  sendText(text: string, placed: (() => void) | null = null): void {
    if (this.#stopped) return
    if (this.#controlBytes > this.#maxControlBytes) return this.owner.endSlow()
    const bytes = this.#socket.encode(text)
    this.#controls.push({ bytes, placed })
    this.#controlBytes += bytes.length + controlOverheadBytes
    this.#host.wantsFlush(this)
  }

  markDirty(cursor: Cursor): void {
    if (cursor.dirty || this.#stopped || !delivers(cursor)) return
    cursor.dirty = true
    this.#dirty.push(cursor)
    this.#host.wantsFlush(this)
  }

  /** Writes as much as one write takes, unless one is under way. */
  pump(): void {
    if (this.#writing || this.#stopped) return
    const parts: Uint8Array[] = []
    const segments: Segment[] = []
    let bytes = 0
    while (bytes < maxWriteBytes && this.#roundGoesOn()) {
      bytes += this.#gather(maxWriteBytes - bytes, parts, segments)
    }
    if (bytes === 0) {
      this.#idle?.()
      return
    }
    this.#write(parts, bytes, segments)
  }

  /** Says the last word of the link; everything else that waited is dropped. */
  finish(frame: object | null): void {
    this.stop()
    if (frame) this.#socket.write([this.#socket.encode(JSON.stringify(frame))], () => {})
  }

  /** Drops everything that waits; nothing is written from now on. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#writing) this.#host.writeEnded(this)
    this.#controls = []
    this.#controlBytes = 0
    this.#dirty = []
    this.#round = null
    this.#idle?.()
  }

  /** Resolves when everything is written or the link stopped. */
  drained(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = () => {
        this.#idle = null
        resolve()
      }
      this.pump()
    })
  }

  #roundGoesOn(): boolean {
    if (this.#round && (this.#round.topics.length > 0 || this.#round.controls.length > 0)) return true
    this.#host.markGrownTopics()
    if (this.#dirty.length === 0 && this.#controls.length === 0) {
      this.#round = null
      return false
    }
    const topics: TopicOfRound[] = []
    for (const cursor of this.#dirty.reverse()) {
      if (delivers(cursor)) topics.push({ cursor, target: cursor.log.head })
      else cursor.dirty = false
    }
    this.#round = { topics, controls: this.#controls.reverse() }
    this.#dirty = []
    this.#controls = []
    return true
  }

  /** Adds the next part of the round; the lists are reversed, so that the first is taken from their end. */
  #gather(room: number, parts: Uint8Array[], segments: Segment[]): number {
    const round = this.#round
    const topic = round?.topics.at(-1)
    if (round && topic) {
      const { cursor, target } = topic
      const read = delivers(cursor) && cursor.offset < target ? this.#read(cursor, room, segments) : null
      if (read) parts.push(read)
      if (!delivers(cursor) || cursor.offset >= target) {
        round.topics.pop()
        cursor.dirty = false
        if (delivers(cursor) && cursor.offset < cursor.log.head) this.markDirty(cursor)
      }
      return read?.length ?? 0
    }
    const control = round?.controls.pop()
    if (!control) return 0
    parts.push(control.bytes)
    this.#controlBytes -= control.bytes.length + controlOverheadBytes
    control.placed?.()
    return control.bytes.length
  }

  #read(cursor: Cursor, room: number, segments: Segment[]): Uint8Array | null {
    const { log } = cursor
    if (cursor.offset < log.oldest - 1) return this.#gap(cursor)
    const read = log.read(cursor.offset, room)
    if (!read) return null
    const slice = this.#socket.framed(read)
    cursor.offset = slice.through
    if (slice.segment) segments.push(slice.segment)
    return slice.bytes
  }

  /** The reader fell behind what is kept [R34]. */
  #gap(cursor: Cursor): Uint8Array {
    const { topic, epoch, oldest } = cursor.log
    const frame: GapFrame = {
      type: 'gap',
      topic,
      after: { epoch, offset: cursor.offset },
      next: { epoch, offset: oldest },
      lost: oldest - 1 - cursor.offset,
      reason: 'slow',
    }
    cursor.offset = oldest - 1
    return this.#socket.encode(JSON.stringify(frame))
  }

  #write(parts: readonly Uint8Array[], bytes: number, segments: readonly Segment[]): void {
    this.#writing = true
    const copied = parts.length > 1 && bytes <= maxCopyBytes
    this.pinned = copied ? [] : segments
    this.#host.writeStarted(this)
    this.#socket.write(copied ? [Buffer.concat(parts, bytes)] : parts, (waited) => {
      this.#writing = false
      this.pinned = []
      this.#host.writeEnded(this)
      if (waited) this.owner.heard()
      this.pump()
    })
  }
}

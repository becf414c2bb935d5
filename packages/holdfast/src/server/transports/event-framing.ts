import type { Slice } from '../../engines/engine.ts'
import type { ResponseHeaders } from '../http/exchange.ts'
import { eachText } from './websocket-frame.ts'

/** Of every response that carries frames; keeps proxies from holding it back or changing it [R52]. */
export const eventHeaders: ResponseHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

const prefix = 'data: '
const suffix = '\n\n'
const extraBytes = prefix.length + suffix.length

/** What is remembered of slices that were framed anew takes at most this much. */
const maxRememberedBytes = 4 * 1_024 * 1_024
/** Shorter ones are not counted as memory that a stalled link pins. */
const minCountedBytes = 4_096

/** A frame's text as one event. It is JSON without a line break, and so one line of data. */
export const encodeEvent = (text: string): Uint8Array => Buffer.from(prefix + text + suffix)

/** Frames slices of topic logs, which hold WebSocket frames, as events: once for all subscribers that share a slice. */
export class EventFraming {
  #remembered = new WeakMap<Slice, Slice>()
  #rememberedBytes = 0

  framed(slice: Slice): Slice {
    const known = this.#remembered.get(slice)
    if (known) return known
    const bytes = framedBytes(slice.bytes)
    const counted = bytes.length >= minCountedBytes
    const framed: Slice = {
      bytes,
      through: slice.through,
      segment: counted ? { allocatedBytes: bytes.length, retained: false } : null,
    }
    this.#remember(slice, framed)
    return framed
  }

  /** Idle logs remember their last slice, and so what was made of it: beyond the bound all is forgotten at once. */
  #remember(slice: Slice, framed: Slice): void {
    this.#rememberedBytes += framed.bytes.length
    if (this.#rememberedBytes > maxRememberedBytes) {
      this.#remembered = new WeakMap()
      this.#rememberedBytes = framed.bytes.length
    }
    this.#remembered.set(slice, framed)
  }
}

function framedBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  const frames = Buffer.from(buffer, byteOffset, byteLength)
  let length = 0
  eachText(frames, (start, end) => (length += end - start + extraBytes))
  // Not from Node's pool, of which even a short view would keep all.
  const events = Buffer.allocUnsafeSlow(length)
  let at = 0
  eachText(frames, (start, end) => {
    at += events.write(prefix, at)
    at += frames.copy(events, at, start, end)
    at += events.write(suffix, at)
  })
  return events
}

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

/**
 * Frames slices of topic logs, which hold WebSocket frames, as events: once for all subscribers that read the same
 * stretch of a segment, be it at the same time or one after the other.
 */
export class EventFraming {
  /** By what holds the slice's bytes, and where in it they lie. */
  #remembered = new WeakMap<object, Map<string, Slice>>()
  #rememberedBytes = 0

  framed(slice: Slice): Slice {
    const holder = slice.segment ?? slice
    const place = `${slice.bytes.byteOffset} ${slice.bytes.byteLength}`
    const known = this.#remembered.get(holder)?.get(place)
    if (known) return known
    const bytes = framedBytes(slice.bytes)
    const counted = bytes.length >= minCountedBytes
    const framed: Slice = {
      bytes,
      through: slice.through,
      segment: counted ? { allocatedBytes: bytes.length, retained: false } : null,
    }
    this.#remember(holder, place, framed)
    return framed
  }

  /** Segments are kept for long, and so is what was made of them: beyond the bound all is forgotten at once. */
  #remember(holder: object, place: string, framed: Slice): void {
    this.#rememberedBytes += framed.bytes.length
    if (this.#rememberedBytes > maxRememberedBytes) {
      this.#remembered = new WeakMap()
      this.#rememberedBytes = framed.bytes.length
    }
    const stretches = this.#remembered.get(holder) ?? new Map<string, Slice>()
    this.#remembered.set(holder, stretches.set(place, framed))
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

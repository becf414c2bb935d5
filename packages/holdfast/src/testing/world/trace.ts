import type { PairClient } from '../pair.ts'
import type { End, Wiretap } from '../wiretap.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { TappedStream } from './tapped-stream.ts'

/** A line of a trace. */
export interface TraceLine {
  /** In milliseconds since the world began. */
  readonly at: number
  /** `client 1`, `hub`, `world`. */
  readonly who: string
  readonly what: string
}

/**
 * What happened, to be read: steps of the schedule, states of clients, what applications are told, and each frame as it is decoded
 * from the bytes on the wire, once where it is written and once where it is read, so that what is lost on the way is seen.
 */
export class Trace implements Wiretap {
  readonly lines: TraceLine[] = []
  readonly #clock: VirtualClock
  readonly #clients: () => readonly PairClient[]
  readonly #streams = new Map<object, Map<string, TappedStream>>()

  constructor(clock: VirtualClock, clients: () => readonly PairClient[]) {
    this.#clock = clock
    this.#clients = clients
  }

  tell(who: string, what: string): void {
    this.lines.push({ at: this.#clock.now, who, what })
  }

  passed(link: object, source: object, end: End, direction: 'up' | 'down', bytes: Uint8Array): void {
    const streams = this.#streams.get(source) ?? new Map<string, TappedStream>()
    this.#streams.set(source, streams)
    const name = `${end} ${direction}`
    const stream = streams.get(name) ?? new TappedStream()
    streams.set(name, stream)
    const client = this.#clients().findIndex(({ links }) => links.some((each) => each === link))
    const place = this.#clients()[client]?.links.findIndex((each) => each === link)
    const writes = (end === 'client') === (direction === 'up')
    const who = end === 'client' ? `client ${client}` : 'hub'
    const where = `link ${client}/${(place ?? -1) + 1}`
    for (const frame of stream.push(bytes))
      this.tell(who, `${where} ${writes ? 'writes' : 'reads '} ${shorten(frame)}`)
  }

  /** One line for each, in columns. */
  text(): string {
    return this.lines
      .map(({ at, who, what }) => `${at.toFixed(1).padStart(10)}  ${who.padEnd(9)} ${what}`)
      .join('\n')
  }
}

const longest = 220

const shorten = (frame: string): string => (frame.length > longest ? `${frame.slice(0, longest)}…` : frame)

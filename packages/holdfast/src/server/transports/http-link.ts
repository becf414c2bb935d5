import type { HttpExchange } from '../http/exchange.ts'
import { refuse, refuseUnknownLink } from '../http/refuse.ts'
import type { Accept, LinkEvents, LinkRequest, LinkSocket } from './link-socket.ts'

/** What the hub writes to, until it ended. */
export interface Downlink extends LinkSocket {
  /** False once a close began. */
  readonly open: boolean
}

/** A request of the uplink whose body is being read. */
interface Reading {
  readonly exchange: HttpExchange
  readonly sequence: number
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One link over HTTP: its uplink, and what it has in common whatever its downlink is made of. */
export class HttpLink<Down extends Downlink = Downlink> {
  readonly name: string
  readonly downlink: Down
  readonly #gone: (link: HttpLink) => void
  #events: LinkEvents | null = null
  #ended = false
  /** The number of the last request that was taken. */
  #taken = 0
  #reading: Reading | null = null

  /** @param gone called once, when nothing of the link is left */
  constructor(name: string, makeDownlink: (ended: () => void) => Down, gone: (link: HttpLink) => void) {
    this.name = name
    this.#gone = gone
    this.downlink = makeDownlink(() => this.#end())
  }

  /** How the hub knows the link; null before it does. */
  get events(): LinkEvents | null {
    return this.#events
  }

  /** Introduces it to the hub, which may end it at once. */
  introduce(accept: Accept, { headers, remoteAddress }: LinkRequest): void {
    this.#events = accept(this.downlink, { headers, remoteAddress })
    if (this.#ended) this.#events.closed()
  }

  /** A request of this link came before another's answer had ended [R55]. */
  pipelined(): void {
    this.#events?.broken('A request was pipelined behind an answer that had not ended.')
  }

  /** Takes the frames of a request, once its body has arrived whole and if it is the next one [R51]. */
  send(exchange: HttpExchange, sequence: number, maxBytes: number): void {
    if (sequence > this.#taken + 1) return refuseSequence(exchange, this.#taken + 1)
    const earlier = this.#reading
    // A late copy of one that was taken long ago; nobody waits for its answer.
    if (earlier && sequence < earlier.sequence) return exchange.answer(204, { connection: 'close' }, [])
    this.#reading = { exchange, sequence }
    earlier?.exchange.destroy()
    exchange.onClosed(() => this.#stopReading(exchange))
    exchange.readBody(maxBytes, (body) => {
      if (this.#stopReading(exchange)) this.#read(exchange, sequence, body)
    })
  }

  #read(exchange: HttpExchange, sequence: number, body: Uint8Array | null): void {
    if (!this.downlink.open) return refuseUnknownLink(exchange)
    if (!body) {
      refuse(exchange, { code: 'frame_too_large', message: 'The body is larger than the hub takes.' })
      return
    }
    if (sequence <= this.#taken) return exchange.answer(204, {}, [])
    const frames = linesOf(body)
    if (!frames) {
      refuse(exchange, { code: 'request_invalid', message: 'The body is one or more lines of UTF-8.' })
      return
    }
    this.#taken = sequence
    exchange.answer(204, {}, [])
    for (const frame of frames) {
      if (this.#ended) return
      this.#events?.received(frame)
    }
  }

  /** False if it was not being read any more. */
  #stopReading(exchange: HttpExchange): boolean {
    if (this.#reading?.exchange !== exchange) return false
    this.#reading = null
    return true
  }

  #end(): void {
    this.#ended = true
    const reading = this.#reading
    this.#reading = null
    reading?.exchange.destroy()
    this.#gone(this)
    this.#events?.closed()
  }
}

function refuseSequence(exchange: HttpExchange, next: number): void {
  refuse(exchange, { code: 'request_invalid', message: `The next number is ${next}.` })
}

/** The lines of a body, or null if it has none or is no text. */
function linesOf(body: Uint8Array): string[] | null {
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    return null
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.length > 0 ? lines : null
}

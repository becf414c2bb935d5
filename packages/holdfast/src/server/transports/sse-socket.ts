import type { Slice } from '../../engines/engine.ts'
import type { HttpExchange, ResponseHeaders } from '../http/exchange.ts'
import { encodeEvent, eventHeaders, type EventFraming } from './event-framing.ts'
import type { LinkSocket } from './link-socket.ts'

/** A proxy that holds back what comes first is noticed before anything depends on it [R52]. */
const opening = Buffer.from(': open\n\n')

/** A downlink that is one response, and ends with it. */
export class SseSocket implements LinkSocket {
  readonly encode: LinkSocket['encode'] = encodeEvent
  readonly abandoned = false
  readonly #exchange: HttpExchange
  readonly #headers: ResponseHeaders
  readonly #framing: EventFraming
  readonly #ended: () => void
  #state: 'opening' | 'open' | 'closing' | 'ended' = 'opening'

  /** @param ended called once, when nothing of it is left */
  constructor(exchange: HttpExchange, headers: ResponseHeaders, framing: EventFraming, ended: () => void) {
    this.#exchange = exchange
    this.#headers = headers
    this.#framing = framing
    this.#ended = ended
  }

  get open(): boolean {
    return this.#state === 'opening' || this.#state === 'open'
  }

  /** From now on the connection's end is noticed. */
  watch(): void {
    this.#exchange.onClosed(() => {
      this.#state = 'ended'
      this.#ended()
    })
  }

  /** Sends the first bytes, unless something was written already. */
  begin(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#exchange.begin(200, { ...eventHeaders, ...this.#headers })
    this.#exchange.write([opening], () => {})
  }

  framed(slice: Slice): Slice {
    return this.#framing.framed(slice)
  }

  write(parts: readonly Uint8Array[], written: (waited: boolean) => void): void {
    this.begin()
    // That the peer took it is no life of the link: that has to come over the uplink [R39].
    if (this.open) this.#exchange.write(parts, () => written(false))
  }

  close(): void {
    this.begin()
    if (!this.open) return
    this.#state = 'closing'
    this.#exchange.end()
  }

  destroy(): void {
    this.#exchange.destroy()
  }
}

import { crossOriginHeaders, preflightHeaders, withHeaders } from '../http/cross-origin.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { originAllowed } from '../http/origin.ts'
import { refuse, refuseUnknownLink, type HttpRefusal } from '../http/refuse.ts'
import type { HubParts } from '../hub-parts.ts'
import { maxHelloBytes } from '../links/link.ts'
import { EventFraming } from './event-framing.ts'
import { HttpLink, type Downlink } from './http-link.ts'
import type { Accept } from './link-socket.ts'
import { PollSocket } from './poll-socket.ts'
import { SseSocket } from './sse-socket.ts'

/** The longest a poll waits, unless the hub pings more often [R53]. */
const longestWaitMs = 25_000
const uplinkType = 'application/x-ndjson'

/** Whose links they are. */
export interface HttpTransportHub {
  readonly parts: Pick<HubParts, 'env' | 'settings' | 'sessions' | 'timekeeper'>
  readonly refusing: boolean
  readonly accept: Accept
}

/** Makes links of HTTP requests: a table of them by name, and what each request means [R49]. */
export class HttpTransport {
  readonly #hub: HttpTransportHub
  readonly #framing = new EventFraming()
  readonly #links = new Map<string, HttpLink>()
  /** Polled links, the latest opened last, that may not be welcomed yet: they cost a client not even a socket. */
  readonly #fresh = new Set<HttpLink>()

  constructor(hub: HttpTransportHub) {
    this.#hub = hub
  }

  /** Every link that has not ended. */
  get links(): Iterable<HttpLink> {
    return this.#links.values()
  }

  /** Answers a request, now or later; the last part of its path says what it is about. */
  serve(exchange: HttpExchange): void {
    const { origins } = this.#hub.parts.settings
    if (!originAllowed(exchange, origins)) {
      refuse(exchange, { code: 'origin_forbidden', message: 'The page’s origin is not allowed.' })
      return
    }
    this.#route(withHeaders(exchange, crossOriginHeaders(exchange, origins)))
  }

  #route(exchange: HttpExchange): void {
    const serve = this.#services.get(lastPart(exchange.url))
    if (exchange.pipelined) {
      refuseRequest(exchange, 'It came before the answer to the request before it had ended.')
    } else if (!serve) {
      refuseRequest(exchange, 'There is nothing at this path.', { status: 404 })
    } else if (exchange.method === 'OPTIONS') {
      exchange.answer(204, preflightHeaders, [])
    } else if (exchange.method !== 'POST') {
      refuseRequest(exchange, 'Send a POST.', { status: 405, headers: { allow: 'POST, OPTIONS' } })
    } else {
      serve(exchange)
    }
  }

  readonly #services: ReadonlyMap<string, (exchange: HttpExchange) => void> = new Map([
    ['sse', (exchange: HttpExchange) => this.#openSse(exchange)],
    ['poll', (exchange: HttpExchange) => this.#answerPoll(exchange)],
    ['send', (exchange: HttpExchange) => this.#send(exchange)],
  ])

  #openSse(exchange: HttpExchange): void {
    if (exchange.headers['holdfast-link'] !== undefined) {
      return refuseRequest(exchange, 'The request that opens a link names none.')
    }
    const link = this.#open(
      exchange,
      (name, ended) => new SseSocket(exchange, { 'holdfast-link': name }, this.#framing, ended),
    )
    if (!link) return
    exchange.onPipelined(() => link.pipelined())
    link.downlink.watch()
    link.introduce(this.#hub.accept, exchange)
    link.downlink.begin()
  }

  #answerPoll(exchange: HttpExchange): void {
    if (exchange.headers['holdfast-link'] === undefined) this.#openPoll(exchange)
    else this.#poll(exchange)
  }

  #openPoll(exchange: HttpExchange): void {
    const { timekeeper } = this.#hub.parts
    const link = this.#open(exchange, (_name, ended) => new PollSocket(timekeeper, this.#framing, ended))
    if (!link) return
    link.introduce(this.#hub.accept, exchange)
    exchange.answer(204, { 'holdfast-link': link.name }, [])
    this.#fresh.add(link)
    this.#dropOldestFresh()
  }

  /** Makes a link, of which the hub does not know yet. */
  #open<Down extends Downlink>(
    exchange: HttpExchange,
    makeDownlink: (name: string, ended: () => void) => Down,
  ): HttpLink<Down> | null {
    if (this.#hub.refusing) {
      refuse(exchange, { code: 'hub_closing', message: 'The hub is closing.' })
      return null
    }
    const { env, sessions } = this.#hub.parts
    const name = `${sessions.hubName}.${env.randomName()}`
    const link = new HttpLink(
      name,
      (ended) => makeDownlink(name, ended),
      (gone) => {
        this.#links.delete(name)
        this.#fresh.delete(gone)
      },
    )
    this.#links.set(name, link)
    return link
  }

  #dropOldestFresh(): void {
    for (const link of this.#fresh) {
      if (this.#fresh.size <= this.#hub.parts.settings.limits.maxFreshPolls) return
      this.#fresh.delete(link)
      if (!link.events?.bound) link.downlink.destroy()
    }
  }

  #poll(exchange: HttpExchange): void {
    const link = this.#linkOf(exchange)
    if (!link) return refuseUnknownLink(exchange)
    if (!(link.downlink instanceof PollSocket)) return refuseRequest(exchange, 'This link is not polled.')
    const received = numberIn(exchange, 'holdfast-received')
    if (received === null) return refuseRequest(exchange, 'holdfast-received must be a number.')
    const named = exchange.headers['holdfast-wait'] !== undefined
    const maxWaitMs = Math.min(longestWaitMs, this.#hub.parts.settings.heartbeat.intervalMs)
    const waitMs = named ? numberIn(exchange, 'holdfast-wait') : maxWaitMs
    if (waitMs === null) return refuseRequest(exchange, 'holdfast-wait must be a number of milliseconds.')
    exchange.onPipelined(() => link.pipelined())
    link.downlink.poll(exchange, { received, waitMs: Math.min(waitMs, maxWaitMs) })
  }

  #send(exchange: HttpExchange): void {
    const [type = ''] = (exchange.headers['content-type'] ?? '').split(';', 1)
    if (type.trim().toLowerCase() !== uplinkType) {
      return refuseRequest(exchange, `The content type of frames is ${uplinkType}.`, { status: 415 })
    }
    const link = this.#linkOf(exchange)
    if (!link?.downlink.open) return refuseUnknownLink(exchange)
    const sequence = numberIn(exchange, 'holdfast-sequence')
    if (!sequence) return refuseRequest(exchange, 'holdfast-sequence must be a number from 1.')
    exchange.onPipelined(() => link.pipelined())
    const maxBytes = link.events?.bound ? this.#hub.parts.settings.limits.maxFrameBytes : maxHelloBytes
    link.send(exchange, sequence, maxBytes)
  }

  #linkOf({ headers }: HttpExchange): HttpLink | undefined {
    const name = headers['holdfast-link']
    return typeof name === 'string' ? this.#links.get(name) : undefined
  }
}

function lastPart(url: string): string {
  const [path = ''] = url.split('?', 1)
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A header that is a number from 0, or null. */
function numberIn({ headers }: HttpExchange, name: string): number | null {
  const text = headers[name]
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text)) return null
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : null
}

function refuseRequest(
  exchange: HttpExchange,
  message: string,
  how: Pick<HttpRefusal, 'status' | 'headers'> = {},
): void {
  refuse(exchange, { code: 'request_invalid', message, ...how })
}

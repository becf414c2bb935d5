import type { FetchResponse } from '../../client/fetch.ts'
import type { MemoryPipe, PipeConditions } from '../memory-pipe.ts'
import {
  countFrames,
  type HubPeer,
  type NetworkLink,
  type RecordedFrame,
  type Side,
} from '../network-link.ts'
import type { Wiretap } from '../wiretap.ts'
import { outside, type VirtualClock } from '../virtual-clock.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import { HttpConnection, type ExchangeTap } from './http-connection.ts'
import type { HttpFaults, RecordedRequest } from './http-faults.ts'
import { MemoryExchange, type ExchangeRequest, type ResponseFate } from './memory-exchange.ts'

export interface HttpClient {
  readonly loop: VirtualLoop
  /** Bytes that the client sent over the link and that no request has taken yet. */
  bufferedBytes(): number
}

/** What a link needs of the network it is part of. */
export interface HttpSurroundings {
  readonly clock: VirtualClock
  readonly conditions: PipeConditions
  /** All requests share one connection, as over HTTP/2; else a `send` never waits for the downlink. */
  readonly multiplexed: boolean
  /** A proxy holds every response back until it is whole. */
  readonly buffering: () => boolean
  /** Told of what passes, if somebody listens. */
  readonly wiretap: Wiretap | null
  /** The hub that a new connection would reach now. */
  readonly hub: () => HubPeer | null
  /** Fails as a request that reaches no hub. */
  readonly unreachable: (signal: AbortSignal) => Promise<FetchResponse>
}

/**
 * One simulated link over HTTP: all requests that belong to it, the one that opens it and those that name it. They travel
 * over two connections, one for the downlink and one for `send`, or over a single one.
 *
 * A `cut` kills the way between this client and this hub for good: all connections are reset, and requests that name the
 * link fail at once from then on; a side that is not named hears nothing and gets no answers. `tellClosed` breaks what one side
 * has open: at the client its requests fail, and so do later ones. `vanish` and the pipes concern all requests of
 * the link, those to come too. When the hub's process dies its connections are reset, and later requests reach the hub that
 * runs then. A hub whose poll broke off cannot know that the link is gone: `goneAt` tells of connections, not of that.
 */
export class MemoryHttpLink implements NetworkLink, HttpFaults {
  readonly frames: RecordedFrame[] = []
  readonly requests: RecordedRequest[] = []
  readonly lateAnswers: number[] = []
  readonly #surroundings: HttpSurroundings
  readonly #client: HttpClient
  #downlink: HttpConnection
  #uplink: HttpConnection
  /** Connections of a proxy that still brings what was stuck in it. */
  readonly #stuck = new Set<HttpConnection>()
  #fate: 'whole' | 'hubDied' | 'deadForClient' = 'whole'
  /** How many responses are still to be lost. */
  readonly #losses = { poll: 0, send: 0 }
  /** How late the next `send` arrives; the client of one that never does is not told. */
  #sendDelayMs: number | null = null

  constructor(surroundings: HttpSurroundings, client: HttpClient, hub: HubPeer) {
    this.#surroundings = surroundings
    this.#client = client
    ;[this.#downlink, this.#uplink] = this.#connected(hub)
  }

  get http(): HttpFaults {
    return this
  }

  get up(): MemoryPipe {
    return this.#uplink.up.pipe
  }

  get down(): MemoryPipe {
    return this.#downlink.down.pipe
  }

  get bufferedBytes(): number {
    return this.#client.bufferedBytes()
  }

  get gone(): boolean {
    return this.goneAt('client') && this.goneAt('hub')
  }

  goneAt(side: Side): boolean {
    const exchanges = [...this.#connections(), ...this.#stuck].flatMap((connection) => [
      ...connection.exchanges,
    ])
    return !exchanges.some(({ fetched, openAtHub }) => (side === 'client' ? fetched.open : openAtHub))
  }

  count(direction: RecordedFrame['direction'], type: string): number {
    return countFrames(this.frames, direction, type)
  }

  /** A request that opens this link or names it. */
  fetch(request: ExchangeRequest): Promise<FetchResponse> {
    const { clock, hub, unreachable } = this.#surroundings
    const path = /\/[^/?]*(?=$|\?)/.exec(request.url)?.[0] ?? ''
    this.requests.push({ at: clock.now, path, bytes: Buffer.byteLength(request.body ?? '') })
    if (this.#fate === 'deadForClient') return this.#refused()
    if (this.#fate === 'hubDied') {
      const running = hub()
      if (!running) return unreachable(request.signal)
      this.#fate = 'whole'
      ;[this.#downlink, this.#uplink] = this.#connected(running)
    }
    const isSend = path === '/send'
    if (isSend && this.#sendDelayMs !== null) return this.#getStuck(request, this.#sendDelayMs)
    const connection = isSend ? this.#uplink : this.#downlink
    const exchange = new MemoryExchange(connection, request, () => this.#fateOf(isSend))
    exchange.send()
    return exchange.fetched.response
  }

  cut(...sides: Side[]): void {
    const told = sides.length > 0 ? sides : (['client', 'hub'] as const)
    this.vanish()
    for (const { up, down } of this.#connections()) {
      // The kernel of a side that knows nothing still takes what is written.
      if (told.includes('client')) up.pipe.drop()
      if (told.includes('hub')) down.pipe.drop()
    }
    for (const side of told) this.tellClosed(side)
  }

  tellClosed(side: Side): void {
    if (side === 'hub') {
      for (const connection of this.#connections()) connection.hub.loop.io(() => connection.closedAtHub())
      return
    }
    this.#fate = 'deadForClient'
    this.#client.loop.io(() => {
      for (const connection of this.#connections()) connection.closedAtClient()
    })
  }

  vanish(...directions: RecordedFrame['direction'][]): void {
    const lost = directions.length > 0 ? directions : (['up', 'down'] as const)
    for (const connection of this.#connections()) {
      for (const direction of lost) connection[direction].pipe.vanish()
    }
  }

  hubDied(): void {
    if (this.#fate === 'whole') this.#fate = 'hubDied'
    for (const connection of [...this.#connections(), ...this.#stuck]) connection.hubDied()
  }

  loseResponse(to: 'poll' | 'send', times: number = 1): void {
    this.#losses[to] = times
  }

  delaySend(ms: number): void {
    this.#sendDelayMs = ms
  }

  loseSend(): void {
    this.#sendDelayMs = Infinity
  }

  #refused(): Promise<FetchResponse> {
    return new Promise((_resolve, reject) => {
      this.#client.loop.io(() => reject(new TypeError('there is no way')))
    })
  }

  get #tap(): ExchangeTap | null {
    const { wiretap } = this.#surroundings
    return wiretap && ((...passed) => wiretap.passed(this, ...passed))
  }

  #connections(): HttpConnection[] {
    return [...new Set([this.#downlink, this.#uplink])]
  }

  #connected(hub: HubPeer): readonly [downlink: HttpConnection, uplink: HttpConnection] {
    const { clock, conditions, multiplexed } = this.#surroundings
    const connection = (): HttpConnection =>
      new HttpConnection(clock, conditions, this.#client.loop, hub, this.#tap)
    const downlink = connection()
    return [downlink, multiplexed ? downlink : connection()]
  }

  #fateOf(isSend: boolean): ResponseFate {
    const request = isSend ? 'send' : 'poll'
    if (this.#losses[request] > 0) {
      this.#losses[request]--
      return 'lost'
    }
    return this.#surroundings.buffering() ? 'held back until it is whole' : 'arrives'
  }

  #getStuck(request: ExchangeRequest, delayMs: number): Promise<FetchResponse> {
    this.#sendDelayMs = null
    const { clock, conditions, hub } = this.#surroundings
    if (delayMs === Infinity) return aborted(request.signal)
    clock.schedule(clock.now + delayMs, 'io', outside, () => {
      const running = hub()
      if (!running) return
      const connection = new HttpConnection(clock, conditions, this.#client.loop, running, this.#tap)
      this.#stuck.add(connection)
      const { signal } = new AbortController()
      const exchange = new MemoryExchange(connection, { ...request, signal }, (status) => {
        this.lateAnswers.push(status)
        return 'lost'
      })
      exchange.send()
      exchange.resetAtClient()
    })
    return this.#refused()
  }
}

/** Fails when the client gives up. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

import {
  clientDeadline,
  initialClientState,
  isContested,
  isOrphaned,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Departure,
} from '../core/client/state.ts'
import { stepClient } from '../core/client/step.ts'
import { departures, machinePolicy, welcome } from './client-machine.ts'

/** What links over a transport are like. */
export type Condition =
  | 'works'
  | 'refused'
  /** Nothing comes back, not even that it opened; an open link carries nothing any more. */
  | 'silent'
  /** It opens, and carries nothing. */
  | 'opens'
  /** It opens and answers pings, but the welcome never comes. */
  | 'pongs'
  /** It opens and says welcome, but answers no ping. */
  | 'welcomes'
  /** It works, and is cut after so many milliseconds. */
  | number

export interface Try {
  readonly at: number
  readonly transport: number
  /** In the background. */
  readonly beside: boolean
}

interface Link {
  readonly attempt: number
  readonly transport: number
  isOpen: boolean
}

const latencyMs = 10

/** The machine, a driver and a hub behind several transports, in simulated time. */
export class ClientWorld {
  readonly tries: Try[] = []
  /** The transports that were live, each after another. */
  readonly used: number[] = []
  readonly conditions: Condition[]
  state: ClientState
  now = 0
  random = 0
  /** How long token() takes. */
  tokenMs = 0
  /** Timers fire only at multiples of this. */
  timersEveryMs = 1
  /** Once everything that was to come by a moment has come. */
  onFailure: () => void = () => {}
  readonly #policy: ClientPolicy
  #hubIsUp = true
  #events: { readonly at: number; readonly happen: () => void }[] = []
  #main: Link | null = null
  #rival: Link | null = null
  /** The link that the hub knows. */
  #bound: Link | null = null
  #heardAt = 0

  constructor(conditions: readonly Condition[], home: number = 0, policy: Partial<ClientPolicy> = {}) {
    this.conditions = [...conditions]
    this.#policy = { ...machinePolicy, transports: conditions.length, ...policy }
    this.state = initialClientState(home)
  }

  /** The transport in use, or null. */
  get transport(): number | null {
    const { state } = this
    return state.name === 'live' && !isOrphaned(state) ? state.choice.transport : null
  }

  get rivalPhase(): 'opening' | 'proving' | 'joining' | null {
    return isContested(this.state) ? this.state.rival.phase : null
  }

  start(): this {
    this.input({ type: 'started' })
    return this
  }

  /** Lets time pass, for as long as the condition does not hold. */
  run(ms: number, until: () => boolean = () => false): this {
    const end = this.now + ms
    while (!until()) {
      const event = this.#events[0]
      const tickAt = this.#tickAt()
      const at = Math.min(event?.at ?? Infinity, tickAt)
      if (at > end) {
        this.now = end
        break
      }
      this.now = Math.max(this.now, at)
      if (event && event.at <= tickAt) {
        this.#events.shift()
        event.happen()
      } else this.#tick()
    }
    return this
  }

  input(input: ClientInput): void {
    const before = this.transport
    const policy = this.#policy
    const { state, effects } = stepClient(this.state, input, {
      now: this.now,
      random: () => this.random,
      policy,
    })
    const lost = input.type === 'departed' && state !== this.state && input.attempt === this.#main?.attempt
    if (lost) this.#drop(this.#main)
    this.state = state
    for (const effect of effects) this.#interpret(effect)
    if (this.transport !== null && this.transport !== before) this.used.push(this.transport)
  }

  /** The hub dies or is there again; dying, it may say goodbye. */
  hub(isUp: boolean, departure: Departure = departures.lost): void {
    this.#hubIsUp = isUp
    if (isUp) return
    this.#bound = null
    for (const link of [this.#main, this.#rival]) if (link?.isOpen) this.#depart(link, departure)
  }

  /** The link in use ends. */
  lose(departure: Departure = departures.lost): void {
    if (this.#main) this.#depart(this.#main, departure)
  }

  /** The rival's link ends. */
  loseRival(departure: Departure = departures.lost): void {
    if (this.#rival) this.#depart(this.#rival, departure)
  }

  #tickAt(): number {
    const deadline = clientDeadline(this.state) ?? Infinity
    const every = this.timersEveryMs
    return deadline === Infinity ? Infinity : Math.max(this.now, Math.ceil(deadline / every) * every)
  }

  #tick(): void {
    const late = this.now - (clientDeadline(this.state) ?? this.now) > 1_000
    this.input({ type: 'ticked', heardAt: this.#heardAt, late })
  }

  #later(ms: number, happen: () => void): void {
    const at = this.now + ms
    const place = this.#events.findIndex((event) => event.at > at)
    this.#events.splice(place < 0 ? this.#events.length : place, 0, { at, happen })
  }

  #interpret(effect: ClientEffect): void {
    switch (effect.type) {
      case 'open':
        return this.#open(effect.attempt, effect.transport)
      case 'greet':
        return this.#greet(this.#rival?.attempt === effect.attempt ? this.#rival : this.#main)
      case 'challenge':
        return this.#ping(this.#rival, 0)
      case 'ping':
        return this.#ping(this.#main, effect.id)
      case 'promote':
        this.#drop(this.#main)
        this.#main = this.#rival
        this.#rival = null
        this.#heardAt = this.now
        return
      case 'withdraw':
        return this.#drop(this.#rival)
      case 'abandon':
        return this.#drop(this.#main)
      case 'leave': {
        const link = this.#main
        return this.#later(latencyMs, () => link && this.#depart(link, departures.refused))
      }
      case 'admit':
      case 'release':
      // Nothing of the network.
    }
  }

  #open(attempt: number, transport: number): void {
    const beside = this.state.name === 'live'
    const link: Link = { attempt, transport, isOpen: false }
    if (beside) this.#rival = link
    else this.#main = link
    this.tries.push({ at: this.now, transport, beside })
    this.#later(this.tokenMs, () => {
      if (!this.#holds(link)) return
      this.input({ type: 'tokenObtained', attempt })
      this.#later(latencyMs, () => this.#answer(link))
    })
  }

  #answer(link: Link): void {
    if (!this.#holds(link)) return
    const condition = this.conditions[link.transport]
    if (condition === 'silent') return
    if (this.#hubIsUp && condition !== 'refused') {
      link.isOpen = true
      this.input({ type: 'opened', attempt: link.attempt })
    } else {
      this.#depart(link, departures.unopened)
      this.onFailure()
    }
  }

  #greet(link: Link | null): void {
    if (!link) return
    this.#later(latencyMs, () => {
      if (!this.#holds(link) || !this.#carries(link, 'welcomes', 'pongs')) return
      const fenced = this.#bound
      this.#bound = link
      if (fenced && fenced !== link) this.#later(latencyMs, () => this.#depart(fenced, departures.superseded))
      this.#later(latencyMs, () => this.#welcome(link))
    })
  }

  #welcome(link: Link): void {
    const condition = this.conditions[link.transport]
    if (!this.#holds(link) || !this.#carries(link, 'welcomes')) return
    this.#heardAt = this.now
    this.input({ type: 'welcomed', attempt: link.attempt, welcome })
    if (typeof condition === 'number') this.#later(condition, () => this.#depart(link, departures.lost))
  }

  #ping(link: Link | null, id: number): void {
    if (!link) return
    this.#later(2 * latencyMs, () => {
      if (!this.#holds(link) || !this.#carries(link, 'pongs')) return
      if (link === this.#main) this.#heardAt = this.now
      this.input({ type: 'ponged', attempt: link.attempt, id })
    })
  }

  #carries(link: Link, ...also: readonly Condition[]): boolean {
    const condition = this.conditions[link.transport] ?? 'silent'
    return (
      link.isOpen &&
      this.#hubIsUp &&
      (condition === 'works' || typeof condition === 'number' || also.includes(condition))
    )
  }

  #depart(link: Link, departure: Departure): void {
    if (!this.#holds(link)) return
    if (this.#bound === link) this.#bound = null
    this.input({ type: 'departed', attempt: link.attempt, departure })
  }

  #drop(link: Link | null): void {
    if (this.#main === link) this.#main = null
    if (this.#rival === link) this.#rival = null
  }

  #holds(link: Link): boolean {
    return this.#main === link || this.#rival === link
  }
}

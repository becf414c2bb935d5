import {
  clientDeadline,
  initialClientState,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Departure,
} from '../core/client/state.ts'
import { stepClient } from '../core/client/step.ts'
import { departures, machinePolicy, welcome } from './client-machine.ts'

/** A client in a world where time passes only when the test says so. */
export class ClientTrial {
  state: ClientState = initialClientState()
  now = 0
  random = 0
  heardAt = 0
  readonly effects: ClientEffect[] = []
  readonly #policy: ClientPolicy

  constructor(policy: Partial<ClientPolicy> = {}) {
    this.#policy = { ...machinePolicy, ...policy }
    this.take({ type: 'started' })
  }

  take(...inputs: readonly ClientInput[]): this {
    for (const input of inputs) {
      const context = { now: this.now, random: () => this.random, policy: this.#policy }
      const { state, effects } = stepClient(this.state, input, context)
      this.state = state
      this.effects.push(...effects)
    }
    return this
  }

  get attempt(): number {
    return 'attempt' in this.state ? this.state.attempt : 0
  }

  get deadline(): number {
    return clientDeadline(this.state) ?? Infinity
  }

  join(): this {
    return this.take({ type: 'opened', attempt: this.attempt })
  }

  welcome(): this {
    this.heardAt = this.now
    return this.join().take({ type: 'welcomed', attempt: this.attempt, welcome })
  }

  /** A ping round trip of 20 ms. */
  prove(): this {
    this.now += 20
    this.heardAt = this.now
    return this.take({ type: 'ponged', attempt: this.attempt, id: 1 })
  }

  depart(departure: Departure = departures.lost): this {
    return this.take({ type: 'departed', attempt: this.attempt, departure })
  }

  tick(late = false): this {
    return this.take({ type: 'ticked', heardAt: this.heardAt, late })
  }

  /** Lets time pass until the client is no longer what it is; nothing is heard meanwhile. */
  leaveState(): this {
    const { name } = this.state
    for (let ticks = 0; ticks < 1_000 && this.state.name === name; ticks++) {
      if (this.deadline === Infinity) break
      this.now = Math.max(this.now, this.deadline)
      this.tick()
    }
    return this
  }

  count(type: ClientEffect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length
  }

  get waitMs(): number {
    return this.state.name === 'waiting' ? this.state.retryAt - this.now : NaN
  }
}

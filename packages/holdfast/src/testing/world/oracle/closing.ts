import type { Report } from './violation.ts'
import type { JudgedClient } from './witnesses.ts'

/** When `close` has resolved, nothing of a client is left and nothing comes back. */
export class ClosingOracle {
  readonly #report: Report
  /** How much each closed client had told its application by then. */
  readonly #told = new Map<JudgedClient, number>()

  constructor(report: Report) {
    this.#report = report
  }

  closed(device: JudgedClient): void {
    this.#told.set(device, toldOf(device))
    const { pending, topics, asks, listeners } = device.client.stats()
    for (const [what, count] of Object.entries({ pending, topics, asks, listeners })) {
      if (count > 0) this.#report(device.index, `is closed with ${count} ${what}`)
    }
    if (device.client.state !== 'closed')
      this.#report(device.index, `is closed, but says ${device.client.state}`)
    for (const [place, { active, iterated }] of device.subscriptions.entries()) {
      if (active && !iterated) this.#report(device.index, `subscription ${place} outlives it`)
    }
    this.check(device)
  }

  /** After each event. */
  check(device: JudgedClient): void {
    const told = this.#told.get(device)
    if (told === undefined) return
    const { timers, held, page, heldRequests } = device.pairClient
    const left = {
      timers: timers.pending,
      'opening links': held.opening,
      'open links': held.open,
      pages: page ? 1 : 0,
      'held requests': heldRequests,
      'late events': toldOf(device) - told,
    }
    for (const [what, count] of Object.entries(left)) {
      if (count > 0) this.#report(device.index, `has ${count} ${what} after its end`)
    }
  }
}

const toldOf = ({ pairClient: { states, errors } }: JudgedClient): number => states.length + errors.length

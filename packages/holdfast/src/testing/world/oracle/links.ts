import type { HubCore } from '../../../server/hub-core.ts'
import type { Report } from './violation.ts'
import type { JudgedClient } from './witnesses.ts'

/** Each session has one live link at most, each client one timer and one link that it opens. */
export class LinkOracle {
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  /** After each event. */
  check(device: JudgedClient): void {
    const { timers, held } = device.pairClient
    if (timers.most > 1) this.#report(device.index, `has ${timers.most} timers pending`)
    if (held.mostOpening > 1) this.#report(device.index, `opens ${held.mostOpening} links at once`)
    // A better link may be tried beside the one that works.
    if (held.most > 2) this.#report(device.index, `holds ${held.most} links at once`)
  }

  /** After each step of the schedule: what takes longer to see. */
  checkHub(links: HubCore['links']): void {
    const bound = new Set<object>()
    for (const link of links) {
      const { session } = link
      if (!session || link.closing) continue
      if (bound.has(session)) this.#report(null, `session ${session.id} has two links`)
      bound.add(session)
    }
  }
}

import type { Device } from '../device.ts'
import { isUnsound } from '../network-faults.ts'
import { silentClient } from '../../../core/link/step.ts'
import type { Schedule } from '../schedule.ts'
import type { Report } from './violation.ts'

/** A client that sleeps shorter than this answers in time: a hub waits for 15 s. */
const longFreezeMs = 10_000
/** A hub that sleeps shorter than this answers in time: a client that woke up waits for 5 s. */
const longPauseMs = 4_000

/** Whoever stood still does not take that for the death of the other [R41]. */
export class HeartbeatOracle {
  readonly #report: Report
  /** Nothing can happen to the bytes of a link that is not cut. */
  readonly #soundNetwork: boolean
  readonly #clientsSleep: boolean
  readonly #hubSleeps: boolean
  readonly #seen = new Map<Device, number>()

  constructor({ settings, steps }: Schedule, report: Report) {
    this.#report = report
    this.#soundNetwork = settings.network.bytesPerMs === undefined && !steps.some(isUnsound)
    this.#clientsSleep = steps.some((step) => step.do === 'freeze' && step.ms >= longFreezeMs)
    this.#hubSleeps = steps.some((step) => step.do === 'pauseHub' && step.ms >= longPauseMs)
  }

  /** After each event. */
  check(device: Device): void {
    if (!this.#soundNetwork) return
    const { errors } = device.pairClient
    const seen = this.#seen.get(device) ?? 0
    if (errors.length === seen) return
    this.#seen.set(device, errors.length)
    for (const { code, message } of errors.slice(seen)) {
      if (code !== 'heartbeat_timeout') continue
      const byHub = message === silentClient
      const excused = byHub ? this.#clientsSleep : this.#hubSleeps
      if (!excused) this.#report(device.index, `was taken for dead by the ${byHub ? 'hub' : 'client'}`)
    }
  }
}

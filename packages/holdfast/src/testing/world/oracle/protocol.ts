import type { ErrorCode } from '../../../core/wire/error-codes.ts'
import { BrokenHandler } from '../broken-handler.ts'
import type { Report } from './violation.ts'
import type { JudgedClient } from './witnesses.ts'

/** With these one side tells the other that it broke the protocol, or an application's callback threw. */
const blame: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'frame_invalid',
  'frame_unknown',
  'frame_too_large',
  'hello_expected',
  'version_unsupported',
  'origin_forbidden',
  'number_skipped',
  'number_reused',
  'too_many_open',
  'handler_threw',
])

/** What hubs log in a sound world, where handlers throw and services are away. */
const expectedLogs: ReadonlySet<string> = new Set([
  'authenticate failed',
  'authorize failed',
  'a request handler failed',
  'the validator of an ask failed',
  'the engine could not conclude an ask',
  'the engine could not load the asks',
])

/** What a hub logged. */
export interface Logged {
  readonly message: string
  readonly details: object
}

/** Real clients and real hubs never find fault with each other, whatever the network does. */
export class ProtocolOracle {
  readonly #report: Report
  readonly #seen = new Map<JudgedClient, number>()
  #seenLogs = 0

  constructor(report: Report) {
    this.#report = report
  }

  /** After each event. */
  check(device: JudgedClient): void {
    const { errors } = device.pairClient
    const seen = this.#seen.get(device) ?? 0
    if (errors.length === seen) return
    for (const { code, message, cause } of errors.slice(seen)) {
      if (blame.has(code) && !(cause instanceof BrokenHandler))
        this.#report(device.index, `was told ${code}: ${message} ${describe(cause)}`)
    }
    this.#seen.set(device, errors.length)
  }

  checkHub(logged: readonly Logged[]): void {
    for (const { message, details } of logged.slice(this.#seenLogs)) {
      if (expectedLogs.has(message)) continue
      const { error } = details as { error?: unknown }
      this.#report(null, `the hub logged '${message}': ${String(error)}`)
    }
    this.#seenLogs = logged.length
  }
}

const describe = (cause: unknown): string => (cause instanceof Error ? (cause.stack ?? cause.message) : '')

import type { ErrorCode } from '../../../core/wire/error-codes.ts'
import { defaultTimeouts } from '../../../server/options.ts'
import type { Attempt } from './attempt.ts'
import type { ServiceRecord, Truth } from './witnesses.ts'

/** What an excuse can be checked against. */
export interface Circumstances {
  readonly chronicle: Truth
  readonly services: ServiceRecord
  readonly outboxOperations: number
  readonly now: () => number
  /** For how long the hub stands still at most. */
  readonly longestPauseMs: number
  /** A hub was told to close, or died. */
  readonly hubEnded: boolean
  /** The hub knows the session now. */
  readonly knowsSession: (session: string) => boolean
}

const { authorizeMs } = defaultTimeouts

type Excuse = (attempt: Attempt, circumstances: Circumstances) => boolean

const timePassed: Excuse = ({ startedAt, described }, { now }) => now() >= startedAt + described.timeoutMs

const sessionGone: Excuse = ({ described }, { knowsSession }) => {
  const { session, device } = described
  return session === undefined || !knowsSession(session) || device?.over === true
}

const endedBy =
  (ending: 'rejected' | 'thrown'): Excuse =>
  ({ described }) =>
    described.handling?.ends === ending

/** When an operation may fail with a code; with any other it may only if its client was closed for that reason. */
const excuses: Partial<Record<ErrorCode, Excuse>> = {
  timeout: timePassed,
  aborted: ({ aborted }) => aborted,
  closed: (attempt, { hubEnded }) => (attempt.ofHub ? hubEnded : attempt.described.device?.closing === true),
  ledger_lost: ({ handedIn, described }) =>
    handedIn !== null && described.device?.client.session !== handedIn && !described.idempotent,
  identity_changed: ({ described }) => described.device?.userChanged === true,
  forbidden: ({ described: { device, topic }, startedAt }, { services }) =>
    device !== null &&
    services.rights.wasRefused({ action: 'publish', topic }, device.client.session, startedAt),
  authorize_failed: (attempt, { services, now }) =>
    services.everFailedOrTimedOut.has('authorize') ||
    // Asked again because rights changed, or late because the hub stood still, it may take too long in all.
    (services.troubled.has('authorize') && now() >= attempt.startedAt + authorizeMs),
  rejected: endedBy('rejected'),
  handler_failed: endedBy('thrown'),
  session_unknown: sessionGone,
  session_ended: sessionGone,
  outbox_full: ({ described }, { outboxOperations }) =>
    described.device !== null &&
    // A client that is closed holds nothing any more, and was full a moment before.
    (described.device.closing || described.device.client.pending >= outboxOperations),
  engine_failed: (_attempt, { hubEnded, services }) => hubEnded || services.troubled.has('engine'),
}

/** Whether the code is a right answer to what happened. */
export function isExcused(attempt: Attempt, code: ErrorCode, circumstances: Circumstances): boolean {
  const excuse = excuses[code]
  return excuse?.(attempt, circumstances) === true || attempt.described.device?.endedBy === code
}

/** What the hub answers with these was never executed. */
export const refusedBeforeExecution: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'forbidden',
  'authorize_failed',
  'cancelled',
  'overloaded',
  'method_unknown',
])

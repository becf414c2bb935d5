import type { ErrorCode } from '../wire/error-codes.ts'
import { afterFailure, lived, relapsed, type Choice } from './choice.ts'
import type { Departure, Linked } from './state.ts'

/**
 * Only these speak against a transport [R58]. A goodbye shows that it works, unless the hub heard nothing, or something on
 * the way took from a frame or a request what is needed. (Where the fault is the client’s own, the hub says not to retry.)
 */
const blaming: readonly ErrorCode[] = [
  'connect_failed',
  'connect_timeout',
  'link_lost',
  'hello_timeout',
  'heartbeat_timeout',
  'frame_invalid',
  'request_invalid',
  'link_unknown',
]

/** The end of the link speaks against its transport, unless it lived for long. */
export const counts = (state: Linked, { code }: Departure): boolean =>
  !state.offline && blaming.includes(code)

/** The choice after a life that was long enough to be trusted, else null. */
const aged = (state: Linked, now: number): Choice | null =>
  state.name === 'live' && state.proved ? lived(state.choice, state.upgraded, now - state.since) : null

/** The choice if the link ended now, for no reason that counts. */
export const choiceNow = (state: Linked, now: number): Choice => aged(state, now) ?? state.choice

/** What is tried next after the end of a link, and whether at once. */
export function nextChoice(
  state: Linked,
  departure: Departure,
  now: number,
  transports: number,
): ReturnType<typeof afterFailure> {
  const trusted = aged(state, now)
  if (trusted || !counts(state, departure)) return { choice: trusted ?? state.choice, atOnce: false }
  const onTrial = state.name === 'live' && state.upgraded && !state.choice.chosen
  if (!onTrial) return afterFailure(state.choice, transports)
  return { choice: { ...relapsed(state.choice), transport: state.choice.home }, atOnce: false }
}

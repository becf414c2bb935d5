import type { Goodbye } from '../wire/goodbye.ts'
import type { SessionEffect, SessionInput, SessionState } from './state.ts'

interface Step {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}

const superseded: Goodbye = {
  code: 'superseded',
  message: 'A newer link of the same client took over.',
  retry: false,
}

/** The only place where a session's state changes. Pure: the driver interprets the effects. */
export function stepSession(
  state: SessionState,
  input: SessionInput,
  { now, ttlMs }: { readonly now: number; readonly ttlMs: number },
): Step {
  if (state.name === 'ended') return { state, effects: [] }
  switch (input.type) {
    case 'attached':
      return attach(state, input)
    case 'detached':
      return state.name === 'live' && state.link === input.link
        ? { state: { name: 'resting', expiresAt: now + ttlMs, attempt: state.attempt }, effects: [] }
        : { state, effects: [] }
    case 'ended':
      return end(state, input.goodbye)
    case 'ticked':
      return state.name === 'resting' && now >= state.expiresAt
        ? { state: { name: 'ended' }, effects: [{ type: 'forget', reason: 'expired' }] }
        : { state, effects: [] }
  }
}

/** The higher attempt wins, whatever the order of arrival [R13]. */
function attach(
  state: Exclude<SessionState, { name: 'ended' }>,
  { link, attempt }: Extract<SessionInput, { type: 'attached' }>,
): Step {
  if (attempt <= state.attempt) return { state, effects: [{ type: 'endLink', link, goodbye: superseded }] }
  return {
    state: { name: 'live', link, attempt },
    effects: state.name === 'live' ? [{ type: 'endLink', link: state.link, goodbye: superseded }] : [],
  }
}

function end(state: Exclude<SessionState, { name: 'ended' }>, goodbye: Goodbye): Step {
  const forget: SessionEffect = { type: 'forget', reason: 'ended' }
  return {
    state: { name: 'ended' },
    effects: state.name === 'live' ? [{ type: 'endLink', link: state.link, goodbye }, forget] : [forget],
  }
}

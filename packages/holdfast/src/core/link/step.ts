import type { Farewell } from '../wire/farewell.ts'
import {
  expiryDeadline,
  type Expiry,
  type LinkEffect,
  type LinkInput,
  type LinkPolicy,
  type LinkState,
} from './state.ts'

/** How long a link that was said goodbye to may take to close before it is destroyed [R43]. */
export const destroyAfterMs = 1_000

interface Step {
  readonly state: LinkState
  readonly effects: readonly LinkEffect[]
}

interface Context {
  readonly now: number
  readonly policy: LinkPolicy
}

const stay = (state: LinkState): Step => ({ state, effects: [] })

const end = (farewell: Farewell, now: number): Step => ({
  state: { name: 'closing', destroyAt: now + destroyAfterMs },
  effects: [{ type: 'farewell', farewell }],
})

const timeout = (code: Farewell['code'], message: string): Farewell => ({ code, message, retry: true })

const expiryIn = (now: number, expiresInMs: number | null): Expiry | null =>
  expiresInMs === null ? null : { expiresAt: now + expiresInMs, asked: false }

/** The only place where a link's state changes. Pure: the driver interprets the effects. */
export function stepLink(state: LinkState, input: LinkInput, context: Context): Step {
  if (state.name === 'closed') return stay(state)
  switch (input.type) {
    case 'greeted':
      return state.name === 'greeting' ? authenticate(context) : stay(state)
    case 'admitted':
      return state.name === 'authenticating' ? bind(input.expiresInMs, context) : stay(state)
    case 'reauthenticated':
      return state.name === 'bound'
        ? stay({ ...state, expiry: expiryIn(context.now, input.expiresInMs) })
        : stay(state)
    case 'ended':
      return state.name === 'closing' ? stay(state) : end(input.farewell, context.now)
    case 'lost':
      return stay({ name: 'closed' })
    case 'ticked':
      return tick(state, input, context)
  }
}

const authenticate = ({ now, policy }: Context): Step => ({
  state: { name: 'authenticating', deadline: now + policy.authenticateTimeoutMs },
  effects: [{ type: 'authenticate' }],
})

const bind = (expiresInMs: number | null, { now, policy }: Context): Step =>
  stay({
    name: 'bound',
    checkAt: now + policy.heartbeat.intervalMs,
    pingedAt: null,
    expiry: expiryIn(now, expiresInMs),
  })

function tick(
  state: Exclude<LinkState, { name: 'closed' }>,
  input: Extract<LinkInput, { type: 'ticked' }>,
  context: Context,
): Step {
  const { now } = context
  switch (state.name) {
    case 'greeting':
      return now < state.deadline ? stay(state) : end(timeout('hello_timeout', 'No hello in time.'), now)
    case 'authenticating':
      return now < state.deadline
        ? stay(state)
        : end(timeout('authenticate_failed', 'The credentials could not be checked in time.'), now)
    case 'bound':
      return tickBound(state, input, context)
    case 'closing':
      return now < state.destroyAt ? stay(state) : { state, effects: [{ type: 'destroy' }] }
  }
}

type Bound = Extract<LinkState, { name: 'bound' }>

function tickBound(state: Bound, input: Extract<LinkInput, { type: 'ticked' }>, context: Context): Step {
  const { now } = context
  if (state.expiry && now >= expiryDeadline(state.expiry)) {
    if (state.expiry.asked) return end(timeout('token_expired', 'The token expired.'), now)
    const { expiresAt } = state.expiry
    const asked: Bound = { ...state, expiry: { expiresAt: Math.max(expiresAt, now), asked: true } }
    const rest = judgeSilence(asked, input, context)
    return {
      ...rest,
      effects: [{ type: 'reauthenticate', withinMs: Math.max(expiresAt - now, 0) }, ...rest.effects],
    }
  }
  return judgeSilence(state, input, context)
}

function judgeSilence(
  state: Bound,
  { heardAt, late }: Extract<LinkInput, { type: 'ticked' }>,
  { now, policy: { heartbeat } }: Context,
): Step {
  const heardSincePing = state.pingedAt === null || heardAt >= state.pingedAt
  if (heardSincePing && now < heardAt + heartbeat.intervalMs) {
    return stay({ ...state, checkAt: heardAt + heartbeat.intervalMs, pingedAt: null })
  }
  if (heardSincePing || late) {
    return {
      state: { ...state, checkAt: now + heartbeat.timeoutMs, pingedAt: now },
      effects: [{ type: 'ping' }],
    }
  }
  if (now < state.checkAt) return stay(state)
  return end(timeout('heartbeat_timeout', 'Nothing was heard from the client.'), now)
}

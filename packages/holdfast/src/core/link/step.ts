import type { Goodbye } from '../wire/goodbye.ts'
import type { Expiry, LinkEffect, LinkInput, LinkPolicy, LinkState } from './state.ts'

/** How long a link that was said goodbye to may take to close before it is destroyed [R43]. */
export const destroyAfterMs = 1_000
/** A client is asked for a fresh token this long before the old one expires, or at half its life if that is later. */
const askBeforeExpiryMs = 30_000
/**
 * While a ping is unanswered, the silence is looked at this often: a stall of this process then shows as a late tick
 * [R41], whenever it began.
 */
const lookAgainMs = 1_000

/** What a client is told that was taken for dead. */
export const silentClient = 'Nothing was heard from the client.'

interface Step {
  readonly state: LinkState
  readonly effects: readonly LinkEffect[]
}

interface Context {
  readonly now: number
  readonly policy: LinkPolicy
}

const stay = (state: LinkState): Step => ({ state, effects: [] })

const end = (goodbye: Goodbye, now: number): Step => ({
  state: { name: 'closing', destroyAt: now + destroyAfterMs },
  effects: [{ type: 'sayGoodbye', goodbye }],
})

const timeout = (code: Goodbye['code'], message: string): Goodbye => ({ code, message, retry: true })

/** Asking at half of a short life keeps tokens that live for less than 30 s from being refreshed in a loop. */
function expiryIn(now: number, expiresInMs: number | null): Expiry | null {
  if (expiresInMs === null) return null
  const expiresAt = now + expiresInMs
  return { expiresAt, askAt: expiresAt - Math.min(askBeforeExpiryMs, expiresInMs / 2) }
}

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
      return state.name === 'closing' ? stay(state) : end(input.goodbye, context.now)
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

type Ticked = Extract<LinkInput, { type: 'ticked' }>

function tick(state: Exclude<LinkState, { name: 'closed' }>, input: Ticked, context: Context): Step {
  const { now, policy } = context
  switch (state.name) {
    case 'greeting':
      if (now < state.deadline) return stay(state)
      if (input.late) return stay({ ...state, deadline: now + policy.helloTimeoutMs })
      return end(timeout('hello_timeout', 'No hello in time.'), now)
    case 'authenticating':
      if (now < state.deadline) return stay(state)
      if (input.late) return stay({ ...state, deadline: now + policy.authenticateTimeoutMs })
      return end(timeout('authenticate_failed', 'The credentials could not be checked in time.'), now)
    case 'bound':
      return tickBound(state, input, context)
    case 'closing':
      // Again every second until it is gone: a deadline that stays in the past would spin.
      return now < state.destroyAt
        ? stay(state)
        : { state: { ...state, destroyAt: now + destroyAfterMs }, effects: [{ type: 'destroy' }] }
  }
}

type Bound = Extract<LinkState, { name: 'bound' }>

function tickBound(state: Bound, input: Ticked, context: Context): Step {
  const { now } = context
  if (!state.expiry) return judgeSilence(state, input, context)
  const { expiresAt, askAt } = state.expiry
  if (askAt === null) {
    return now < expiresAt
      ? judgeSilence(state, input, context)
      : end(timeout('token_expired', 'The token expired.'), now)
  }
  if (now < askAt) return judgeSilence(state, input, context)
  const asked: Bound = { ...state, expiry: { expiresAt, askAt: null } }
  const rest = judgeSilence(asked, input, context)
  // Durations on the wire are integers [R5], which the difference of two clock readings need not be.
  const withinMs = Math.floor(Math.max(expiresAt - now, 0))
  return { ...rest, effects: [{ type: 'reauthenticate', withinMs }, ...rest.effects] }
}

function judgeSilence(state: Bound, { heardAt, late }: Ticked, { now, policy }: Context): Step {
  const { intervalMs, timeoutMs } = policy.heartbeat
  const { pingedAt } = state
  const answered = pingedAt === null || heardAt >= pingedAt
  if (answered && now < heardAt + intervalMs) {
    return stay({ ...state, checkAt: heardAt + intervalMs, pingedAt: null })
  }
  const nextLookAt = now + Math.min(timeoutMs, lookAgainMs)
  if (answered || late) {
    return { state: { ...state, checkAt: nextLookAt, pingedAt: now }, effects: [{ type: 'ping' }] }
  }
  const deadline = pingedAt + timeoutMs
  if (now < deadline) return stay({ ...state, checkAt: Math.min(deadline, nextLookAt) })
  return end(timeout('heartbeat_timeout', silentClient), now)
}

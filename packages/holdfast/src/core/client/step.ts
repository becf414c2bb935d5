import { backoffMs, spreadOutMs } from '../time/backoff.ts'
import { silenceVerdict, startProbe } from './heartbeat.ts'
import type {
  ClientEffect,
  ClientInput,
  ClientPolicy,
  ClientState,
  Continuity,
  Departure,
  Reason,
} from './state.ts'

/** How long a link that is left in order may take to close. */
export const leaveTimeoutMs = 1_000
/** How long a link may take to answer the probe after waking up. */
export const wakeProbeMs = 5_000

export interface ClientStep {
  readonly state: ClientState
  readonly effects: readonly ClientEffect[]
}

export interface ClientContext {
  readonly now: number
  readonly random: () => number
  readonly policy: ClientPolicy
}

type Open = Exclude<ClientState, { name: 'closing' | 'closed' }>
type Named<Name extends ClientState['name']> = Extract<ClientState, { name: Name }>

const stay = (state: ClientState): ClientStep => ({ state, effects: [] })

/** The only place where the client's state changes. Pure: the driver interprets the effects. */
export function stepClient(state: ClientState, input: ClientInput, context: ClientContext): ClientStep {
  if (state.name === 'closed') return stay(state)
  if (state.name === 'closing') return stepClosing(state, input, context)
  if ('attempt' in input && input.attempt !== state.attempt) return stay(state)
  switch (input.type) {
    case 'started':
      return state.name === 'idle' ? connect(state, context) : stay(state)
    case 'opened':
      return state.name === 'connecting' ? join(state, context) : stay(state)
    case 'welcomed':
      return state.name === 'joining' ? admit(state, input.welcome, context) : stay(state)
    case 'departed':
      return hasLink(state) ? depart(state, input.departure, context) : stay(state)
    case 'ponged':
      return pong(state, input.id)
    case 'woke':
      if (state.name === 'waiting' && !state.directed) return connect(state, context)
      return state.name === 'live' ? wakeProbe(state, context) : stay(state)
    case 'wentOffline':
      return state.name === 'live' ? wakeProbe(state, context) : stay(state)
    case 'reconnectRequested':
      return state.name === 'waiting' || state.name === 'idle' ? connect(state, context) : stay(state)
    case 'closeRequested':
      return close(state, context)
    case 'ticked':
      return tick(state, input, context)
  }
}

const continuityOf = ({ attempt, failures, tokenRejected }: Continuity): Continuity => ({
  attempt,
  failures,
  tokenRejected,
})

const hasLink = (state: Open): state is Named<'connecting' | 'joining' | 'live'> =>
  state.name === 'connecting' || state.name === 'joining' || state.name === 'live'

function connect(from: Continuity, { now, policy }: ClientContext): ClientStep {
  const attempt = from.attempt + 1
  return {
    state: { ...continuityOf(from), name: 'connecting', attempt, deadline: now + policy.connectTimeoutMs },
    effects: [{ type: 'open', attempt, tokenRejected: from.tokenRejected }],
  }
}

function join(state: Named<'connecting'>, { now, policy }: ClientContext): ClientStep {
  return {
    state: { ...continuityOf(state), name: 'joining', deadline: now + policy.connectTimeoutMs },
    effects: [{ type: 'greet' }],
  }
}

function admit(
  state: Named<'joining'>,
  welcome: Extract<ClientInput, { type: 'welcomed' }>['welcome'],
  { now }: ClientContext,
): ClientStep {
  const live: Named<'live'> = {
    ...continuityOf(state),
    name: 'live',
    tokenRejected: false,
    heartbeat: welcome.heartbeat,
    spreadMs: welcome.spreadMs,
    proved: false,
    probe: null,
    nextProbeId: 1,
    checkAt: now,
  }
  const probed = startProbe(live, now, now + welcome.heartbeat.timeoutMs)
  return { state: probed.state, effects: [{ type: 'admit', welcome }, ...probed.effects] }
}

function pong(state: Open, id: number): ClientStep {
  if (state.name !== 'live') return stay(state)
  const probe = state.probe?.id === id ? null : state.probe
  return stay({ ...state, proved: true, failures: 0, probe })
}

function wakeProbe(state: Named<'live'>, { now }: ClientContext): ClientStep {
  const deadline = now + wakeProbeMs
  return state.probe && state.probe.deadline <= deadline ? stay(state) : startProbe(state, now, deadline)
}

/** The link is gone: wait and try again, or stop for good. */
function depart(
  state: Named<'connecting' | 'joining' | 'live'>,
  departure: Departure,
  context: ClientContext,
): ClientStep {
  const { code, message } = departure
  if (code === 'unauthenticated' && context.policy.canRefreshToken && !state.tokenRejected) {
    return connect({ ...state, tokenRejected: true }, context)
  }
  if (code === 'unauthenticated' || !departure.retry) return stop({ code, message })
  return wait(state, departure, context)
}

function wait(
  state: Named<'connecting' | 'joining' | 'live'>,
  { code, message, retryAfterMs }: Departure,
  { now, random, policy }: ClientContext,
): ClientStep {
  const lostProvedLink = state.name === 'live' && state.proved
  const failures = lostProvedLink ? 0 : state.failures + 1
  if (policy.maxAttempts !== null && failures >= policy.maxAttempts) {
    return stop({
      code: 'attempts_exhausted',
      message: `Gave up after ${failures} failed attempts: ${message}`,
    })
  }
  const ownDelayMs = lostProvedLink ? spreadOutMs(state.spreadMs, random()) : backoffMs(failures, random())
  return stay({
    name: 'waiting',
    attempt: state.attempt,
    failures,
    tokenRejected: state.tokenRejected || code === 'token_expired',
    retryAt: now + (retryAfterMs ?? ownDelayMs),
    directed: retryAfterMs !== undefined,
    reason: { code, message },
  })
}

const stop = (reason: Reason): ClientStep => ({
  state: { name: 'closed', reason },
  effects: [{ type: 'release', reason }],
})

function giveUpLink(
  state: Named<'connecting' | 'joining' | 'live'>,
  reason: Reason,
  context: ClientContext,
): ClientStep {
  const { state: next, effects } = depart(state, { ...reason, retry: true }, context)
  return { state: next, effects: [{ type: 'abandon', code: reason.code }, ...effects] }
}

const closedByCaller: Reason = { code: 'closed', message: 'The client was closed.' }

function close(state: Open, { now }: ClientContext): ClientStep {
  // Once it has the hello, the hub may hold a session, which would rest if nobody told it [R48].
  if (state.name === 'joining' || state.name === 'live') {
    return {
      state: { name: 'closing', attempt: state.attempt, deadline: now + leaveTimeoutMs },
      effects: [{ type: 'leave' }],
    }
  }
  const stopped = stop(closedByCaller)
  const effects: ClientEffect[] = hasLink(state) ? [{ type: 'abandon', code: 'closed' }] : []
  return { ...stopped, effects: [...effects, ...stopped.effects] }
}

function stepClosing(state: Named<'closing'>, input: ClientInput, { now }: ClientContext): ClientStep {
  if (input.type === 'departed' && input.attempt === state.attempt) return stop(closedByCaller)
  if (input.type !== 'ticked' || now < state.deadline) return stay(state)
  const stopped = stop(closedByCaller)
  return { ...stopped, effects: [{ type: 'abandon', code: 'closed' }, ...stopped.effects] }
}

function tick(
  state: Open,
  input: Extract<ClientInput, { type: 'ticked' }>,
  context: ClientContext,
): ClientStep {
  const { now, policy } = context
  switch (state.name) {
    case 'idle':
      return stay(state)
    case 'waiting':
      return now < state.retryAt ? stay(state) : connect(state, context)
    case 'connecting':
    case 'joining':
      if (now < state.deadline) return stay(state)
      if (input.late) return stay({ ...state, deadline: now + policy.connectTimeoutMs })
      return giveUpLink(
        state,
        { code: 'connect_timeout', message: 'The link was not ready in time.' },
        context,
      )
    case 'live': {
      const verdict = silenceVerdict(state, input, now)
      return verdict === 'dead'
        ? giveUpLink(
            state,
            { code: 'heartbeat_timeout', message: 'Nothing was heard from the hub.' },
            context,
          )
        : verdict
    }
  }
}

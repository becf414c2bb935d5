import { backoffMs, spreadOutMs } from '../time/backoff.ts'
import type { ErrorCode } from '../wire/error-codes.ts'
import type { WelcomeFrame } from '../wire/frames.ts'
import { afterFailure, initialChoice, lived, proved, recheck, rivalAfterMs, type Choice } from './choice.ts'
import { silenceVerdict, startProbe } from './heartbeat.ts'
import { startRival, stepRival, withdrawRival, type Rival } from './rival.ts'
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
type Linked = Named<'connecting' | 'joining' | 'live'>
type Contested = Named<'live'> & { readonly rival: Rival }

const stay = (state: ClientState): ClientStep => ({ state, effects: [] })

const after = (effects: readonly ClientEffect[], step: ClientStep): ClientStep => ({
  state: step.state,
  effects: [...effects, ...step.effects],
})

/** The only place where the client's state changes. Pure: the driver interprets the effects. */
export function stepClient(state: ClientState, input: ClientInput, context: ClientContext): ClientStep {
  if (state.name === 'closed') return stay(state)
  if (state.name === 'closing') return stepClosing(state, input, context)
  if ('attempt' in input && input.attempt !== state.attempt) {
    const contested = isContested(state) && input.attempt === state.rival.attempt
    return contested ? stepContested(state, input, context) : stay(state)
  }
  switch (input.type) {
    case 'started':
      return state.name === 'idle' ? connect(state, context) : stay(state)
    case 'tokenObtained':
      return state.name === 'connecting'
        ? stay({ ...state, deadline: context.now + context.policy.openTimeoutMs })
        : stay(state)
    case 'opened':
      return state.name === 'connecting' ? join(state, context) : stay(state)
    case 'welcomed':
      return state.name === 'joining' ? admit(state, input.welcome, context, false) : stay(state)
    case 'departed':
      return hasLink(state) ? depart(state, input.departure, context) : stay(state)
    case 'ponged':
      return state.name === 'live' ? pong(state, input.id, context) : stay(state)
    case 'reconnectRequested':
      return state.name === 'waiting' || state.name === 'idle' ? connect(state, context) : stay(state)
    case 'preferred':
      return prefer(state, input.transport, context)
    case 'closeRequested':
      return close(state, context)
    case 'ticked':
      return tick(state, input, context)
    default:
      return pageChanged(state, input.type, context)
  }
}

const continuityOf = (state: Open): Continuity => {
  const { attempt, latestAttempt, failures, tokenRejected, offline, choice } = state
  return { attempt, latestAttempt, failures, tokenRejected, offline, choice }
}

const hasLink = (state: Open): state is Linked =>
  state.name === 'connecting' || state.name === 'joining' || state.name === 'live'

const isContested = (state: ClientState): state is Contested => state.name === 'live' && state.rival !== null

function connect(from: Open, { now, policy }: ClientContext, changes: Partial<Continuity> = {}): ClientStep {
  const attempt = from.latestAttempt + 1
  const continuity: Continuity = { ...continuityOf(from), ...changes, attempt, latestAttempt: attempt }
  const { choice, tokenRejected } = continuity
  return {
    state: { ...continuity, name: 'connecting', deadline: now + policy.connectTimeoutMs },
    effects: [{ type: 'open', attempt, transport: choice.transport, tokenRejected }],
  }
}

function join(state: Named<'connecting'>, context: ClientContext): ClientStep {
  const choice = recheck(state.choice)
  if (choice) return after([{ type: 'abandon', code: null }], connect(state, context, { choice }))
  return {
    state: {
      ...continuityOf(state),
      name: 'joining',
      deadline: context.now + context.policy.connectTimeoutMs,
    },
    effects: [{ type: 'greet', attempt: state.attempt }],
  }
}

function admit(state: Open, welcome: WelcomeFrame, { now }: ClientContext, upgraded: boolean): ClientStep {
  const { heartbeat, spreadMs } = welcome
  const live: Named<'live'> = {
    ...continuityOf(state),
    name: 'live',
    tokenRejected: false,
    heartbeat,
    spreadMs,
    since: now,
    proved: false,
    upgraded,
    rival: null,
    rivalAt: Infinity,
    candidate: state.choice.best,
    probe: null,
    nextProbeId: 1,
    checkAt: now,
  }
  return after([{ type: 'admit', welcome }], startProbe(live, now, now + heartbeat.timeoutMs))
}

function pong(state: Named<'live'>, id: number, { now, random }: ClientContext): ClientStep {
  const probe = state.probe?.id === id ? null : state.probe
  if (state.proved) return stay({ ...state, probe })
  const choice = proved(state.choice, state.upgraded)
  const rivalAt = Math.min(state.rivalAt, now + rivalAfterMs(choice, random()))
  return stay({ ...state, proved: true, failures: 0, probe, choice, rivalAt })
}

/** What the rival's link reports. */
function stepContested(state: Contested, input: ClientInput, context: ClientContext): ClientStep {
  if (input.type === 'departed' && state.rival.alone) return loseBoth(state, context)
  if (input.type !== 'welcomed' || state.rival.phase !== 'joining') return stepRival(state, input, context)
  const choice = { ...(aged(state, context.now) ?? state.choice), transport: state.candidate }
  const successor = { ...state, attempt: state.rival.attempt, choice }
  return after([{ type: 'promote' }], admit(successor, input.welcome, context, true))
}

/** The link has ended, and now the rival that was to take over; neither is to blame. */
function loseBoth(state: Contested, context: ClientContext): ClientStep {
  const departure: Departure = {
    code: 'superseded',
    message: 'A better link failed on the way.',
    retry: true,
  }
  return after([{ type: 'withdraw' }], tryAgain(state, departure, context))
}

/** The choice after a life that was long enough to be trusted, else null. */
const aged = (state: Linked, now: number): Choice | null =>
  state.name === 'live' && state.proved ? lived(state.choice, now - state.since) : null

function prefer(state: Open, best: number, context: ClientContext): ClientStep {
  if (state.name === 'idle' || state.name === 'waiting') {
    return stay({ ...state, choice: { ...initialChoice(best), best } })
  }
  const choice = { ...state.choice, best }
  if (state.name !== 'live') return stay({ ...state, choice })
  const withdrawn = state.rival ? withdrawRival(state, context) : { state, effects: [] }
  const rivalAt = choice.transport === best ? Infinity : context.now
  return { ...withdrawn, state: { ...withdrawn.state, choice, candidate: best, rivalAt } }
}

function pageChanged(
  state: Open,
  change: 'woke' | 'cameOnline' | 'wentOffline' | 'putAway',
  context: ClientContext,
): ClientStep {
  if (change === 'putAway') return putAway(state)
  const offline = change === 'wentOffline' || (change === 'woke' && state.offline)
  const known = offline === state.offline ? state : { ...state, offline }
  if (known.name === 'live') return wakeProbe(known, context)
  const goesOn = change !== 'wentOffline' && known.name === 'waiting' && !known.directed
  return goesOn ? connect(known, context) : stay(known)
}

function wakeProbe(state: Named<'live'>, { now }: ClientContext): ClientStep {
  const deadline = now + wakeProbeMs
  return state.probe && state.probe.deadline <= deadline ? stay(state) : startProbe(state, now, deadline)
}

/** The page may be kept for going back to, but not with an open link; it comes back with the page. */
function putAway(state: Open): ClientStep {
  if (state.name === 'waiting') return stay(state.directed ? state : { ...state, retryAt: Infinity })
  if (!hasLink(state)) return stay(state)
  const reason: Reason = { code: 'page_hidden', message: 'The page was put away.' }
  return {
    state: { ...continuityOf(state), name: 'waiting', retryAt: Infinity, directed: false, reason },
    effects: [...rivalGone(state), { type: 'abandon', code: null }],
  }
}

const rivalGone = (state: Open): readonly ClientEffect[] => (isContested(state) ? [{ type: 'withdraw' }] : [])

/**
 * The link is gone: a rival that awaits its welcome takes its place, or the client tries again, or stops for good. A
 * rival that was given up may still have overtaken the link at the hub.
 */
function depart(state: Linked, departure: Departure, context: ClientContext): ClientStep {
  const { code, message, retry } = departure
  const overtaken = code === 'superseded' && state.latestAttempt > state.attempt
  const goesOn = retry || overtaken
  if (isContested(state) && state.rival.phase === 'joining' && goesOn && departure.received === undefined) {
    return stay({ ...state, rival: { ...state.rival, alone: true } })
  }
  if (code === 'unauthenticated' && context.policy.canRefreshToken && !state.tokenRejected) {
    return after(rivalGone(state), connect(state, context, { tokenRejected: true }))
  }
  const final = code === 'unauthenticated' || !goesOn
  return after(rivalGone(state), final ? stop({ code, message }) : tryAgain(state, departure, context))
}

/** Only these speak against a transport: a goodbye, for one, shows that it works [R58]. */
const blaming: readonly ErrorCode[] = [
  'connect_failed',
  'connect_timeout',
  'link_lost',
  'heartbeat_timeout',
  // Something on the way took from the request what the hub needs.
  'request_invalid',
]

function tryAgain(
  state: Linked,
  { code, message, retryAfterMs }: Departure,
  context: ClientContext,
): ClientStep {
  const { now, random, policy } = context
  const lostProvedLink = state.name === 'live' && state.proved
  const trusted = aged(state, now)
  const blamed = !trusted && !state.offline && blaming.includes(code)
  const upgraded = state.name === 'live' && state.upgraded
  const { choice, atOnce } = blamed
    ? afterFailure(state.choice, upgraded, policy.transports)
    : { choice: trusted ?? state.choice, atOnce: false }
  if (atOnce) return connect(state, context, { choice })
  const failures = lostProvedLink ? 0 : state.failures + 1
  if (policy.maxAttempts !== null && failures >= policy.maxAttempts) {
    return stop({
      code: 'attempts_exhausted',
      message: `Gave up after ${failures} failed attempts: ${message}`,
    })
  }
  const ownDelayMs = lostProvedLink ? spreadOutMs(state.spreadMs, random()) : backoffMs(failures, random())
  return stay({
    ...continuityOf(state),
    name: 'waiting',
    failures,
    tokenRejected: state.tokenRejected || code === 'token_expired',
    choice,
    retryAt: now + (retryAfterMs ?? ownDelayMs),
    directed: retryAfterMs !== undefined,
    reason: { code, message },
  })
}

const stop = (reason: Reason): ClientStep => ({
  state: { name: 'closed', reason },
  effects: [{ type: 'release', reason }],
})

function giveUpLink(state: Linked, reason: Reason, context: ClientContext): ClientStep {
  return after([{ type: 'abandon', code: reason.code }], depart(state, { ...reason, retry: true }, context))
}

const closedByCaller: Reason = { code: 'closed', message: 'The client was closed.' }

function close(state: Open, { now }: ClientContext): ClientStep {
  // Once it has the hello, the hub may hold a session, which would rest if nobody told it [R48].
  if (state.name === 'joining' || state.name === 'live') {
    return {
      state: { name: 'closing', attempt: state.attempt, deadline: now + leaveTimeoutMs },
      effects: [...rivalGone(state), { type: 'leave' }],
    }
  }
  const effects: ClientEffect[] = hasLink(state) ? [{ type: 'abandon', code: 'closed' }] : []
  return after(effects, stop(closedByCaller))
}

function stepClosing(state: Named<'closing'>, input: ClientInput, { now }: ClientContext): ClientStep {
  if (input.type === 'departed' && input.attempt === state.attempt) return stop(closedByCaller)
  if (input.type !== 'ticked' || now < state.deadline) return stay(state)
  return after([{ type: 'abandon', code: 'closed' }], stop(closedByCaller))
}

type Ticked = Extract<ClientInput, { type: 'ticked' }>

function tick(state: Open, input: Ticked, context: ClientContext): ClientStep {
  const { now, policy } = context
  switch (state.name) {
    case 'idle':
      return stay(state)
    case 'waiting':
      return now < state.retryAt ? stay(state) : connect(state, context)
    case 'connecting':
    case 'joining': {
      if (now < state.deadline) return stay(state)
      if (input.late) return stay({ ...state, deadline: now + policy.connectTimeoutMs })
      const message = 'The link was not ready in time.'
      return giveUpLink(state, { code: 'connect_timeout', message }, context)
    }
    case 'live':
      return tickLive(state, input, context)
  }
}

function tickLive(state: Named<'live'>, input: Ticked, context: ClientContext): ClientStep {
  const verdict = silenceVerdict(state, input, context.now)
  if (verdict === 'dead') {
    const message = 'Nothing was heard from the hub.'
    return giveUpLink(state, { code: 'heartbeat_timeout', message }, context)
  }
  return after(verdict.effects, tickRival(verdict.state, input, context))
}

function tickRival(state: Named<'live'>, { late }: Ticked, context: ClientContext): ClientStep {
  const { now, policy } = context
  const { rival, rivalAt } = state
  if (!rival) return now < rivalAt ? stay(state) : startRival(state, context)
  if (now < rival.deadline) return stay(state)
  if (late) return stay({ ...state, rival: { ...rival, deadline: now + policy.openTimeoutMs } })
  return rival.alone ? loseBoth({ ...state, rival }, context) : withdrawRival(state, context)
}

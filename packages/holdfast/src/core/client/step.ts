import { backoffMs, spreadOutMs } from '../time/backoff.ts'
import type { WelcomeFrame } from '../wire/frames.ts'
import { choiceNow, counts, nextChoice } from './blame.ts'
import { firstCandidate, preferring, proved, recheck, relapsed, rivalAfterMs, type Choice } from './choice.ts'
import { silenceVerdict, startProbe } from './heartbeat.ts'
import { startRival, stepRival, withdrawRival } from './rival.ts'
import {
  allow,
  hasLink,
  isContested,
  isOrphaned,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Contested,
  type Continuity,
  type Departure,
  type Linked,
  type Named,
  type Open,
  type Reason,
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

const stay = (state: ClientState): ClientStep => ({ state, effects: [] })

const after = (effects: readonly ClientEffect[], step: ClientStep): ClientStep => ({
  state: step.state,
  effects: [...effects, ...step.effects],
})

/** The only place where the client's state changes. Pure: the driver interprets the effects. */
export function stepClient(state: ClientState, input: ClientInput, context: ClientContext): ClientStep {
  if (state.name === 'closed') return stay(state)
  if (state.name === 'closing') return stepClosing(state, input, context)
  if ('attempt' in input && (input.attempt !== state.attempt || isOrphaned(state))) {
    const contested = isContested(state) && input.attempt === state.rival.attempt
    return contested ? stepContested(state, input, context) : stay(state)
  }
  switch (input.type) {
    case 'started':
      return state.name === 'idle' ? connect(state, context) : stay(state)
    case 'tokenObtained':
      return state.name === 'connecting'
        ? stay({ ...state, tokenObtained: true, ...allow(context.now, context.policy.openTimeoutMs) })
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

function connect(from: Open, { now, policy }: ClientContext, changes: Partial<Continuity> = {}): ClientStep {
  const attempt = from.latestAttempt + 1
  const continuity: Continuity = { ...continuityOf(from), ...changes, attempt, latestAttempt: attempt }
  const { choice, tokenRejected } = continuity
  return {
    state: {
      ...continuity,
      name: 'connecting',
      tokenObtained: false,
      ...allow(now, policy.connectTimeoutMs),
    },
    effects: [{ type: 'open', attempt, transport: choice.transport, tokenRejected }],
  }
}

const connectInstead = (state: Linked, choice: Choice, context: ClientContext): ClientStep =>
  after([{ type: 'abandon', reason: null }], connect(state, context, { choice }))

function join(state: Named<'connecting'>, context: ClientContext): ClientStep {
  const choice = recheck(state.choice)
  if (choice) return connectInstead(state, choice, context)
  return {
    state: {
      ...continuityOf(state),
      name: 'joining',
      ...allow(context.now, context.policy.connectTimeoutMs),
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
    candidate: firstCandidate(state.choice),
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
  // A wish that could not be met at once is met next.
  const waitMs =
    choice.chosen && state.upgraded && choice.transport !== choice.best ? 0 : rivalAfterMs(choice, random())
  const rivalAt = Math.min(state.rivalAt, now + waitMs)
  return stay({ ...state, proved: true, failures: 0, probe, choice, rivalAt })
}

/** What the rival's link reports. */
function stepContested(state: Contested, input: ClientInput, context: ClientContext): ClientStep {
  if (input.type === 'departed' && state.rival.alone) return loseBoth(state, input.departure, context)
  if (input.type !== 'welcomed' || state.rival.phase !== 'joining') return stepRival(state, input, context)
  const choice = { ...choiceNow(state, context.now), transport: state.candidate }
  const successor = { ...state, attempt: state.rival.attempt, choice }
  return after([{ type: 'promote' }], admit(successor, input.welcome, context, true))
}

/** The link has ended, and now the rival that was to take over: it is to blame, and the transport before it is not. */
function loseBoth(state: Contested, departure: Departure, context: ClientContext): ClientStep {
  const lone: Named<'live'> = { ...state, rival: null }
  const step = counts(state, departure)
    ? depart(
        { ...lone, upgraded: false, choice: relapsed(choiceNow(state, context.now)) },
        { code: 'superseded', message: 'A better link failed on the way.', retry: true },
        context,
      )
    : depart(lone, departure, context)
  return after([{ type: 'withdraw' }], step)
}

function prefer(state: Open, transport: number | null, context: ClientContext): ClientStep {
  const wish = preferring(transport)
  const { best, chosen } = wish
  if (state.name !== 'live') {
    return hasLink(state) && state.choice.transport !== best
      ? connectInstead(state, wish, context)
      : stay({ ...state, choice: wish })
  }
  const choice = { ...state.choice, best, chosen, relapses: 0 }
  // A rival that said hello may have taken the link's place already; one over the transport itself is welcome.
  if (state.rival && (state.rival.phase === 'joining' || state.candidate === best))
    return stay({ ...state, choice })
  const withdrawn = state.rival ? withdrawRival(state, context) : { state, effects: [] }
  const rivalAt = choice.transport === best ? Infinity : context.now
  return { ...withdrawn, state: { ...withdrawn.state, choice, candidate: best, rivalAt } }
}

function pageChanged(
  state: Open,
  change: 'woke' | 'cameOnline' | 'wentOffline' | 'putAway',
  context: ClientContext,
): ClientStep {
  if (change === 'putAway') return putAway(state, context)
  const offline = change === 'wentOffline' || (change === 'woke' && state.offline)
  const known = offline === state.offline ? state : { ...state, offline }
  if (known.name === 'live') return isOrphaned(known) ? stay(known) : wakeProbe(known, context)
  if (known.name === 'connecting' && state.offline && !offline) {
    // Begun where nothing could come of it.
    return connectInstead(known, known.choice, context)
  }
  const goesOn = change !== 'wentOffline' && known.name === 'waiting' && !known.directed
  return goesOn ? connect(known, context) : stay(known)
}

function wakeProbe(state: Named<'live'>, { now }: ClientContext): ClientStep {
  const deadline = now + wakeProbeMs
  const { probe, checkAt } = state
  // One that was out before a sleep is overdue for a look.
  const isOut = probe !== null && now < checkAt && probe.deadline <= deadline
  return isOut ? stay(state) : startProbe(state, now, deadline)
}

/** The page may be kept for going back to, but not with an open link; it comes back with the page. */
function putAway(state: Open, context: ClientContext): ClientStep {
  if (state.name === 'waiting') return stay(state.directed ? state : { ...state, retryAt: Infinity })
  if (!hasLink(state)) return stay(state)
  const reason: Reason = { code: 'page_hidden', message: 'The page was put away.' }
  return {
    state: {
      ...continuityOf(state),
      name: 'waiting',
      choice: choiceNow(state, context.now),
      retryAt: Infinity,
      directed: false,
      reason,
    },
    effects: [
      ...rivalGone(state),
      ...(isOrphaned(state) ? [] : [{ type: 'abandon', reason: null } as const]),
    ],
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
    return stay({ ...state, probe: null, checkAt: Infinity, rival: { ...state.rival, alone: true } })
  }
  if (code === 'unauthenticated' && context.policy.canRefreshToken && !state.tokenRejected) {
    return after(rivalGone(state), connect(state, context, { tokenRejected: true }))
  }
  const final = code === 'unauthenticated' || !goesOn
  return after(rivalGone(state), final ? stop({ code, message }) : tryAgain(state, departure, context))
}

function tryAgain(state: Linked, departure: Departure, context: ClientContext): ClientStep {
  const { now, random, policy } = context
  const { code, message, retryAfterMs } = departure
  const lostProvedLink = state.name === 'live' && state.proved
  const { choice, atOnce } = nextChoice(state, departure, now, policy.transports)
  if (atOnce && !lostProvedLink && retryAfterMs === undefined) return connect(state, context, { choice })
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
  return after([{ type: 'abandon', reason }], depart(state, { ...reason, retry: true }, context))
}

const closedByCaller: Reason = { code: 'closed', message: 'The client was closed.' }

function close(state: Open, { now }: ClientContext): ClientStep {
  // Once it has the hello, the hub may hold a session, which would rest if nobody told it [R48].
  if (state.name === 'joining' || state.name === 'live') {
    const { attempt } = state
    const deadline = now + leaveTimeoutMs
    const heir = isContested(state) && state.rival.phase === 'joining' ? state.rival : null
    const closing: Named<'closing'> = { name: 'closing', attempt, heir: heir?.attempt ?? null, deadline }
    if (heir?.alone) return leaveOver(heir.attempt, closing)
    return { state: closing, effects: [...(heir ? [] : rivalGone(state)), { type: 'leave' }] }
  }
  const effects: ClientEffect[] = hasLink(state) ? [{ type: 'abandon', reason: null }] : []
  return after(effects, stop(closedByCaller))
}

const leaveOver = (heir: number, closing: Named<'closing'>): ClientStep => ({
  state: { ...closing, attempt: heir, heir: null },
  effects: [{ type: 'promote' }, { type: 'leave' }],
})

function stepClosing(state: Named<'closing'>, input: ClientInput, { now }: ClientContext): ClientStep {
  const { attempt, heir, deadline } = state
  const heirGone: readonly ClientEffect[] = heir === null ? [] : [{ type: 'withdraw' }]
  if (heir !== null && input.type === 'welcomed' && input.attempt === heir) return leaveOver(heir, state)
  if (heir !== null && input.type === 'departed' && input.attempt === heir)
    return { state: { ...state, heir: null }, effects: heirGone }
  if (input.type === 'departed' && input.attempt === attempt)
    return heir === null ? stop(closedByCaller) : leaveOver(heir, state)
  if (input.type !== 'ticked' || now < deadline) return stay(state)
  return after([...heirGone, { type: 'abandon', reason: null }], stop(closedByCaller))
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
      if (input.late && !state.prolonged) {
        return stay({ ...state, ...allow(now, policy.connectTimeoutMs), prolonged: true })
      }
      return giveUpLink(state, notReady(state), context)
    }
    case 'live':
      return tickLive(state, input, context)
  }
}

const notReady = (state: Linked): Reason =>
  state.name === 'connecting' && !state.tokenObtained
    ? { code: 'token_failed', message: 'token() took too long.' }
    : { code: 'connect_timeout', message: 'The link was not ready in time.' }

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
  if (late && !rival.prolonged) {
    return stay({
      ...state,
      rival: { ...rival, ...allow(now, policy.openTimeoutMs), prolonged: true },
    })
  }
  return rival.alone
    ? loseBoth({ ...state, rival }, { ...notReady(state), retry: true }, context)
    : withdrawRival(state, context)
}

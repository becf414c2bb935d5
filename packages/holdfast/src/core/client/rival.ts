import { candidateAfter, rivalAfterMs } from './choice.ts'
import {
  allow,
  type Allowance,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type Contested,
  type Named,
} from './state.ts'

/**
 * A link over a better transport, tried beside the one that works [R60]:
 *
 *     opening ── opened ──▶ proving ── ponged ──▶ joining ── welcomed ──▶ it takes over
 *        └── departed, due ────┴───────────────────┴──▶ nothing has changed
 */
export interface Rival extends Allowance {
  readonly attempt: number
  readonly phase: 'opening' | 'proving' | 'joining'
  /** The link it is to take over from has ended: the hub fences that before it says welcome to this one. */
  readonly alone: boolean
}

interface RivalContext {
  readonly now: number
  readonly random: () => number
  readonly policy: ClientPolicy
}

interface RivalStep {
  readonly state: Named<'live'>
  readonly effects: readonly ClientEffect[]
}

export function startRival(state: Named<'live'>, { now, policy }: RivalContext): RivalStep {
  const attempt = state.latestAttempt + 1
  const rival: Rival = { attempt, phase: 'opening', alone: false, ...allow(now, policy.connectTimeoutMs) }
  return {
    state: { ...state, latestAttempt: attempt, rival },
    effects: [{ type: 'open', attempt, transport: state.candidate, tokenRejected: state.tokenRejected }],
  }
}

/** What the rival's link reports; its welcome is not dealt with here. */
export function stepRival(state: Contested, input: ClientInput, context: RivalContext): RivalStep {
  const { now, policy } = context
  const { rival } = state
  const become = (changes: Partial<Rival>, ...effects: ClientEffect[]): RivalStep => ({
    state: { ...state, rival: { ...rival, ...changes } },
    effects,
  })
  switch (`${rival.phase} ${input.type}`) {
    case 'opening tokenObtained':
      return become(allow(now, policy.openTimeoutMs))
    case 'opening opened':
      return become({ phase: 'proving', ...allow(now, policy.openTimeoutMs) }, { type: 'challenge' })
    case 'proving ponged':
      return become(
        { phase: 'joining', ...allow(now, policy.connectTimeoutMs) },
        { type: 'greet', attempt: rival.attempt },
      )
  }
  if (input.type !== 'departed') return { state, effects: [] }
  // The next attempt, whichever it is, asks for a fresh token [R45].
  const tokenRejected = state.tokenRejected || input.departure.code === 'unauthenticated'
  return withdrawRival({ ...state, tokenRejected }, context)
}

/** The rival is over; the next better transport is tried, or the first again after a while. */
export function withdrawRival(state: Named<'live'>, { now, random }: RivalContext): RivalStep {
  const { choice, candidate } = state
  const next = candidateAfter(choice, candidate)
  return {
    state: {
      ...state,
      rival: null,
      candidate: next ?? choice.best,
      rivalAt: now + (next === null ? rivalAfterMs(choice, random()) : 0),
    },
    effects: [{ type: 'withdraw' }],
  }
}

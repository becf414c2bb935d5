import { candidateAfter, rivalAfterMs } from './choice.ts'
import type { ClientEffect, ClientInput, ClientPolicy, ClientState } from './state.ts'

type Live = Extract<ClientState, { name: 'live' }>

/**
 * A link over a better transport, tried beside the one that works [R60]:
 *
 *     opening ── opened ──▶ proving ── ponged ──▶ joining ── welcomed ──▶ it takes over
 *        └── departed, due ────┴───────────────────┴──▶ nothing has changed
 */
export interface Rival {
  readonly attempt: number
  readonly phase: 'opening' | 'proving' | 'joining'
  /** The link it is to take over from has ended: the hub fences that before it says welcome to this one. */
  readonly alone: boolean
  readonly deadline: number
}

interface RivalContext {
  readonly now: number
  readonly random: () => number
  readonly policy: ClientPolicy
}

interface RivalStep {
  readonly state: Live
  readonly effects: readonly ClientEffect[]
}

export function startRival(state: Live, { now, policy }: RivalContext): RivalStep {
  const attempt = state.latestAttempt + 1
  const rival: Rival = { attempt, phase: 'opening', alone: false, deadline: now + policy.connectTimeoutMs }
  return {
    state: { ...state, latestAttempt: attempt, rival },
    effects: [{ type: 'open', attempt, transport: state.candidate, tokenRejected: false }],
  }
}

/** What the rival's link reports; its welcome is not dealt with here. */
export function stepRival(
  state: Live & { readonly rival: Rival },
  input: ClientInput,
  context: RivalContext,
): RivalStep {
  const { now, policy } = context
  const { rival } = state
  const become = (changes: Partial<Rival>, ...effects: ClientEffect[]): RivalStep => ({
    state: { ...state, rival: { ...rival, ...changes } },
    effects,
  })
  switch (input.type) {
    case 'tokenObtained':
      return become({ deadline: now + policy.openTimeoutMs })
    case 'opened':
      return become({ phase: 'proving', deadline: now + policy.openTimeoutMs }, { type: 'challenge' })
    case 'ponged':
      if (rival.phase !== 'proving') break
      return become(
        { phase: 'joining', deadline: now + policy.connectTimeoutMs },
        { type: 'greet', attempt: rival.attempt },
      )
    case 'departed':
      return withdrawRival(state, context)
  }
  return { state, effects: [] }
}

/** The rival is over; the next better transport is tried, or the first again after a while. */
export function withdrawRival(state: Live, { now, random }: RivalContext): RivalStep {
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

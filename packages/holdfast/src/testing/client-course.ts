import * as fc from 'fast-check'
import {
  clientDeadline,
  initialClientState,
  isContested,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
} from '../core/client/state.ts'
import { stepClient } from '../core/client/step.ts'
import { departures, welcome } from './client-machine.ts'
import { deepFreeze } from './transition-table.ts'

export interface Move {
  /** `progress`: what the client waits for. */
  readonly type: ClientInput['type'] | 'progress'
  /** How long after the last move; `deadline`: when the client asks for it. */
  readonly after: number | 'deadline'
  /** Which link the input is about: the one in use, its rival if it has one, or one that is gone or was never there. */
  readonly about: 'link' | 'rival' | 'earlier' | 'later'
  readonly departure: keyof typeof departures
  readonly heardMsAgo: number
  readonly late: boolean
  readonly pongId: number
  /** Below 0: none. */
  readonly transport: number
  readonly random: number
}

export interface Taken {
  readonly now: number
  readonly before: ClientState
  readonly input: ClientInput
  readonly after: ClientState
  readonly effects: readonly ClientEffect[]
}

const weighted = <Value>(...choices: [number, Value][]): fc.Arbitrary<Value> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const anyMove: fc.Arbitrary<Move> = fc.record({
  type: weighted<Move['type']>(
    [360, 'progress'],
    [100, 'ticked'],
    [100, 'departed'],
    [20, 'opened'],
    [20, 'welcomed'],
    [20, 'ponged'],
    [20, 'tokenObtained'],
    [8, 'woke'],
    [8, 'wentOffline'],
    [8, 'cameOnline'],
    [4, 'putAway'],
    [20, 'preferred'],
    [8, 'reconnectRequested'],
    [4, 'started'],
    [1, 'closeRequested'],
  ),
  after: fc.oneof(fc.constant('deadline' as const), fc.constant(0), fc.integer({ min: 0, max: 50_000 })),
  about: weighted<Move['about']>([8, 'link'], [8, 'rival'], [1, 'earlier'], [1, 'later']),
  departure: weighted<keyof typeof departures>(
    [40, 'lost'],
    [20, 'unopened'],
    [6, 'directed'],
    [6, 'expired'],
    [4, 'unauthenticated'],
    [1, 'refused'],
    [1, 'superseded'],
    [4, 'ended'],
  ),
  heardMsAgo: fc.oneof(fc.constant(0), fc.constant(60_000), fc.integer({ min: 0, max: 50_000 })),
  late: fc.boolean(),
  pongId: fc.integer({ min: 0, max: 5 }),
  transport: fc.integer({ min: -1, max: 2 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})
export const anyCourse: fc.Arbitrary<Move[]> = fc.array(anyMove, {
  minLength: 60,
  maxLength: 150,
  size: 'max',
})

function attemptOf(about: Move['about'], state: ClientState): number {
  const attempt = 'attempt' in state ? state.attempt : 0
  if (about === 'earlier') return Math.max(attempt - 1, 0)
  if (about === 'later') return ('latestAttempt' in state ? state.latestAttempt : attempt) + 1
  return about === 'rival' && isContested(state) ? state.rival.attempt : attempt
}

/** What brings the client on: its rival first. */
function progressOf(state: ClientState): Pick<Move, 'type' | 'about'> {
  if (isContested(state)) {
    const type = ({ opening: 'opened', proving: 'ponged', joining: 'welcomed' } as const)[state.rival.phase]
    return { type, about: 'rival' }
  }
  if (state.name === 'connecting') return { type: 'opened', about: 'link' }
  if (state.name === 'joining') return { type: 'welcomed', about: 'link' }
  return { type: state.name === 'live' && !state.proved ? 'ponged' : 'ticked', about: 'link' }
}

function inputOf(move: Move, now: number, state: ClientState, transports: number): ClientInput {
  const { type, heardMsAgo, late, pongId: id } = move
  const attempt = attemptOf(move.about, state)
  switch (type) {
    case 'progress':
      return inputOf({ ...move, ...progressOf(state), heardMsAgo: 0 }, now, state, transports)
    case 'tokenObtained':
    case 'opened':
      return { type, attempt }
    case 'preferred':
      return { type, transport: move.transport < 0 ? null : move.transport % transports }
    case 'welcomed':
      return { type, attempt, welcome }
    case 'departed':
      return { type, attempt, departure: departures[move.departure] }
    case 'ponged':
      return { type, attempt, id }
    case 'ticked':
      return { type, heardAt: now - heardMsAgo, late }
    default:
      return { type }
  }
}

function timeOf(move: Move, now: number, state: ClientState): number {
  if (move.type === 'progress' && move.after !== 0 && state.name === 'live' && state.rivalAt < Infinity) {
    return Math.max(now, state.rivalAt)
  }
  return move.after === 'deadline' ? Math.max(now, clientDeadline(state) ?? now) : now + move.after
}

/** Walks from a new client, which was started, with frozen states and inputs. */
export function walk(course: readonly Move[], policy: ClientPolicy, home: number = 0): Taken[] {
  let now = 0
  let state: ClientState = initialClientState(home)
  const take = (input: ClientInput, random: number): Taken => {
    const before = deepFreeze(state)
    const { state: after, effects } = stepClient(before, deepFreeze(input), {
      now,
      random: () => random,
      policy,
    })
    state = after
    return { now, before, input, after, effects }
  }
  const started = take({ type: 'started' }, 0)
  const rest = course.map((move) => {
    now = timeOf(move, now, state)
    return take(inputOf(move, now, state, policy.transports), move.random)
  })
  return [started, ...rest]
}

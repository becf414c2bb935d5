import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../../wire/errors.ts'
import type { ErrorCode } from '../../wire/error-codes.ts'
import type { Answerer } from '../../wire/frames.ts'
import { describeTable, type Machine, type TransitionTable } from '../../../testing/transition-table.ts'
import { answerRefusal, isOver, stepDeviceAsk, type DeviceAskInput, type DeviceAskState } from './step.ts'

type PromptTable = TransitionTable<DeviceAskState, DeviceAskInput, never, object>

const by: Answerer = { user: 'ada', session: 's2', time: 1_760_000_000_000 }
const later: Answerer = { ...by, session: 's3' }
const error = (code: ErrorCode): HoldfastError => new HoldfastError(code, undefined, { outcome: 'replied' })
const rejected = error('rejected')

const machine: Machine<DeviceAskState, DeviceAskInput, never, object> = {
  step: (state, input) => ({ state: stepDeviceAsk(state, input), effects: [] }),
  states: {
    pending: { name: 'pending' },
    sending: { name: 'sending', conclusion: null },
    refused: { name: 'refused', error: rejected },
    accepted: { name: 'accepted', by: null },
    answered_elsewhere: { name: 'answered_elsewhere', by: null },
    cancelled: { name: 'cancelled' },
    expired: { name: 'expired' },
    unknown: { name: 'unknown' },
  },
  inputs: {
    asked: { type: 'asked' },
    answered: { type: 'answered' },
    taken: { type: 'taken' },
    failed: { type: 'failed', error: rejected },
    concluded: { type: 'concluded', status: 'answered', by, own: false },
    forgotten: { type: 'forgotten' },
  },
  context: {},
}

const to = <Name extends DeviceAskState['name']>(
  next: Name,
  fields: Readonly<Record<string, unknown>> = {},
) => ({
  next,
  effects: [],
  fields,
})

const elsewhere = { status: 'answered', by, own: false } as const
const own = { status: 'answered', by, own: true } as const
const cancelled = { status: 'cancelled', by: null, own: false } as const
const unknown = { status: 'unknown', by: null, own: false } as const

/** What can be answered. */
const open = {
  asked: 'ignored',
  answered: to('sending', { conclusion: null }),
  taken: 'ignored',
  failed: 'ignored',
  concluded: [
    { when: 'answered', outcome: to('answered_elsewhere', { by }) },
    {
      when: 'answered by nobody named',
      input: { by: null },
      outcome: to('answered_elsewhere', { by: null }),
    },
    { when: 'answered by this client', input: own, outcome: to('accepted', { by }) },
    { when: 'cancelled', input: cancelled, outcome: to('cancelled') },
    { when: 'expired', input: { ...cancelled, status: 'expired' }, outcome: to('expired') },
    { when: 'unknown', input: unknown, outcome: to('unknown') },
  ],
  forgotten: to('unknown'),
} as const

const over = {
  asked: 'ignored',
  answered: 'ignored',
  taken: 'ignored',
  failed: 'ignored',
  concluded: 'ignored',
  forgotten: 'ignored',
} as const

const answeredAlready = { input: { error: error('already_answered') } }
const otherEnds = {
  cancelled: { input: { error: error('ask_cancelled') } },
  expired: { input: { error: error('ask_expired') } },
  unknown: { input: { error: error('ask_unknown') } },
}

const table: PromptTable = {
  pending: open,
  refused: open,
  sending: {
    asked: [
      { when: 'nothing is remembered', outcome: 'ignored' },
      {
        when: 'a conclusion is remembered',
        state: { conclusion: unknown },
        outcome: to('sending', { conclusion: null }),
      },
    ],
    answered: 'ignored',
    taken: [
      { when: 'before the conclusion', outcome: to('accepted', { by: null }) },
      { when: 'after the conclusion', state: { conclusion: own }, outcome: to('accepted', { by }) },
      {
        when: 'after a conclusion by a session that is forgotten',
        state: { conclusion: elsewhere },
        outcome: to('accepted', { by }),
      },
      {
        when: 'the hub did not know it once',
        state: { conclusion: unknown },
        outcome: to('accepted', { by: null }),
      },
    ],
    failed: [
      { when: 'rejected', outcome: to('refused', { error: rejected }) },
      { when: 'rejected, cancelled', state: { conclusion: cancelled }, outcome: to('cancelled') },
      { when: 'rejected, unknown', state: { conclusion: unknown }, outcome: to('unknown') },
      {
        when: 'given up, answered',
        state: { conclusion: elsewhere },
        input: { error: error('timeout') },
        outcome: to('answered_elsewhere', { by }),
      },
      {
        when: 'given up, although this answer was taken',
        state: { conclusion: own },
        input: { error: error('aborted') },
        outcome: to('accepted', { by }),
      },
      { when: 'already_answered', ...answeredAlready, outcome: to('answered_elsewhere', { by: null }) },
      {
        when: 'already_answered, as was told',
        ...answeredAlready,
        state: { conclusion: elsewhere },
        outcome: to('answered_elsewhere', { by }),
      },
      {
        when: 'already_answered, by an earlier answer of this client',
        ...answeredAlready,
        state: { conclusion: own },
        outcome: to('accepted', { by }),
      },
      {
        when: 'already_answered, although cancelled in an earlier life',
        ...answeredAlready,
        state: { conclusion: cancelled },
        outcome: to('answered_elsewhere', { by: null }),
      },
      { when: 'ask_cancelled', ...otherEnds.cancelled, outcome: to('cancelled') },
      { when: 'ask_expired', ...otherEnds.expired, outcome: to('expired') },
      { when: 'ask_unknown', ...otherEnds.unknown, outcome: to('unknown') },
      {
        when: 'ask_unknown, but a conclusion was told',
        ...otherEnds.unknown,
        state: { conclusion: elsewhere },
        outcome: to('answered_elsewhere', { by }),
      },
    ],
    concluded: [
      { when: 'answered', outcome: to('sending', { conclusion: elsewhere }) },
      { when: 'unknown', input: unknown, outcome: to('sending', { conclusion: unknown }) },
    ],
    forgotten: to('unknown'),
  },
  accepted: {
    ...over,
    concluded: [
      { when: 'who answered was not told', outcome: to('accepted', { by }) },
      { when: 'who answered was not told: this client', input: own, outcome: to('accepted', { by }) },
      { when: 'who answered was told', state: { by: later }, outcome: 'ignored' },
      { when: 'otherwise', input: unknown, outcome: 'ignored' },
    ],
  },
  answered_elsewhere: {
    ...over,
    concluded: [
      { when: 'who answered was not told', outcome: to('answered_elsewhere', { by }) },
      {
        when: 'who answered was not told: this client, with an earlier answer',
        input: own,
        outcome: to('accepted', { by }),
      },
      { when: 'who answered was told', state: { by: later }, outcome: 'ignored' },
      { when: 'otherwise', input: cancelled, outcome: 'ignored' },
    ],
  },
  cancelled: over,
  expired: over,
  unknown: over,
}

describeTable(machine, table)

test('a state or an input without a row does not compile', () => {
  const { unknown, ...statesButOne } = table
  const { forgotten, ...inputsButOne } = table.sending
  // @ts-expect-error `unknown` has no rows
  const stateForgotten: PromptTable = statesButOne
  // @ts-expect-error `forgotten` has no row in `sending`
  const inputForgotten: PromptTable = { ...table, sending: inputsButOne }
  expect([unknown, forgotten, stateForgotten, inputForgotten]).not.toContain(undefined)
})

describe('what can be answered', () => {
  test.each<[DeviceAskState['name'], string | null]>([
    ['pending', null],
    ['refused', null],
    ['sending', 'already_answered'],
    ['accepted', 'already_answered'],
    ['answered_elsewhere', 'already_answered'],
    ['cancelled', 'ask_cancelled'],
    ['expired', 'ask_expired'],
    ['unknown', 'ask_unknown'],
  ])('%s: an answer is refused with %s', (name, code) => {
    expect(answerRefusal(machine.states[name])).toBe(code)
  })

  test('an ask is over unless it is pending, sending or refused', () => {
    const names = Object.values(machine.states).flatMap((state) => (isOver(state) ? [] : [state.name]))
    expect(names).toEqual(['pending', 'sending', 'refused'])
  })
})

import { describe, expect, test } from 'vitest'
import { describeTable, type Machine, type TransitionTable } from '../../testing/transition-table.ts'
import { linkDeadline, type LinkEffect, type LinkInput, type LinkPolicy, type LinkState } from './state.ts'
import { stepLink } from './step.ts'

interface Context {
  readonly now: number
  readonly policy: LinkPolicy
}

type LinkTable = TransitionTable<LinkState, LinkInput, LinkEffect, Context>

const now = 1_000_000
const policy: LinkPolicy = {
  helloTimeoutMs: 10_000,
  authenticateTimeoutMs: 8_000,
  heartbeat: { intervalMs: 25_000, timeoutMs: 15_000 },
}

const machine: Machine<LinkState, LinkInput, LinkEffect, Context> = {
  step: stepLink,
  states: {
    greeting: { name: 'greeting', deadline: now + 1 },
    authenticating: { name: 'authenticating', deadline: now + 1 },
    bound: { name: 'bound', checkAt: now + 25_000, pingedAt: null, expiry: null },
    closing: { name: 'closing', destroyAt: now + 1 },
    closed: { name: 'closed' },
  },
  inputs: {
    greeted: { type: 'greeted' },
    admitted: { type: 'admitted', expiresInMs: null },
    reauthenticated: { type: 'reauthenticated', expiresInMs: null },
    ended: { type: 'ended', goodbye: { code: 'hub_closing', message: 'Bye.', retry: true } },
    lost: { type: 'lost' },
    ticked: { type: 'ticked', heardAt: now, late: false },
  },
  context: { now, policy },
}

/** A goodbye was said; the link has a second to close. */
const ending = { next: 'closing', effects: ['sayGoodbye'], fields: { destroyAt: now + 1_000 } } as const
const lost = { next: 'closed', effects: [] } as const
const hour = 3_600_000

const table: LinkTable = {
  greeting: {
    greeted: { next: 'authenticating', effects: ['authenticate'], fields: { deadline: now + 8_000 } },
    admitted: 'ignored',
    reauthenticated: 'ignored',
    ended: ending,
    lost,
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      { when: 'due', state: { deadline: now }, outcome: ending },
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: { next: 'greeting', effects: [], fields: { deadline: now + 10_000 } },
      },
    ],
  },
  authenticating: {
    greeted: 'ignored',
    admitted: [
      {
        when: 'for good',
        outcome: {
          next: 'bound',
          effects: [],
          fields: { checkAt: now + 25_000, pingedAt: null, expiry: null },
        },
      },
      {
        when: 'for an hour',
        input: { expiresInMs: hour },
        outcome: {
          next: 'bound',
          effects: [],
          fields: { expiry: { expiresAt: now + hour, askAt: now + hour - 30_000 } },
        },
      },
      {
        when: 'for 20 s',
        input: { expiresInMs: 20_000 },
        outcome: {
          next: 'bound',
          effects: [],
          fields: { expiry: { expiresAt: now + 20_000, askAt: now + 10_000 } },
        },
      },
      {
        when: 'expired already',
        input: { expiresInMs: 0 },
        outcome: { next: 'bound', effects: [], fields: { expiry: { expiresAt: now, askAt: now } } },
      },
    ],
    reauthenticated: 'ignored',
    ended: ending,
    lost,
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      { when: 'due', state: { deadline: now }, outcome: ending },
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: { next: 'authenticating', effects: [], fields: { deadline: now + 8_000 } },
      },
    ],
  },
  bound: {
    greeted: 'ignored',
    admitted: 'ignored',
    reauthenticated: [
      {
        when: 'for an hour, after being asked',
        state: { expiry: { expiresAt: now + 5, askAt: null } },
        input: { expiresInMs: hour },
        outcome: {
          next: 'bound',
          effects: [],
          fields: { expiry: { expiresAt: now + hour, askAt: now + hour - 30_000 } },
        },
      },
      {
        when: 'for good',
        state: { expiry: { expiresAt: now + 5, askAt: null } },
        outcome: { next: 'bound', effects: [], fields: { expiry: null } },
      },
    ],
    ended: ending,
    lost,
    ticked: [
      {
        when: 'heard lately',
        state: { checkAt: now },
        input: { heardAt: now - 24_999 },
        outcome: { next: 'bound', effects: [], fields: { checkAt: now + 1, pingedAt: null } },
      },
      {
        when: 'silent for the interval',
        state: { checkAt: now },
        input: { heardAt: now - 25_000 },
        outcome: { next: 'bound', effects: ['ping'], fields: { checkAt: now + 1_000, pingedAt: now } },
      },
      {
        when: 'pinged, not due',
        state: { checkAt: now, pingedAt: now - 1_000 },
        input: { heardAt: now - 26_000 },
        outcome: { next: 'bound', effects: [], fields: { checkAt: now + 1_000, pingedAt: now - 1_000 } },
      },
      {
        when: 'pinged, nearly due',
        state: { checkAt: now, pingedAt: now - 14_999 },
        input: { heardAt: now - 39_999 },
        outcome: { next: 'bound', effects: [], fields: { checkAt: now + 1 } },
      },
      {
        when: 'pinged, due',
        state: { checkAt: now, pingedAt: now - 15_000 },
        input: { heardAt: now - 40_000 },
        outcome: ending,
      },
      {
        when: 'pinged, due, late',
        state: { checkAt: now - 2_000, pingedAt: now - 17_000 },
        input: { heardAt: now - 42_000, late: true },
        outcome: { next: 'bound', effects: ['ping'], fields: { checkAt: now + 1_000, pingedAt: now } },
      },
      {
        when: 'pinged, heard in the same millisecond',
        state: { checkAt: now, pingedAt: now - 15_000 },
        input: { heardAt: now - 15_000 },
        outcome: { next: 'bound', effects: [], fields: { checkAt: now + 10_000, pingedAt: null } },
      },
      {
        when: 'time to ask for a token',
        state: { expiry: { expiresAt: now + 30_000, askAt: now } },
        outcome: {
          next: 'bound',
          effects: ['reauthenticate'],
          fields: { expiry: { expiresAt: now + 30_000, askAt: null } },
        },
      },
      {
        when: 'time to ask, and silent',
        state: { expiry: { expiresAt: now + 30_000, askAt: now } },
        input: { heardAt: now - 25_000 },
        outcome: { next: 'bound', effects: ['reauthenticate', 'ping'], fields: { pingedAt: now } },
      },
      {
        when: 'asked, not expired',
        state: { expiry: { expiresAt: now + 1, askAt: null } },
        outcome: { next: 'bound', effects: [], fields: { expiry: { expiresAt: now + 1, askAt: null } } },
      },
      { when: 'asked, expired', state: { expiry: { expiresAt: now, askAt: null } }, outcome: ending },
    ],
  },
  closing: {
    greeted: 'ignored',
    admitted: 'ignored',
    reauthenticated: 'ignored',
    ended: 'ignored',
    lost,
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      {
        when: 'due',
        state: { destroyAt: now },
        outcome: { next: 'closing', effects: ['destroy'], fields: { destroyAt: now + 1_000 } },
      },
    ],
  },
  closed: {
    greeted: 'ignored',
    admitted: 'ignored',
    reauthenticated: 'ignored',
    ended: 'ignored',
    lost: 'ignored',
    ticked: 'ignored',
  },
}

describeTable(machine, table)

test('a state or an input without a row does not compile', () => {
  const { closed, ...statesButOne } = table
  const { ticked, ...inputsButOne } = table.bound
  // @ts-expect-error `closed` has no rows
  const stateForgotten: LinkTable = statesButOne
  // @ts-expect-error `ticked` has no row in `bound`
  const inputForgotten: LinkTable = { ...table, bound: inputsButOne }
  expect([closed, ticked, stateForgotten, inputForgotten]).not.toContain(undefined)
})

describe('the goodbye', () => {
  const { greeting, authenticating, bound } = machine.states
  const silent: LinkInput = { type: 'ticked', heardAt: now - 40_000, late: false }

  test.each<[string, LinkState]>([
    ['hello_timeout', { ...greeting, deadline: now }],
    ['authenticate_failed', { ...authenticating, deadline: now }],
    ['heartbeat_timeout', { ...bound, pingedAt: now - 15_000 }],
    ['token_expired', { ...bound, expiry: { expiresAt: now, askAt: null } }],
  ])('is %s and lets the client come back', (code, state) => {
    expect(stepLink(state, silent, machine.context).effects).toMatchObject([
      { type: 'sayGoodbye', goodbye: { code, retry: true } },
    ])
  })

  test('is the one that the hub gave', () => {
    const { ended } = machine.inputs
    expect(stepLink(bound, ended, machine.context).effects).toEqual([
      { type: 'sayGoodbye', goodbye: ended.goodbye },
    ])
  })
})

describe('the deadline of a bound link', () => {
  const bound = { ...machine.states.bound, checkAt: now + 1_000 }

  test.each<[string, Extract<LinkState, { name: 'bound' }>, number]>([
    ['is when silence is judged', bound, now + 1_000],
    [
      'is when a token is asked for, if earlier',
      { ...bound, expiry: { expiresAt: now + 30_500, askAt: now + 500 } },
      now + 500,
    ],
    ['is the token’s end once asked', { ...bound, expiry: { expiresAt: now + 400, askAt: null } }, now + 400],
    [
      'stays the silence’s if that is earlier',
      { ...bound, expiry: { expiresAt: now + hour, askAt: null } },
      now + 1_000,
    ],
  ])('%s', (_, state, deadline) => {
    expect(linkDeadline(state)).toBe(deadline)
  })
})

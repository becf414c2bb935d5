import { expect, test } from 'vitest'
import {
  clientMachine,
  departures,
  machineNow as now,
  machinePolicy as policy,
} from '../../testing/client-machine.ts'
import { describeTable, type TransitionTable } from '../../testing/transition-table.ts'
import type { ClientEffect, ClientInput, ClientState } from './state.ts'
import type { ClientContext } from './step.ts'

type ClientTable = TransitionTable<ClientState, ClientInput, ClientEffect, ClientContext>

const { directed, refused, unauthenticated, expired } = departures
const probe = { id: 3, sentAt: now - 1_000, deadline: now + 9_000 }

const opening = (fields: object = {}) =>
  ({ next: 'connecting', effects: ['open'], fields: { deadline: now + 10_000, ...fields } }) as const
/** The third failed attempt in a row: 4 s and half of the jitter. */
const backingOff = {
  next: 'waiting',
  effects: [],
  fields: { attempt: 5, failures: 3, retryAt: now + 4_600, directed: false, reason: { code: 'link_lost' } },
} as const
const toldWhen = {
  next: 'waiting',
  effects: [],
  fields: { failures: 3, retryAt: now + 740, directed: true, reason: { code: 'hub_closing' } },
} as const
const released = { next: 'closed', effects: ['release'] } as const
const abandoned = { next: 'closed', effects: ['abandon', 'release'] } as const
const leaving = {
  next: 'closing',
  effects: ['leave'],
  fields: { attempt: 5, deadline: now + 1_000 },
} as const
const tooSlow = {
  next: 'waiting',
  effects: ['abandon'],
  fields: { failures: 3, retryAt: now + 4_600, directed: false, reason: { code: 'connect_timeout' } },
} as const

/** What the end of a link means that did not prove itself, whether it was being opened, joined or live. */
const unprovedDeparture = [
  { when: 'lost', outcome: backingOff },
  { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
  { when: 'with retryAfterMs', input: { departure: directed }, outcome: toldWhen },
  { when: 'retry: false', input: { departure: refused }, outcome: released },
  {
    when: 'token rejected once',
    input: { departure: unauthenticated },
    outcome: opening({ attempt: 6, failures: 2, tokenRejected: true }),
  },
  {
    when: 'token rejected twice',
    state: { tokenRejected: true },
    input: { departure: unauthenticated },
    outcome: released,
  },
  {
    when: 'token rejected twice, whatever the hub says of retrying',
    state: { tokenRejected: true },
    input: { departure: { ...unauthenticated, retry: true } },
    outcome: released,
  },
  {
    when: 'the only token rejected',
    input: { departure: unauthenticated },
    context: { policy: { ...policy, canRefreshToken: false } },
    outcome: released,
  },
  {
    when: 'token expired',
    input: { departure: expired },
    outcome: { next: 'waiting', effects: [], fields: { failures: 3, tokenRejected: true } },
  },
  {
    when: 'the last attempt allowed',
    context: { policy: { ...policy, maxAttempts: 3 } },
    outcome: { next: 'closed', effects: ['release'], fields: { reason: { code: 'attempts_exhausted' } } },
  },
  {
    when: 'the last attempt but one',
    context: { policy: { ...policy, maxAttempts: 4 } },
    outcome: backingOff,
  },
] as const

const notReady = [
  { when: 'not due', outcome: 'ignored' },
  { when: 'due', state: { deadline: now }, outcome: tooSlow },
  {
    when: 'due, the last attempt allowed',
    state: { deadline: now },
    context: { policy: { ...policy, maxAttempts: 3 } },
    outcome: abandoned,
  },
] as const

const table: ClientTable = {
  idle: {
    started: opening({ attempt: 1, failures: 0, tokenRejected: false }),
    opened: 'ignored',
    welcomed: 'ignored',
    departed: [
      { when: 'unknown attempt', outcome: 'ignored' },
      { when: 'attempt 0', input: { attempt: 0 }, outcome: 'ignored' },
    ],
    ponged: 'ignored',
    woke: 'ignored',
    wentOffline: 'ignored',
    reconnectRequested: opening({ attempt: 1 }),
    closeRequested: released,
    ticked: 'ignored',
  },
  connecting: {
    started: 'ignored',
    opened: [
      {
        when: 'the same attempt',
        outcome: {
          next: 'joining',
          effects: ['greet'],
          fields: { attempt: 5, failures: 2, deadline: now + 10_000 },
        },
      },
      { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
    ],
    welcomed: 'ignored',
    departed: unprovedDeparture,
    ponged: 'ignored',
    woke: 'ignored',
    wentOffline: 'ignored',
    reconnectRequested: 'ignored',
    closeRequested: abandoned,
    ticked: [
      ...notReady,
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: { next: 'connecting', effects: [], fields: { attempt: 5, deadline: now + 10_000 } },
      },
    ],
  },
  joining: {
    started: 'ignored',
    opened: 'ignored',
    welcomed: [
      {
        when: 'the same attempt',
        state: { tokenRejected: true },
        outcome: {
          next: 'live',
          effects: ['admit', 'ping'],
          fields: {
            attempt: 5,
            failures: 2,
            tokenRejected: false,
            proved: false,
            spreadMs: 4_000,
            probe: { id: 1, sentAt: now, deadline: now + 15_000 },
            nextProbeId: 2,
            checkAt: now + 1_000,
          },
        },
      },
      { when: 'another attempt', input: { attempt: 6 }, outcome: 'ignored' },
    ],
    departed: unprovedDeparture,
    ponged: 'ignored',
    woke: 'ignored',
    wentOffline: 'ignored',
    reconnectRequested: 'ignored',
    closeRequested: leaving,
    ticked: [
      ...notReady,
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: { next: 'joining', effects: [], fields: { attempt: 5, deadline: now + 10_000 } },
      },
    ],
  },
  live: {
    started: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: [
      ...unprovedDeparture,
      {
        when: 'proved',
        state: { proved: true, failures: 0 },
        outcome: {
          next: 'waiting',
          effects: [],
          fields: { failures: 0, retryAt: now + 2_000, directed: false },
        },
      },
      {
        when: 'proved, a spread under a second',
        state: { proved: true, failures: 0, spreadMs: 10 },
        outcome: { next: 'waiting', effects: [], fields: { failures: 0, retryAt: now + 500 } },
      },
      {
        when: 'proved, with retryAfterMs',
        state: { proved: true, failures: 0 },
        input: { departure: directed },
        outcome: {
          next: 'waiting',
          effects: [],
          fields: { failures: 0, retryAt: now + 740, directed: true },
        },
      },
      {
        when: 'proved, one attempt allowed',
        state: { proved: true, failures: 0 },
        context: { policy: { ...policy, maxAttempts: 1 } },
        outcome: { next: 'waiting', effects: [], fields: { failures: 0 } },
      },
    ],
    ponged: [
      {
        when: 'of the probe',
        state: { probe },
        outcome: { next: 'live', effects: [], fields: { proved: true, failures: 0, probe: null } },
      },
      {
        when: 'of an earlier ping',
        state: { probe },
        input: { id: 1 },
        outcome: { next: 'live', effects: [], fields: { proved: true, failures: 0, probe } },
      },
      { when: 'another attempt', state: { probe }, input: { attempt: 4 }, outcome: 'ignored' },
    ],
    woke: [
      {
        when: 'no probe is out',
        outcome: {
          next: 'live',
          effects: ['ping'],
          fields: { probe: { id: 4, sentAt: now, deadline: now + 5_000 }, nextProbeId: 5 },
        },
      },
      {
        when: 'a probe is out that has longer',
        state: { probe },
        outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4, deadline: now + 5_000 } } },
      },
      {
        when: 'a probe is out that has no longer',
        state: { probe: { ...probe, deadline: now + 5_000 } },
        outcome: 'ignored',
      },
    ],
    wentOffline: [
      { when: 'no probe is out', outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4 } } } },
      { when: 'probing already', state: { probe: { ...probe, deadline: now + 1 } }, outcome: 'ignored' },
    ],
    reconnectRequested: 'ignored',
    closeRequested: leaving,
    ticked: [
      {
        when: 'heard lately',
        input: { heardAt: now - 29_999 },
        outcome: { next: 'live', effects: [], fields: { probe: null, checkAt: now + 1 } },
      },
      {
        when: 'silent',
        input: { heardAt: now - 30_000 },
        outcome: {
          next: 'live',
          effects: ['ping'],
          fields: { probe: { id: 4, sentAt: now, deadline: now + 10_000 }, checkAt: now + 1_000 },
        },
      },
      {
        when: 'probing, not due',
        state: { probe },
        input: { heardAt: now - 31_000 },
        outcome: { next: 'live', effects: [], fields: { probe, checkAt: now + 1_000 } },
      },
      {
        when: 'probing, nearly due',
        state: { probe: { ...probe, deadline: now + 1 } },
        input: { heardAt: now - 31_000 },
        outcome: { next: 'live', effects: [], fields: { checkAt: now + 1 } },
      },
      {
        when: 'probing, heard since',
        state: { probe },
        input: { heardAt: now - 999 },
        outcome: { next: 'live', effects: [], fields: { probe: null, checkAt: now + 29_001 } },
      },
      {
        when: 'probing, due, heard last when the ping was sent',
        state: { probe: { ...probe, sentAt: now - 10_000, deadline: now } },
        input: { heardAt: now - 10_000 },
        outcome: {
          next: 'waiting',
          effects: ['abandon'],
          fields: { failures: 3, retryAt: now + 4_600, reason: { code: 'heartbeat_timeout' } },
        },
      },
      {
        when: 'probing, due, proved',
        state: { probe: { ...probe, deadline: now }, proved: true, failures: 0 },
        input: { heardAt: now - 40_000 },
        outcome: { next: 'waiting', effects: ['abandon'], fields: { failures: 0, retryAt: now + 2_000 } },
      },
      {
        when: 'probing, due, late',
        state: { probe: { ...probe, deadline: now - 60_000 } },
        input: { heardAt: now - 90_000, late: true },
        outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4, deadline: now + 15_000 } } },
      },
    ],
  },
  waiting: {
    started: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: 'ignored',
    ponged: 'ignored',
    woke: [
      { when: 'by the client’s own backoff', outcome: opening({ attempt: 6, failures: 2 }) },
      { when: 'for as long as the hub said', state: { directed: true }, outcome: 'ignored' },
    ],
    wentOffline: 'ignored',
    reconnectRequested: [
      { when: 'by the client’s own backoff', outcome: opening({ attempt: 6 }) },
      { when: 'for as long as the hub said', state: { directed: true }, outcome: opening({ attempt: 6 }) },
    ],
    closeRequested: released,
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      {
        when: 'due',
        state: { retryAt: now, tokenRejected: true },
        outcome: opening({ attempt: 6, failures: 2, tokenRejected: true }),
      },
      {
        when: 'due, late',
        state: { retryAt: now - 60_000 },
        input: { late: true },
        outcome: opening({ attempt: 6 }),
      },
    ],
  },
  closing: {
    started: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: [
      { when: 'the same attempt', outcome: released },
      { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
    ],
    ponged: 'ignored',
    woke: 'ignored',
    wentOffline: 'ignored',
    reconnectRequested: 'ignored',
    closeRequested: 'ignored',
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      { when: 'due', state: { deadline: now }, outcome: abandoned },
    ],
  },
  closed: {
    started: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: 'ignored',
    ponged: 'ignored',
    woke: 'ignored',
    wentOffline: 'ignored',
    reconnectRequested: 'ignored',
    closeRequested: 'ignored',
    ticked: 'ignored',
  },
}

describeTable(clientMachine, table)

test('a state or an input without a row does not compile', () => {
  const { closed, ...statesButOne } = table
  const { ticked, ...inputsButOne } = table.live
  // @ts-expect-error `closed` has no rows
  const stateForgotten: ClientTable = statesButOne
  // @ts-expect-error `ticked` has no row in `live`
  const inputForgotten: ClientTable = { ...table, live: inputsButOne }
  expect([closed, ticked, stateForgotten, inputForgotten]).not.toContain(undefined)
})

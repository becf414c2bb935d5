import { expect, test } from 'vitest'
import {
  clientMachine,
  departures,
  machineNow as now,
  machinePolicy as policy,
} from '../../testing/client-machine.ts'
import { describeTable, type Outcome, type TransitionTable } from '../../testing/transition-table.ts'
import type { ClientEffect, ClientInput, ClientState, Probe } from './state.ts'
import type { ClientContext } from './step.ts'

type ClientTable = TransitionTable<ClientState, ClientInput, ClientEffect, ClientContext>

const { directed, refused } = departures
const probe: Probe = { id: 3, sentAt: now - 1_000, deadline: now + 9_000, sentLate: false }

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
const putAway = {
  next: 'waiting',
  effects: ['abandon'],
  fields: { attempt: 5, failures: 2, retryAt: Infinity, directed: false, reason: { code: 'page_hidden' } },
} as const
const probed = (fields: object) =>
  ({
    next: 'live',
    effects: ['ping'],
    fields: { probe: { id: 4, sentAt: now, deadline: now + 5_000 }, nextProbeId: 5, ...fields },
  }) as const
/** What becomes known, and nothing else: of the page, or of what the application wants. */
const noted = (
  next: ClientState['name'],
  fields: Readonly<Record<string, unknown>>,
): Outcome<ClientState, ClientEffect> => ({
  next,
  effects: [],
  fields,
})
const anew = {
  next: 'connecting',
  effects: ['abandon', 'open'],
  fields: { attempt: 6, offline: false },
} as const
const wanted = { choice: { transport: 1, home: 1, homeProved: false, best: 1 } }

/** In departure.table.test.ts there are more. */
const unprovedDeparture = [
  { when: 'lost', outcome: backingOff },
  { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
  { when: 'with retryAfterMs', input: { departure: directed }, outcome: toldWhen },
  { when: 'retry: false', input: { departure: refused }, outcome: released },
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

const leftOver = { next: 'closing', effects: ['promote', 'leave'], fields: { attempt: 6 } } as const
const heirGone = { next: 'closing', effects: ['withdraw'], fields: { attempt: 5, heir: null } } as const
const bothGone = { next: 'closed', effects: ['withdraw', 'abandon', 'release'] } as const
const deaf = {
  started: 'ignored',
  tokenObtained: 'ignored',
  opened: 'ignored',
  ponged: 'ignored',
  woke: 'ignored',
  cameOnline: 'ignored',
  wentOffline: 'ignored',
  putAway: 'ignored',
  preferred: 'ignored',
  reconnectRequested: 'ignored',
  closeRequested: 'ignored',
} as const
const table: ClientTable = {
  idle: {
    started: opening({ attempt: 1, failures: 0, tokenRejected: false }),
    tokenObtained: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: [
      { when: 'unknown attempt', outcome: 'ignored' },
      { when: 'attempt 0', input: { attempt: 0 }, outcome: 'ignored' },
    ],
    ponged: 'ignored',
    woke: 'ignored',
    cameOnline: [
      { when: 'as before', outcome: 'ignored' },
      { when: 'again', state: { offline: true }, outcome: noted('idle', { offline: false }) },
    ],
    wentOffline: noted('idle', { offline: true }),
    putAway: 'ignored',
    preferred: [{ when: 'another', input: { transport: 1 }, outcome: noted('idle', wanted) }],
    reconnectRequested: opening({ attempt: 1 }),
    closeRequested: released,
    ticked: 'ignored',
  },
  connecting: {
    started: 'ignored',
    tokenObtained: [
      {
        when: 'the same attempt',
        state: { tokenObtained: false, prolonged: true },
        outcome: noted('connecting', { tokenObtained: true, deadline: now + 5_000, prolonged: false }),
      },
      { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
    ],
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
    cameOnline: [
      { when: 'as before', outcome: 'ignored' },
      { when: 'again', state: { offline: true }, outcome: anew },
    ],
    wentOffline: noted('connecting', { offline: true }),
    putAway,
    preferred: [
      { when: 'the one under way', outcome: noted('connecting', { choice: { best: 0 } }) },
      {
        when: 'another',
        input: { transport: 1 },
        outcome: { next: 'connecting', effects: ['abandon', 'open'], fields: { attempt: 6, ...wanted } },
      },
    ],
    reconnectRequested: 'ignored',
    closeRequested: abandoned,
    ticked: [
      ...notReady,
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: noted('connecting', { attempt: 5, deadline: now + 10_000, prolonged: true }),
      },
      {
        when: 'due, without a token',
        state: { deadline: now, tokenObtained: false },
        outcome: { next: 'waiting', effects: ['abandon'], fields: { reason: { code: 'token_failed' } } },
      },
      {
        when: 'due, late again',
        state: { deadline: now - 60_000, prolonged: true },
        input: { late: true },
        outcome: tooSlow,
      },
    ],
  },
  joining: {
    started: 'ignored',
    tokenObtained: 'ignored',
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
    cameOnline: [
      { when: 'as before', outcome: 'ignored' },
      { when: 'again', state: { offline: true }, outcome: noted('joining', { offline: false }) },
    ],
    wentOffline: noted('joining', { offline: true }),
    putAway,
    preferred: [
      { when: 'the one under way', outcome: noted('joining', { choice: { best: 0 } }) },
      {
        when: 'another',
        input: { transport: 1 },
        outcome: { next: 'connecting', effects: ['abandon', 'open'], fields: { attempt: 6, ...wanted } },
      },
    ],
    reconnectRequested: 'ignored',
    closeRequested: leaving,
    ticked: [
      ...notReady,
      {
        when: 'due, late',
        state: { deadline: now - 60_000 },
        input: { late: true },
        outcome: noted('joining', { attempt: 5, deadline: now + 10_000, prolonged: true }),
      },
      {
        when: 'due, late again',
        state: { deadline: now - 60_000, prolonged: true },
        input: { late: true },
        outcome: tooSlow,
      },
    ],
  },
  live: {
    started: 'ignored',
    tokenObtained: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: [...unprovedDeparture],
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
    woke: probed({ offline: false }),
    cameOnline: probed({ offline: false }),
    wentOffline: probed({ offline: true }),
    putAway,
    preferred: [
      {
        when: 'the one in use',
        outcome: { next: 'live', effects: [], fields: { rival: null, rivalAt: Infinity } },
      },
      {
        when: 'another',
        input: { transport: 1 },
        outcome: { next: 'live', effects: [], fields: { choice: { best: 1 }, candidate: 1, rivalAt: now } },
      },
    ],
    reconnectRequested: 'ignored',
    closeRequested: leaving,
    ticked: [
      { when: 'heard lately', outcome: { next: 'live', effects: [], fields: { checkAt: now + 30_000 } } },
      { when: 'not due', state: { checkAt: now + 1 }, outcome: 'ignored' },
      {
        when: 'silent',
        input: { heardAt: now - 30_000 },
        outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4 }, checkAt: now + 1_000 } },
      },
      {
        when: 'silent for too long',
        state: { probe: { ...probe, deadline: now } },
        input: { heardAt: now - 40_000 },
        outcome: {
          next: 'waiting',
          effects: ['abandon'],
          fields: { failures: 3, retryAt: now + 4_600, reason: { code: 'heartbeat_timeout' } },
        },
      },
      {
        when: 'a rival is due',
        state: { rivalAt: now, candidate: 1 },
        outcome: {
          next: 'live',
          effects: ['open'],
          fields: { attempt: 5, latestAttempt: 6, rival: { attempt: 6, phase: 'opening' } },
        },
      },
    ],
  },
  waiting: {
    started: 'ignored',
    tokenObtained: 'ignored',
    opened: 'ignored',
    welcomed: 'ignored',
    departed: 'ignored',
    ponged: 'ignored',
    woke: [
      { when: 'by the client’s own backoff', outcome: opening({ attempt: 6, failures: 2 }) },
      { when: 'for as long as the hub said', state: { directed: true }, outcome: 'ignored' },
    ],
    cameOnline: [
      { when: 'by the client’s own backoff', outcome: opening({ attempt: 6, offline: false }) },
      { when: 'for as long as the hub said', state: { directed: true }, outcome: 'ignored' },
      {
        when: 'while the page is put away',
        state: { retryAt: Infinity },
        outcome: opening({ attempt: 6, failures: 2 }),
      },
    ],
    wentOffline: noted('waiting', { offline: true, retryAt: now + 1 }),
    putAway: [
      { when: 'by the client’s own backoff', outcome: noted('waiting', { retryAt: Infinity }) },
      { when: 'for as long as the hub said', state: { directed: true }, outcome: 'ignored' },
    ],
    preferred: [{ when: 'another', input: { transport: 1 }, outcome: noted('waiting', wanted) }],
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
    ...deaf,
    welcomed: [
      { when: 'the same attempt', outcome: 'ignored' },
      { when: 'the heir', state: { heir: 6 }, input: { attempt: 6 }, outcome: leftOver },
    ],
    departed: [
      { when: 'the same attempt', outcome: released },
      { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
      { when: 'the same attempt, with an heir', state: { heir: 6 }, outcome: leftOver },
      { when: 'the heir', state: { heir: 6 }, input: { attempt: 6 }, outcome: heirGone },
    ],
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      { when: 'due', state: { deadline: now }, outcome: abandoned },
      { when: 'due, with an heir', state: { deadline: now, heir: 6 }, outcome: bothGone },
    ],
  },
  closed: {
    ...deaf,
    welcomed: 'ignored',
    departed: 'ignored',
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

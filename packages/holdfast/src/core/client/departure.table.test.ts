import { describe } from 'vitest'
import {
  clientMachine,
  departures,
  machineNow as now,
  machinePolicy as policy,
} from '../../testing/client-machine.ts'
import { describeRows, type Rows } from '../../testing/transition-table.ts'
import type { ClientEffect, ClientInput, ClientState, Named } from './state.ts'
import type { ClientContext } from './step.ts'

type Departed<Name extends ClientState['name']> = Pick<
  Rows<Named<Name>, ClientState, ClientInput, ClientEffect, ClientContext>,
  'departed'
>

const { directed, unauthenticated, expired } = departures
const released = { next: 'closed', effects: ['release'] } as const
const opening = (fields: object) =>
  ({ next: 'connecting', effects: ['open'], fields: { ...fields } }) as const
/** The third failed attempt in a row: 4 s and half of the jitter. */
const backingOff = {
  next: 'waiting',
  effects: [],
  fields: { attempt: 5, failures: 3, retryAt: now + 4_600, directed: false, reason: { code: 'link_lost' } },
} as const

/** What the end of a link means that did not prove itself, whether it was being opened, joined or live. */
const unproved = [
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

const linked: Departed<'connecting' | 'joining'> = { departed: unproved }
const live: Departed<'live'> = {
  departed: [
    ...unproved,
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
}

describe('the end of a link', () => {
  describe('connecting', () => describeRows(clientMachine, 'connecting', linked))
  describe('joining', () => describeRows(clientMachine, 'joining', linked))
  describe('live', () => describeRows(clientMachine, 'live', live))
})

import { describe } from 'vitest'
import { clientMachine, machineNow as now } from '../../testing/client-machine.ts'
import { describeRows, type Rows } from '../../testing/transition-table.ts'
import type { ClientEffect, ClientInput, ClientState, Named, Probe } from './state.ts'
import type { ClientContext } from './step.ts'

type LiveRows = Rows<Named<'live'>, ClientState, ClientInput, ClientEffect, ClientContext>

const probe: Probe = { id: 3, sentAt: now - 1_000, deadline: now + 9_000, sentLate: false }
const probedAnew = {
  next: 'live',
  effects: ['ping'],
  fields: { probe: { id: 4, sentAt: now, deadline: now + 15_000, sentLate: true }, checkAt: now + 1_000 },
} as const

const live: Pick<LiveRows, 'ponged' | 'woke' | 'wentOffline' | 'putAway' | 'ticked'> = {
  ponged: [
    {
      when: 'a rival is due sooner than by itself',
      state: { rivalAt: now },
      outcome: { next: 'live', effects: [], fields: { proved: true, rivalAt: now } },
    },
  ],
  putAway: [
    {
      when: 'after a long life',
      state: { proved: true, choice: { ...clientMachine.states.live.choice, strikes: 2 } },
      outcome: { next: 'waiting', effects: ['abandon'], fields: { choice: { strikes: 0 } } },
    },
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
      state: { probe: { ...probe, deadline: now + 5_000 }, checkAt: now + 1 },
      outcome: 'ignored',
    },
    {
      when: 'a probe is out whose time passed in sleep, in part or all',
      state: { probe: { ...probe, deadline: now + 500 }, checkAt: now - 8_500 },
      outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4, deadline: now + 5_000 } } },
    },
  ],
  wentOffline: [
    {
      when: 'no probe is out',
      outcome: { next: 'live', effects: ['ping'], fields: { probe: { id: 4 }, offline: true } },
    },
    {
      when: 'probing already',
      state: { probe: { ...probe, deadline: now + 1 }, checkAt: now + 1 },
      outcome: { next: 'live', effects: [], fields: { nextProbeId: 4, offline: true } },
    },
  ],
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
      when: 'silent, late',
      input: { heardAt: now - 90_000, late: true },
      outcome: {
        next: 'live',
        effects: ['ping'],
        fields: { probe: { id: 4, deadline: now + 10_000, sentLate: true } },
      },
    },
    {
      when: 'probing, due, late',
      state: { probe: { ...probe, deadline: now - 60_000 } },
      input: { heardAt: now - 90_000, late: true },
      outcome: probedAnew,
    },
    {
      when: 'probing, not due, late: the time that is left is not enough',
      state: { probe: { ...probe, deadline: now + 1 } },
      input: { heardAt: now - 39_000, late: true },
      outcome: probedAnew,
    },
    {
      when: 'late for something else than the silence',
      state: { probe, checkAt: now + 1 },
      input: { heardAt: now - 39_000, late: true },
      outcome: 'ignored',
    },
    {
      when: 'a late probe, not due, late again',
      state: { probe: { ...probe, sentLate: true } },
      input: { heardAt: now - 90_000, late: true },
      outcome: { next: 'live', effects: [], fields: { checkAt: now + 1_000 } },
    },
    {
      when: 'a late probe, due, late again',
      state: { probe: { ...probe, deadline: now - 50_000, sentLate: true } },
      input: { heardAt: now - 150_000, late: true },
      outcome: { next: 'waiting', effects: ['abandon'], fields: { reason: { code: 'heartbeat_timeout' } } },
    },
  ],
}

describe('live', () => describeRows(clientMachine, 'live', live))

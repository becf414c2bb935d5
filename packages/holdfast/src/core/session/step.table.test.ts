import { describe, expect, test } from 'vitest'
import { describeTable, type Machine, type TransitionTable } from '../../testing/transition-table.ts'
import type { SessionEffect, SessionInput, SessionState } from './state.ts'
import { stepSession } from './step.ts'

interface Context {
  readonly now: number
  readonly ttlMs: number
}

type SessionTable = TransitionTable<SessionState, SessionInput, SessionEffect, Context>

const now = 1_000_000
const ttlMs = 120_000

const machine: Machine<SessionState, SessionInput, SessionEffect, Context> = {
  step: stepSession,
  states: {
    live: { name: 'live', link: 10, attempt: 5 },
    resting: { name: 'resting', expiresAt: now + 1, attempt: 5 },
    ended: { name: 'ended' },
  },
  inputs: {
    attached: { type: 'attached', link: 11, attempt: 6 },
    detached: { type: 'detached', link: 10 },
    ended: { type: 'ended', goodbye: { code: 'disconnected', message: 'Bye.', retry: false } },
    ticked: { type: 'ticked' },
  },
  context: { now, ttlMs },
}

const table: SessionTable = {
  live: {
    attached: [
      {
        when: 'a higher attempt',
        outcome: { next: 'live', effects: ['endLink'], fields: { link: 11, attempt: 6 } },
      },
      {
        when: 'the same attempt',
        input: { attempt: 5 },
        outcome: { next: 'live', effects: ['endLink'], fields: { link: 10, attempt: 5 } },
      },
      {
        when: 'a lower attempt',
        input: { attempt: 4 },
        outcome: { next: 'live', effects: ['endLink'], fields: { link: 10, attempt: 5 } },
      },
    ],
    detached: [
      {
        when: 'its link',
        outcome: { next: 'resting', effects: [], fields: { expiresAt: now + ttlMs, attempt: 5 } },
      },
      { when: 'a superseded link', input: { link: 9 }, outcome: 'ignored' },
    ],
    ended: { next: 'ended', effects: ['endLink', 'forget'] },
    ticked: 'ignored',
  },
  resting: {
    attached: [
      { when: 'a higher attempt', outcome: { next: 'live', effects: [], fields: { link: 11, attempt: 6 } } },
      {
        when: 'the same attempt',
        input: { attempt: 5 },
        outcome: { next: 'resting', effects: ['endLink'], fields: { expiresAt: now + 1, attempt: 5 } },
      },
      {
        when: 'a lower attempt',
        input: { attempt: 4 },
        outcome: { next: 'resting', effects: ['endLink'], fields: { expiresAt: now + 1, attempt: 5 } },
      },
    ],
    detached: 'ignored',
    ended: { next: 'ended', effects: ['forget'] },
    ticked: [
      { when: 'not due', outcome: 'ignored' },
      { when: 'due', state: { expiresAt: now }, outcome: { next: 'ended', effects: ['forget'] } },
      { when: 'overdue', state: { expiresAt: now - 1 }, outcome: { next: 'ended', effects: ['forget'] } },
    ],
  },
  ended: { attached: 'ignored', detached: 'ignored', ended: 'ignored', ticked: 'ignored' },
}

describeTable(machine, table)

test('a state or an input without a row does not compile', () => {
  const { ended, ...statesButOne } = table
  const { ticked, ...inputsButOne } = table.live
  // @ts-expect-error `ended` has no rows
  const stateForgotten: SessionTable = statesButOne
  // @ts-expect-error `ticked` has no row in `live`
  const inputForgotten: SessionTable = { ...table, live: inputsButOne }
  expect([ended, ticked, stateForgotten, inputForgotten]).not.toContain(undefined)
})

describe('what the effects say', () => {
  const { live } = machine.states
  const { attached, ended } = machine.inputs

  test('S2 [R13] the lower attempt is ended with superseded, and may not come back', () => {
    const goodbye = { code: 'superseded', retry: false }
    const older = stepSession(live, attached, machine.context)
    expect(older.effects).toMatchObject([{ type: 'endLink', link: 10, goodbye }])
    const newer = stepSession(live, { ...attached, attempt: 4 }, machine.context)
    expect(newer.effects).toMatchObject([{ type: 'endLink', link: 11, goodbye }])
  })

  test('a session that is ended says goodbye as it was told, before it is forgotten', () => {
    expect(stepSession(live, ended, machine.context).effects).toEqual([
      { type: 'endLink', link: 10, goodbye: ended.goodbye },
      { type: 'forget', reason: 'ended' },
    ])
  })

  test('[R14] a session that rested too long is forgotten as expired', () => {
    const resting: SessionState = { ...machine.states.resting, expiresAt: now }
    expect(stepSession(resting, { type: 'ticked' }, machine.context).effects).toEqual([
      { type: 'forget', reason: 'expired' },
    ])
  })
})

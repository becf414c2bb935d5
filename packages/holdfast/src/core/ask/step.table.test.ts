import { describe } from 'vitest'
import { describeTable, type Machine, type TransitionTable } from '../../testing/transition-table.ts'
import type { AskEffect, AskInput, AskState } from './state.ts'
import { stepAsk } from './step.ts'

interface Context {
  readonly now: number
}

const now = 1_000_000
const pending = { expiresAt: now + 60_000, attended: true, answers: [], cancelled: false } as const
const judging = { answer: 1, stage: 'judging' } as const
const passed = { answer: 1, stage: 'passed' } as const
const waiting = { answer: 1, stage: 'waiting' } as const
const other = { answer: 2, stage: 'judging' } as const

const machine: Machine<AskState, AskInput, AskEffect, Context> = {
  step: stepAsk,
  states: {
    opening: { name: 'opening', ...pending },
    open: { name: 'open', ...pending, retryAt: null },
    concluding: { name: 'concluding', ...pending, answers: [passed, other] },
    ended: { name: 'ended', status: 'answered' },
  },
  inputs: {
    opened: { type: 'opened' },
    answered: { type: 'answered', answer: 1 },
    joined: { type: 'joined', attends: true },
    passed: { type: 'passed', answer: 1 },
    dropped: { type: 'dropped', answer: 1 },
    cancelled: { type: 'cancelled' },
    ticked: { type: 'ticked' },
    concluded: { type: 'concluded', status: 'answered', answer: 1 },
    failed: { type: 'failed', answer: 1 },
  },
  context: { now },
}

const late = { now: now + 60_000 }

const table: TransitionTable<AskState, AskInput, AskEffect, Context> = {
  opening: {
    opened: [
      {
        when: 'nothing happened meanwhile',
        outcome: { next: 'open', effects: [], fields: { retryAt: null } },
      },
      {
        when: 'an answer came before: from a device that knew the ask',
        state: { answers: [waiting] },
        outcome: { next: 'open', effects: ['judge'], fields: { answers: [judging] } },
      },
      {
        when: 'an answer came, and whoever judges it is not there',
        state: { answers: [waiting], attended: false },
        outcome: { next: 'open', effects: [], fields: { answers: [waiting] } },
      },
      {
        when: 'cancelled',
        state: { cancelled: true },
        outcome: { next: 'concluding', effects: ['conclude'] },
      },
      {
        when: 'the deadline passed: no answer is judged',
        state: { answers: [waiting] },
        context: late,
        outcome: { next: 'concluding', effects: ['conclude'], fields: { answers: [waiting] } },
      },
    ],
    answered: { next: 'opening', effects: [], fields: { answers: [waiting] } },
    joined: [
      {
        when: 'it was not',
        state: { attended: false, answers: [waiting] },
        outcome: { next: 'opening', effects: [], fields: { attended: true, answers: [waiting] } },
      },
      {
        when: 'who asked before gave up',
        state: { cancelled: true },
        outcome: { next: 'opening', effects: [], fields: { cancelled: false } },
      },
    ],
    passed: { next: 'opening', effects: [], fields: { answers: [] } },
    dropped: [
      {
        when: 'taken back',
        state: { answers: [waiting] },
        outcome: { next: 'opening', effects: [], fields: { answers: [] } },
      },
    ],
    cancelled: { next: 'opening', effects: [], fields: { cancelled: true } },
    ticked: 'ignored',
    concluded: { next: 'ended', effects: ['end'], fields: { status: 'answered' } },
    failed: [
      { when: 'without answers', outcome: { next: 'ended', effects: [] } },
      {
        when: 'answers came',
        state: { answers: [waiting] },
        outcome: { next: 'ended', effects: ['refuse'], fields: { status: 'cancelled' } },
      },
    ],
  },
  open: {
    opened: 'ignored',
    answered: [
      {
        when: 'attended',
        outcome: { next: 'open', effects: ['judge'], fields: { answers: [judging] } },
      },
      {
        when: 'not attended [R69]',
        state: { attended: false },
        outcome: { next: 'open', effects: [], fields: { answers: [waiting] } },
      },
      {
        when: 'the deadline passed, but the timer has not come: it is not judged',
        context: late,
        outcome: { next: 'concluding', effects: ['conclude'], fields: { answers: [waiting] } },
      },
      {
        when: 'another is judged',
        state: { answers: [other] },
        outcome: { next: 'open', effects: ['judge'], fields: { answers: [other, judging] } },
      },
    ],
    joined: [
      {
        when: 'answers wait',
        state: { attended: false, answers: [waiting] },
        outcome: { next: 'open', effects: ['judge'], fields: { attended: true, answers: [judging] } },
      },
      {
        when: 'answers wait, and it does not judge',
        state: { attended: false, answers: [waiting] },
        input: { attends: false },
        outcome: { next: 'open', effects: [], fields: { attended: false, answers: [waiting] } },
      },
      {
        when: 'cancelled, and the engine failed: it goes on',
        state: { cancelled: true, retryAt: now + 1 },
        outcome: { next: 'open', effects: [], fields: { cancelled: false } },
      },
      {
        when: 'the deadline passed',
        state: { attended: false, answers: [waiting] },
        context: late,
        outcome: { next: 'open', effects: [], fields: { answers: [waiting] } },
      },
    ],
    passed: [
      {
        when: 'in time',
        state: { answers: [judging, other] },
        outcome: { next: 'concluding', effects: ['conclude'], fields: { answers: [passed, other] } },
      },
      {
        when: 'the deadline has passed, although its validation began before [R65]',
        state: { answers: [judging] },
        context: late,
        outcome: { next: 'concluding', effects: ['conclude'], fields: { answers: [passed] } },
      },
      { when: 'it was dropped meanwhile', outcome: { next: 'open', effects: [], fields: { answers: [] } } },
      {
        when: 'the engine has just failed',
        state: { answers: [judging], retryAt: now + 1 },
        outcome: { next: 'open', effects: [], fields: { answers: [passed] } },
      },
    ],
    dropped: [
      {
        when: 'refused by the validator',
        state: { answers: [judging, other] },
        outcome: { next: 'open', effects: [], fields: { answers: [other] } },
      },
    ],
    cancelled: { next: 'concluding', effects: ['conclude'], fields: { cancelled: true } },
    ticked: [
      { when: 'before the deadline', outcome: 'ignored' },
      { when: 'at the deadline', context: late, outcome: { next: 'concluding', effects: ['conclude'] } },
      {
        when: 'after a failure of the engine',
        state: { retryAt: now, answers: [passed] },
        outcome: { next: 'concluding', effects: ['conclude'] },
      },
      {
        when: 'after a failure, and there is nothing to do',
        state: { retryAt: now },
        outcome: { next: 'open', effects: [], fields: { retryAt: null } },
      },
      {
        when: 'cancelled, and the engine failed',
        state: { retryAt: now, cancelled: true },
        outcome: { next: 'concluding', effects: ['conclude'] },
      },
    ],
    concluded: [
      {
        when: 'by somebody elsewhere',
        state: { answers: [judging] },
        input: { answer: null },
        outcome: { next: 'ended', effects: ['end', 'refuse'] },
      },
    ],
    failed: 'ignored',
  },
  concluding: {
    opened: 'ignored',
    answered: [
      {
        when: 'it is judged all the same: the engine may fail',
        input: { answer: 3 },
        outcome: { next: 'concluding', effects: ['judge'] },
      },
    ],
    joined: { next: 'concluding', effects: [], fields: { attended: true } },
    passed: [
      {
        when: 'one is under way',
        input: { answer: 2 },
        outcome: {
          next: 'concluding',
          effects: [],
          fields: { answers: [passed, { answer: 2, stage: 'passed' }] },
        },
      },
    ],
    dropped: { next: 'concluding', effects: [], fields: { answers: [other] } },
    cancelled: { next: 'concluding', effects: [], fields: { cancelled: true } },
    ticked: 'ignored',
    concluded: [
      { when: 'by the answer', outcome: { next: 'ended', effects: ['end', 'take', 'refuse'] } },
      {
        when: 'another was first',
        input: { answer: null },
        outcome: { next: 'ended', effects: ['end', 'refuse', 'refuse'] },
      },
      {
        when: 'the deadline was first',
        input: { status: 'expired', answer: null },
        outcome: { next: 'ended', effects: ['end', 'refuse', 'refuse'], fields: { status: 'expired' } },
      },
      {
        when: 'the answer was taken back: it counts, and nobody is told its result',
        state: { answers: [other] },
        outcome: { next: 'ended', effects: ['end', 'refuse'] },
      },
    ],
    failed: [
      {
        when: 'by the answer',
        outcome: { next: 'open', effects: ['refuse'], fields: { answers: [other], retryAt: now + 1_000 } },
      },
      {
        when: 'by the deadline',
        input: { answer: null },
        outcome: { next: 'open', effects: [], fields: { answers: [passed, other], retryAt: now + 1_000 } },
      },
      {
        when: 'the answer was taken back',
        state: { answers: [other] },
        outcome: { next: 'open', effects: [], fields: { answers: [other] } },
      },
    ],
  },
  ended: {
    opened: 'ignored',
    answered: { next: 'ended', effects: ['refuse'] },
    joined: 'ignored',
    passed: 'ignored',
    dropped: 'ignored',
    cancelled: 'ignored',
    ticked: 'ignored',
    concluded: 'ignored',
    failed: 'ignored',
  },
}

describe('a question, in every state', () => {
  describeTable(machine, table)
})

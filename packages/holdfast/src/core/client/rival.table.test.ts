import { describe } from 'vitest'
import { clientMachine, departures, machineNow as now, machinePolicy } from '../../testing/client-machine.ts'
import { describeRows, type Rows } from '../../testing/transition-table.ts'
import { initialChoice } from './choice.ts'
import type { Rival } from './rival.ts'
import type { ClientEffect, ClientInput, ClientState, Named } from './state.ts'
import type { ClientContext } from './step.ts'

/** What a live client with a rival does: link 5 is over transport 2, rival 6 over the first. */
type ContestedRows = Rows<Named<'live'>, ClientState, ClientInput, ClientEffect, ClientContext>
type Variants<Type extends ClientInput['type']> = Extract<ContestedRows[Type], readonly unknown[]>

const { directed, refused, unauthenticated, superseded, ended } = departures
const rival: Rival = { attempt: 6, phase: 'opening', alone: false, deadline: now + 1, prolonged: false }
const phases: Readonly<Record<'opening' | 'proving' | 'joining' | 'alone', Partial<Named<'live'>>>> = {
  opening: { rival },
  proving: { rival: { ...rival, phase: 'proving' } },
  joining: { rival: { ...rival, phase: 'joining' } },
  alone: { rival: { ...rival, phase: 'joining', alone: true }, checkAt: Infinity },
}
const begin: Named<'live'> = {
  ...clientMachine.states.live,
  latestAttempt: 6,
  failures: 0,
  proved: true,
  rivalAt: now - 1,
  checkAt: now + 1,
  choice: { ...initialChoice(2), homeProved: true },
}
const context = { ...clientMachine.context, policy: { ...machinePolicy, transports: 3 } }

const live = (fields: object, ...effects: ClientEffect['type'][]) =>
  ({ next: 'live', effects, fields: { attempt: 5, ...fields } }) as const
const ofRival = { attempt: 6 }
/** Without the first candidate: the second follows at once. */
const withdrawn = live({ rival: null, candidate: 1, rivalAt: now }, 'withdraw')
const reconnecting = (...effects: ClientEffect['type'][]) =>
  ({ next: 'waiting', effects, fields: { failures: 0, retryAt: now + 2_000, latestAttempt: 6 } }) as const
const heldBack = { next: 'waiting', effects: ['withdraw', 'abandon'], fields: { retryAt: Infinity } } as const
const leaving = {
  next: 'closing',
  effects: ['withdraw', 'leave'],
  fields: { attempt: 5, heir: null },
} as const
const leavingBoth = { next: 'closing', effects: ['leave'], fields: { attempt: 5, heir: 6 } } as const
const probed = live({ probe: { id: 4, deadline: now + 5_000 } }, 'ping')
const released = { next: 'closed', effects: ['withdraw', 'release'] } as const
const renewed = {
  next: 'connecting',
  effects: ['withdraw', 'open'],
  fields: { attempt: 7, tokenRejected: true },
} as const

const preferred: ContestedRows['preferred'] = [
  { when: 'the rival’s', outcome: live({ choice: { best: 0 }, rival: { attempt: 6 } }) },
  {
    when: 'another',
    input: { transport: 1 },
    outcome: live({ choice: { best: 1 }, candidate: 1, rivalAt: now, rival: null }, 'withdraw'),
  },
  {
    when: 'the link’s own',
    input: { transport: 2 },
    outcome: live({ choice: { best: 2 }, rivalAt: Infinity, rival: null }, 'withdraw'),
  },
]
const departedAnyhow: Variants<'departed'> = [
  { when: 'the rival', input: ofRival, outcome: withdrawn },
  { when: 'another attempt', input: { attempt: 4 }, outcome: 'ignored' },
  { when: 'the link, for good', input: { departure: refused }, outcome: released },
  { when: 'the rival, for good', input: { ...ofRival, departure: refused }, outcome: withdrawn },
  { when: 'the link, its token refused', input: { departure: unauthenticated }, outcome: renewed },
]
const tickedOf = (state: Partial<Named<'live'>>): Variants<'ticked'> => {
  const overdue = { ...rival, ...state.rival, deadline: now }
  return [
    { when: 'not due', outcome: 'ignored' },
    { when: 'due', state: { rival: overdue }, outcome: withdrawn },
    {
      when: 'due, late',
      state: { rival: overdue },
      input: { late: true },
      outcome: live({ rival: { deadline: now + 5_000, prolonged: true } }),
    },
    {
      when: 'due, late again',
      state: { rival: { ...overdue, prolonged: true } },
      input: { late: true },
      outcome: withdrawn,
    },
  ]
}
const silence = {
  when: 'the link is silent',
  state: { checkAt: now },
  input: { heardAt: now - 30_000 },
  outcome: live({ probe: { id: 4 } }, 'ping'),
} as const
const dead = {
  state: { checkAt: now, probe: { id: 3, sentAt: now - 1, deadline: now, sentLate: false } },
  input: { heardAt: now - 40_000 },
} as const

/** What the rival's phase makes no difference to. */
const common: Omit<ContestedRows, 'tokenObtained' | 'opened' | 'welcomed' | 'ticked'> = {
  started: 'ignored',
  departed: [
    ...departedAnyhow,
    { when: 'the link', outcome: reconnecting('withdraw') },
    {
      when: 'the link, overtaken by a rival that was given up before',
      input: { departure: superseded },
      outcome: reconnecting('withdraw'),
    },
  ],
  ponged: [
    { when: 'the link’s', outcome: live({ probe: null }) },
    { when: 'the rival’s', input: ofRival, outcome: 'ignored' },
  ],
  woke: probed,
  cameOnline: probed,
  wentOffline: probed,
  putAway: heldBack,
  preferred,
  reconnectRequested: 'ignored',
  closeRequested: leaving,
}
const ignoredOfRival = [{ when: 'the rival', input: ofRival, outcome: 'ignored' }] as const

const table: Readonly<Record<keyof typeof phases, ContestedRows>> = {
  opening: {
    ...common,
    tokenObtained: [
      {
        when: 'the rival',
        input: ofRival,
        outcome: live({ rival: { phase: 'opening', deadline: now + 5_000 } }),
      },
      { when: 'the link', outcome: 'ignored' },
    ],
    opened: [
      {
        when: 'the rival',
        input: ofRival,
        outcome: live({ rival: { phase: 'proving', deadline: now + 5_000 } }, 'challenge'),
      },
      { when: 'the link', outcome: 'ignored' },
    ],
    welcomed: ignoredOfRival,
    ticked: [
      ...tickedOf(phases.opening),
      silence,
      { when: 'the link is dead', ...dead, outcome: reconnecting('abandon', 'withdraw') },
    ],
  },
  proving: {
    ...common,
    tokenObtained: ignoredOfRival,
    opened: ignoredOfRival,
    welcomed: ignoredOfRival,
    ponged: [
      {
        when: 'the rival’s',
        input: { ...ofRival, id: 0 },
        outcome: live({ rival: { phase: 'joining', deadline: now + 10_000 } }, 'greet'),
      },
      { when: 'the link’s', outcome: live({ rival: { phase: 'proving' } }) },
    ],
    ticked: [
      ...tickedOf(phases.proving),
      silence,
      { when: 'the link is dead', ...dead, outcome: reconnecting('abandon', 'withdraw') },
    ],
  },
  joining: {
    ...common,
    preferred: [
      {
        when: 'another',
        input: { transport: 1 },
        outcome: live({ choice: { best: 1 }, candidate: 0, rival: ofRival }),
      },
    ],
    closeRequested: leavingBoth,
    tokenObtained: ignoredOfRival,
    opened: ignoredOfRival,
    welcomed: [
      {
        when: 'the rival',
        input: ofRival,
        outcome: {
          next: 'live',
          effects: ['promote', 'admit', 'ping'],
          fields: {
            attempt: 6,
            rival: null,
            upgraded: true,
            proved: false,
            since: now,
            choice: { transport: 0, home: 2 },
          },
        },
      },
      {
        when: 'the rival, after the link had lived',
        state: { choice: { ...begin.choice, strikes: 2 } },
        input: ofRival,
        outcome: {
          next: 'live',
          effects: ['promote', 'admit', 'ping'],
          fields: { choice: { transport: 0, home: 2, strikes: 0 } },
        },
      },
      { when: 'the link', outcome: 'ignored' },
    ],
    departed: [
      ...departedAnyhow,
      {
        when: 'the link',
        outcome: live({ rival: { ...ofRival, alone: true }, probe: null, checkAt: Infinity }),
      },
      {
        when: 'the link, fenced by the rival’s hello',
        input: { departure: superseded },
        outcome: live({ rival: { ...ofRival, alone: true } }),
      },
      {
        when: 'the link with the session, so that the rival’s hello said a wrong number [R43]',
        input: { departure: ended },
        outcome: reconnecting('withdraw'),
      },
    ],
    ticked: [
      ...tickedOf(phases.joining),
      silence,
      {
        when: 'the link is dead',
        ...dead,
        outcome: live({ rival: { alone: true }, probe: null, checkAt: Infinity }, 'abandon'),
      },
    ],
  },
  alone: {
    ...common,
    tokenObtained: ignoredOfRival,
    opened: ignoredOfRival,
    welcomed: [
      {
        when: 'the rival',
        input: ofRival,
        outcome: {
          next: 'live',
          effects: ['promote', 'admit', 'ping'],
          fields: { attempt: 6, rival: null, upgraded: true, choice: { transport: 0 } },
        },
      },
    ],
    ponged: 'ignored',
    departed: [
      { when: 'the link, once more', outcome: 'ignored' },
      { when: 'the rival', input: ofRival, outcome: reconnecting('withdraw') },
      { when: 'the rival, for good', input: { ...ofRival, departure: refused }, outcome: released },
      {
        when: 'the rival, told when to come back',
        input: { ...ofRival, departure: directed },
        outcome: { ...reconnecting('withdraw'), fields: { retryAt: now + 740, directed: true } },
      },
      {
        when: 'the rival, its token refused',
        input: { ...ofRival, departure: unauthenticated },
        outcome: renewed,
      },
    ],
    woke: 'ignored',
    cameOnline: 'ignored',
    wentOffline: live({ offline: true }),
    putAway: { ...heldBack, effects: ['withdraw'] },
    preferred: [
      {
        when: 'another',
        input: { transport: 1 },
        outcome: live({ choice: { best: 1 }, candidate: 0, rival: ofRival }),
      },
    ],
    closeRequested: { next: 'closing', effects: ['promote', 'leave'], fields: { attempt: 6 } },
    ticked: [
      { when: 'not due', input: { heardAt: 0 }, outcome: 'ignored' },
      {
        when: 'due',
        state: { rival: { ...rival, phase: 'joining', alone: true, deadline: now } },
        outcome: {
          ...reconnecting('withdraw'),
          fields: { retryAt: now + 2_000, choice: { transport: 2, relapses: 1 } },
        },
      },
      {
        when: 'due, after a link that had taken over and lived',
        state: {
          rival: { ...rival, phase: 'joining', alone: true, deadline: now },
          upgraded: true,
          choice: { ...begin.choice, home: 1, relapses: 3 },
        },
        outcome: { ...reconnecting('withdraw'), fields: { choice: { transport: 2, home: 2, relapses: 1 } } },
      },
    ],
  },
}

describe.each(Object.keys(phases) as (keyof typeof phases)[])('live, rival %s', (phase) => {
  const states = { ...clientMachine.states, live: { ...begin, ...phases[phase] } }
  describeRows({ ...clientMachine, states, context }, 'live', table[phase])
})

import { initialChoice } from '../core/client/choice.ts'
import {
  initialClientState,
  type ClientEffect,
  type ClientInput,
  type ClientPolicy,
  type ClientState,
  type Continuity,
  type Departure,
} from '../core/client/state.ts'
import { stepClient, type ClientContext } from '../core/client/step.ts'
import type { WelcomeFrame } from '../core/wire/frames.ts'
import type { Machine } from './transition-table.ts'

/** The time at which the machine's states are what they are. */
export const machineNow = 1_000_000
const now = machineNow
export const machinePolicy: ClientPolicy = {
  transports: 1,
  openTimeoutMs: 5_000,
  connectTimeoutMs: 10_000,
  maxAttempts: null,
  canRefreshToken: true,
}
const heartbeat: WelcomeFrame['heartbeat'] = { intervalMs: 25_000, timeoutMs: 15_000 }
export const welcome: WelcomeFrame = {
  type: 'welcome',
  version: 1,
  session: { id: 'h1.s', key: 'k' },
  resumed: false,
  subject: { user: null, tenant: null },
  received: 0,
  producer: { highest: 0, open: [] },
  heartbeat,
  spreadMs: 4_000,
  sessionTtlMs: 120_000,
  limits: { maxFrameBytes: 262_144, maxSubscriptions: 1_000, maxOpenOperations: 1_024 },
}
/** How links end. */
export const departures: Record<
  'lost' | 'directed' | 'refused' | 'unauthenticated' | 'expired' | 'superseded' | 'ended' | 'unopened',
  Departure
> = {
  lost: { code: 'link_lost', message: 'Lost.', retry: true },
  directed: { code: 'hub_closing', message: 'Closing.', retry: true, retryAfterMs: 740 },
  refused: { code: 'disconnected', message: 'Out.', retry: false },
  unauthenticated: { code: 'unauthenticated', message: 'Who?', retry: false },
  expired: { code: 'token_expired', message: 'Old.', retry: true },
  superseded: { code: 'superseded', message: 'A newer link.', retry: false },
  /** The session ended with the link [R43]. */
  ended: { code: 'sessions_full', message: 'Full.', retry: true, received: 7 },
  unopened: { code: 'connect_failed', message: 'Refused.', retry: true },
}

const continuity: Continuity = {
  attempt: 5,
  latestAttempt: 5,
  failures: 2,
  tokenRejected: false,
  offline: false,
  choice: initialChoice(0),
}

/** The client's state machine, with a state of each name to start from. */
export const clientMachine: Machine<ClientState, ClientInput, ClientEffect, ClientContext> = {
  step: stepClient,
  states: {
    idle: initialClientState() as Extract<ClientState, { name: 'idle' }>,
    connecting: {
      ...continuity,
      name: 'connecting',
      tokenObtained: true,
      deadline: now + 1,
      prolonged: false,
    },
    joining: { ...continuity, name: 'joining', deadline: now + 1, prolonged: false },
    live: {
      ...continuity,
      name: 'live',
      heartbeat,
      spreadMs: 4_000,
      since: now - 60_000,
      proved: false,
      upgraded: false,
      rival: null,
      rivalAt: Infinity,
      candidate: 0,
      probe: null,
      nextProbeId: 4,
      checkAt: now,
    },
    waiting: {
      ...continuity,
      name: 'waiting',
      retryAt: now + 1,
      directed: false,
      reason: { code: 'link_lost', message: 'Lost.' },
    },
    closing: { name: 'closing', attempt: 5, heir: null, deadline: now + 1 },
    closed: { name: 'closed', reason: { code: 'closed', message: 'Closed.' } },
  },
  inputs: {
    started: { type: 'started' },
    tokenObtained: { type: 'tokenObtained', attempt: 5 },
    opened: { type: 'opened', attempt: 5 },
    welcomed: { type: 'welcomed', attempt: 5, welcome },
    departed: { type: 'departed', attempt: 5, departure: departures.lost },
    ponged: { type: 'ponged', attempt: 5, id: 3 },
    woke: { type: 'woke' },
    cameOnline: { type: 'cameOnline' },
    wentOffline: { type: 'wentOffline' },
    putAway: { type: 'putAway' },
    preferred: { type: 'preferred', transport: 0 },
    reconnectRequested: { type: 'reconnectRequested' },
    closeRequested: { type: 'closeRequested' },
    ticked: { type: 'ticked', heardAt: now, late: false },
  },
  context: { now, random: () => 0.5, policy: machinePolicy },
}

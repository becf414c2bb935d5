import type { ClientEffect, ClientInput, ClientPolicy, ClientState, Departure } from '../core/client/state.ts'
import { stepClient, type ClientContext } from '../core/client/step.ts'
import type { WelcomeFrame } from '../core/wire/frames.ts'
import type { Machine } from './transition-table.ts'

/** The time at which the machine's states are what they are. */
export const machineNow = 1_000_000
const now = machineNow
export const machinePolicy: ClientPolicy = {
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
export const departures: Record<'lost' | 'directed' | 'refused' | 'unauthenticated' | 'expired', Departure> =
  {
    lost: { code: 'link_lost', message: 'Lost.', retry: true },
    directed: { code: 'hub_closing', message: 'Closing.', retry: true, retryAfterMs: 740 },
    refused: { code: 'disconnected', message: 'Out.', retry: false },
    unauthenticated: { code: 'unauthenticated', message: 'Who?', retry: false },
    expired: { code: 'token_expired', message: 'Old.', retry: true },
  }

/** The client's state machine, with a state of each name to start from. */
export const clientMachine: Machine<ClientState, ClientInput, ClientEffect, ClientContext> = {
  step: stepClient,
  states: {
    idle: { name: 'idle', attempt: 0, failures: 0, tokenRejected: false },
    connecting: { name: 'connecting', attempt: 5, failures: 2, tokenRejected: false, deadline: now + 1 },
    joining: { name: 'joining', attempt: 5, failures: 2, tokenRejected: false, deadline: now + 1 },
    live: {
      name: 'live',
      attempt: 5,
      failures: 2,
      tokenRejected: false,
      heartbeat,
      spreadMs: 4_000,
      proved: false,
      probe: null,
      nextProbeId: 4,
      checkAt: now,
    },
    waiting: {
      name: 'waiting',
      attempt: 5,
      failures: 2,
      tokenRejected: false,
      retryAt: now + 1,
      directed: false,
      reason: { code: 'link_lost', message: 'Lost.' },
    },
    closing: { name: 'closing', attempt: 5, deadline: now + 1 },
    closed: { name: 'closed', reason: { code: 'closed', message: 'Closed.' } },
  },
  inputs: {
    started: { type: 'started' },
    opened: { type: 'opened', attempt: 5 },
    welcomed: { type: 'welcomed', attempt: 5, welcome },
    departed: { type: 'departed', attempt: 5, departure: departures.lost },
    ponged: { type: 'ponged', attempt: 5, id: 3 },
    woke: { type: 'woke' },
    wentOffline: { type: 'wentOffline' },
    reconnectRequested: { type: 'reconnectRequested' },
    closeRequested: { type: 'closeRequested' },
    ticked: { type: 'ticked', heardAt: now, late: false },
  },
  context: { now, random: () => 0.5, policy: machinePolicy },
}

import type { Engine } from '../engines/engine.ts'
import type { AskBoard } from './asks/ask-board.ts'
import type { Budget } from './budget.ts'
import type { HubEnv } from './env.ts'
import type { HubEvents } from './events.ts'
import type { FanOut } from './topics/fan-out.ts'
import type { Grants } from './topics/grants.ts'
import type { HubSettings, SessionInfo } from './options.ts'
import type { Publisher } from './topics/publisher.ts'
import type { SessionRegistry } from './sessions/session-registry.ts'
import type { Timekeeper } from '../core/time/timekeeper.ts'

export interface RequestContext {
  readonly session: SessionInfo
  /** Fires when the caller cancelled, its deadline passed or its session ended. */
  readonly signal: AbortSignal
}

export type RequestHandler = (payload: unknown, context: RequestContext) => unknown

/** What the parts of one hub share. */
export interface HubParts {
  readonly env: HubEnv
  readonly settings: HubSettings
  readonly engine: Engine
  readonly timekeeper: Timekeeper
  readonly fanOut: FanOut
  readonly grants: Grants
  readonly publisher: Publisher
  readonly sessions: SessionRegistry
  readonly handlers: Map<string, RequestHandler>
  /** JSON characters of the clients' operations that run. */
  readonly running: Budget
  readonly events: HubEvents
  readonly asks: AskBoard
}

/** What asks need of a hub. */
export type AskParts = Omit<HubParts, 'asks'>

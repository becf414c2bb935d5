export { createHub, type Hub, type SessionSummary } from './hub.ts'
export type { PublishOptions } from './topics/publish.ts'
export type { HubEnv } from './env.ts'
export type { SessionEvent, SessionListener } from './events.ts'
export type { RevokeFilter } from './topics/grants.ts'
export type { RequestContext } from './hub-parts.ts'
export type { HubStats } from './hub-stats.ts'
export type { HubLimits } from './limits.ts'
export type {
  AuthorizeRequest,
  Credentials,
  HeartbeatOptions,
  HubOptions,
  Identity,
  Logger,
  SessionInfo,
  TimeoutOptions,
} from './options.ts'
export type { RequestOptions } from './sessions/session-requests.ts'
export type { LinkRequest } from './transports/link-socket.ts'
export { memory, type MemoryOptions } from '../engines/memory.ts'
export type * from '../engines/engine.ts'
export type * from '../engines/ask-store.ts'
export type { Answer, AskedUsers, AskOptions, AskSummary, AskTarget, PendingAsk } from './asks/ask.ts'
export { HoldfastError, rejection, type Outcome } from '../core/wire/errors.ts'
export type { ErrorCode } from '../core/wire/error-codes.ts'
export type { Answerer, Position, PublishResult, Subject } from '../core/wire/frames.ts'

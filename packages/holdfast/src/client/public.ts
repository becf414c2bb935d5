export type { Ask, AskStatus } from './ask.ts'
export type { AskListOptions } from './asks.ts'
export type { Client } from './connect.ts'
export type { BodyReader, Fetch, FetchRequest, FetchResponse } from './fetch.ts'
export type { Operation, OperationOptions, OperationStatus } from './operation.ts'
export type { OutboxOptions } from './operations.ts'
export type {
  ClientEvents,
  ClientStateName,
  ClientStats,
  ConnectOptions,
  StateChange,
  TransportChange,
} from './options.ts'
export type { RequestContext } from './request-handlers.ts'
export type { Gap, Message, SubscribeOptions, Subscription, SubscriptionHandlers } from './subscription.ts'
export type { TokenOption, TokenRequest } from './token-source.ts'
export type { HttpOptions } from './transports/http-link.ts'
export type { Transport, TransportEnv, TransportEvents, TransportLink } from './transports/transport.ts'
export type { Departure, Reason } from '../core/client/state.ts'
export type { ErrorCode } from '../core/wire/error-codes.ts'
export { HoldfastError, rejection, type Outcome } from '../core/wire/errors.ts'
export type { Answerer, From, GapReason, Position, PublishResult, Subject } from '../core/wire/frames.ts'

import type {
  ClientFrame,
  Position,
  HubFrame,
  PeerFrame,
  ProducerSummary,
  Range,
  WireError,
  WireGap,
} from './frames.ts'
import { nameProblem } from './names.ts'
import {
  amount,
  boolean,
  count,
  identifier,
  json,
  list,
  nullable,
  object,
  oneOf,
  optional,
  secretIdentifier,
  string,
  type Check,
  type Shape,
} from './shape.ts'

/** The shapes of the frames of one direction, by type. */
export type Shapes<Frame extends { readonly type: string }> = {
  readonly [Type in Frame['type']]: Shape<Extract<Frame, { type: Type }>>
}

const name: Check = (value, path) => {
  const problem = nameProblem(value)
  return problem && `${path} ${problem}`
}

const range: Check = (value, path) => {
  const sound =
    Array.isArray(value) &&
    value.length === 2 &&
    count(value[0], path) === null &&
    count(value[1], path) === null &&
    value[0] <= value[1]
  return sound ? null : `${path} must be a range [first, last]`
}
const rangeList = list(range, 1_024)
const ranges: Check = (value, path) => rangeList(value, path) ?? rangeOrderProblem(value as Range[], path)

function rangeOrderProblem(ranges: readonly Range[], path: string): string | null {
  let previous = 0
  for (const [first, last] of ranges) {
    if (first <= previous) return `${path} must be ascending`
    previous = last
  }
  return null
}

const position = object<Position>({ epoch: identifier, offset: amount })
/** Where delivery goes on after a gap: at a message, and those count from 1. */
const messagePosition = object<Position>({ epoch: identifier, offset: count })
const last = object<{ last: number }>({ last: amount })
/** What is wrong with where a subscription shall begin [R32], or null. */
export const fromProblem: Check = (value, path) => {
  if (value === 'now' || value === 'start') return null
  return typeof value === 'object' && value !== null && 'last' in value
    ? last(value, path)
    : position(value, path)
}

const gap: Shape<WireGap> = {
  after: nullable(position),
  next: messagePosition,
  lost: nullable(amount),
  reason: oneOf('pruned', 'epoch', 'slow'),
}
const summary: Shape<ProducerSummary> = { highest: amount, open: ranges }
const session = object<{ id: string; key: string }>({ id: identifier, key: identifier })
const error: Shape<WireError> = {
  code: string,
  message: string,
  reason: optional(string),
  data: optional(json),
}
const subscription = { topic: name, intent: count }

/** What either side may send once the link is bound. */
const peer: Shapes<PeerFrame> = {
  request: { number: count, method: name, data: json, timeoutMs: optional(count) },
  cancel: { number: count },
  result: { number: count, value: optional(json), error: optional(object(error)) },
  ack: { numbers: ranges },
  ping: { id: amount },
  pong: { id: amount },
}

export const clientFrames: Shapes<ClientFrame> = {
  ...peer,
  hello: {
    versions: list(count, 16),
    token: optional(string),
    instance: identifier,
    attempt: count,
    session: optional(session),
    producer: object({ ...summary, id: secretIdentifier }),
    received: amount,
    subscriptions: list(object({ ...subscription, from: fromProblem }), 10_000),
  },
  subscribe: { ...subscription, from: fromProblem },
  unsubscribe: subscription,
  publish: { number: count, topic: name, data: json },
  token: { token: string },
  leave: {},
}

export const hubFrames: Shapes<HubFrame> = {
  ...peer,
  welcome: {
    version: count,
    session,
    resumed: boolean,
    subject: object({ user: nullable(string), tenant: nullable(string) }),
    received: amount,
    producer: object(summary),
    heartbeat: object({ intervalMs: count, timeoutMs: count }),
    spreadMs: amount,
    sessionTtlMs: amount,
    limits: object({ maxFrameBytes: count, maxSubscriptions: count, maxOpenOperations: count }),
  },
  goodbye: {
    code: string,
    message: string,
    retry: boolean,
    retryAfterMs: optional(amount),
    received: optional(amount),
  },
  subscribed: { ...subscription, position, gap: optional(object(gap)) },
  unsubscribed: {
    ...subscription,
    error: object({ ...error, retry: boolean, retryAfterMs: optional(amount) }),
  },
  message: { topic: name, offset: count, time: amount, user: nullable(string), data: json },
  gap: { topic: name, ...gap },
  reauthenticate: { withinMs: amount },
  error: { code: string, message: string },
}

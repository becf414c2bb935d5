import type { ClientFrame, PeerFrame, Position, ProducerSummary, Range, WireError } from './frames.ts'
import { isName, maxNameBytes } from './names.ts'
import {
  amount,
  count,
  identifier,
  json,
  list,
  object,
  optional,
  rule,
  secretIdentifier,
  string,
  type Check,
  type Shape,
} from './shape.ts'

/** The shapes of the frames of one direction, by type. What a client checks of the hub’s is in `hub-frames.ts`. */
export type Shapes<Frame extends { readonly type: string }> = {
  readonly [Type in Frame['type']]: Shape<Extract<Frame, { type: Type }>>
}

const name: Check = rule(isName, `1 to ${maxNameBytes} bytes of text without control characters`)

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
const last = object<{ last: number }>({ last: amount })
/** Where a subscription begins [R32]. */
const from: Check = (value, path) => {
  if (value === 'now' || value === 'start') return null
  return typeof value === 'object' && value !== null && 'last' in value
    ? last(value, path)
    : position(value, path)
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
    subscriptions: list(object({ ...subscription, from }), 10_000),
  },
  subscribe: { ...subscription, from },
  unsubscribe: subscription,
  publish: { number: count, topic: name, data: json },
  asks: { known: list(identifier, 1_000), answering: optional(list(identifier, 1_000)) },
  answer: { number: count, id: identifier, data: json },
  token: { token: string },
  leave: {},
}

import type { From, HubFrame, Range } from './frames.ts'
import { isSafeJson } from './json.ts'
import { isName } from './names.ts'

/** Whether a value is sound: a predicate, or one for each field of an object. */
type Check = ((value: unknown) => boolean) | { readonly [field: string]: Check }

/** The checks of each frame the hub may send. The compiler sees to it that no field is forgotten. */
type Checks = {
  readonly [Type in HubFrame['type']]: {
    readonly [Field in Exclude<keyof Extract<HubFrame, { type: Type }>, 'type'>]-?: Check
  }
}

type Fields = Readonly<Record<string, unknown>> | null | undefined

/** Why a frame of the hub cannot be used [R2, R3]. */
export type UnsoundFrame = 'frame_invalid' | 'frame_unknown' | 'topic_invalid' | 'method_invalid'

const amount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const count = (value: unknown): boolean => value !== 0 && amount(value)
const string = (value: unknown): boolean => typeof value === 'string'
const boolean = (value: unknown): boolean => typeof value === 'boolean'
const json = (value: unknown): boolean => value !== undefined
const identifier = (value: unknown): boolean => string(value) && /^[\w.~-]{1,128}$/.test(value as string)
const gapReason = (value: unknown): boolean => ['pruned', 'epoch', 'slow'].includes(value as string)
const concludedStatus = (value: unknown): boolean =>
  ['answered', 'cancelled', 'expired', 'unknown'].includes(value as string)
const optional =
  (check: Check) =>
  (value: unknown): boolean =>
    value === undefined || fits(value, check)
const nullable =
  (check: Check) =>
  (value: unknown): boolean =>
    value === null || fits(value, check)

const range = (value: unknown): value is Range =>
  Array.isArray(value) && value.length === 2 && value.every(count) && value[0] <= value[1]
/** Ascending, without overlap. */
const ranges = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 1_024 &&
  value.every(range) &&
  value.every(([first], at) => at === 0 || first > (value[at - 1] as Range)[1])

const position = { epoch: identifier, offset: amount }
const gap = {
  after: nullable(position),
  next: { epoch: identifier, offset: count },
  lost: nullable(amount),
  reason: gapReason,
}
const error = { code: string, message: string, reason: optional(string) }
const subscription = { topic: isName, intent: count }
const summary = { highest: amount, open: ranges }

export const hubFrames: Checks = {
  request: { number: count, method: isName, data: json, timeoutMs: optional(count) },
  cancel: { number: count },
  result: { number: count, value: () => true, error: optional(error) },
  ack: { numbers: ranges },
  ping: { id: amount },
  pong: { id: amount },
  welcome: {
    version: count,
    session: { id: identifier, key: identifier },
    resumed: boolean,
    subject: { user: nullable(string), tenant: nullable(string) },
    received: amount,
    producer: summary,
    heartbeat: { intervalMs: count, timeoutMs: count },
    spreadMs: amount,
    sessionTtlMs: amount,
    limits: { maxFrameBytes: count, maxSubscriptions: count, maxOpenOperations: count },
  },
  goodbye: {
    code: string,
    message: string,
    retry: boolean,
    retryAfterMs: optional(amount),
    received: optional(amount),
  },
  subscribed: { ...subscription, position, gap: optional(gap) },
  unsubscribed: { ...subscription, error: { ...error, retry: boolean, retryAfterMs: optional(amount) } },
  message: { topic: isName, offset: count, time: amount, user: nullable(string), data: json },
  gap: { topic: isName, ...gap },
  ask: { id: identifier, method: isName, data: json, timeoutMs: optional(amount) },
  concluded: {
    id: identifier,
    status: concludedStatus,
    by: optional({ user: string, session: identifier, time: amount }),
  },
  reauthenticate: { withinMs: amount },
  error: { code: string, message: string },
}

/** Whether it says where a subscription begins [R32]. */
export const isFrom = (value: unknown): value is From =>
  value === 'now' || value === 'start' || fits(value, { last: amount }) || fits(value, position)

/** A frame of the hub, null for one to ignore, or why it is none; whatever arrives, it never throws. */
export function decodeHubFrame(text: string): HubFrame | UnsoundFrame | null {
  let frame: Fields
  try {
    frame = JSON.parse(text) as Fields
  } catch {
    return 'frame_invalid'
  }
  const type = frame?.['type']
  if (typeof type !== 'string') return 'frame_invalid'
  if (!Object.hasOwn(hubFrames, type)) return frame?.['critical'] === true ? 'frame_unknown' : null
  const checks: { readonly [field: string]: Check } = hubFrames[type as HubFrame['type']]
  const unsound = Object.keys(checks).find((field) => !fits(frame?.[field], checks[field] as Check))
  if (unsound === 'topic' || unsound === 'method') return `${unsound}_invalid`
  const ambiguous = type === 'result' && !frame?.['error'] === (frame?.['value'] === undefined)
  return unsound || ambiguous || !isSafeJson(frame) ? 'frame_invalid' : (frame as unknown as HubFrame)
}

/** A value that is no object has none of the fields, and of each object one at least is required. */
const fits = (value: unknown, check: Check): boolean =>
  typeof check === 'function'
    ? check(value)
    : Object.entries(check).every(([field, inner]) => fits((value as Fields)?.[field], inner))

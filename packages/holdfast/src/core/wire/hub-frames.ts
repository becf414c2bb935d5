import type { HubFrame, From } from './frames.ts'
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

/** Why a frame of the hub cannot be used [R2, R3]. */
export type UnsoundFrame = 'frame_invalid' | 'frame_unknown' | 'topic_invalid' | 'method_invalid'

const amount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const count = (value: unknown): boolean => value !== 0 && amount(value)
const string = (value: unknown): boolean => typeof value === 'string'
const boolean = (value: unknown): boolean => typeof value === 'boolean'
const json = (value: unknown): boolean => value !== undefined
const identifier = (value: unknown): boolean => string(value) && /^[\w.~-]{1,128}$/.test(value as string)
const gapReason = (value: unknown): boolean => ['pruned', 'epoch', 'slow'].includes(value as string)
const optional =
  (check: Check) =>
  (value: unknown): boolean =>
    value === undefined || fits(value, check)
const nullable =
  (check: Check) =>
  (value: unknown): boolean =>
    value === null || fits(value, check)

/** Ascending, without overlap. */
function ranges(value: unknown): boolean {
  let previous = 0
  const follows = (range: unknown): boolean => {
    if (!Array.isArray(range) || range.length !== 2 || !range.every(count)) return false
    const [first, last] = range as [number, number]
    const ascends = previous < first && first <= last
    previous = last
    return ascends
  }
  return Array.isArray(value) && value.length <= 1_024 && value.every(follows)
}

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
  reauthenticate: { withinMs: amount },
  error: { code: string, message: string },
}

/** Whether it says where a subscription begins [R32]. */
export const isFrom = (value: unknown): value is From =>
  value === 'now' || value === 'start' || fits(value, { last: amount }) || fits(value, position)

/** A frame of the hub, null for one to ignore, or why it is none; whatever arrives, it never throws. */
export function decodeHubFrame(text: string): HubFrame | UnsoundFrame | null {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    // Then it is undefined, which is no frame either.
  }
  if (!isObject(frame) || typeof frame['type'] !== 'string') return 'frame_invalid'
  const { type } = frame
  if (!Object.hasOwn(hubFrames, type)) return frame['critical'] === true ? 'frame_unknown' : null
  const checks: { readonly [field: string]: Check } = hubFrames[type as HubFrame['type']]
  const unsound = Object.keys(checks).find((field) => !fits(frame[field], checks[field] as Check))
  if (unsound === 'topic' || unsound === 'method') return `${unsound}_invalid`
  const ambiguous = type === 'result' && 'value' in frame === 'error' in frame
  return unsound || ambiguous || !isSafeJson(frame) ? 'frame_invalid' : (frame as unknown as HubFrame)
}

function fits(value: unknown, check: Check): boolean {
  if (typeof check === 'function') return check(value)
  return isObject(value) && Object.entries(check).every(([field, inner]) => fits(value[field], inner))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

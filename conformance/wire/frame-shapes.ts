import type { Frame } from './frame.ts'

/** Whether a field has its form. */
type Check = (value: unknown) => boolean

/** What is wrong with a frame of the hub by chapter 8, or null. Frames and fields it does not know are no fault [R2]. */
export function faultIn(frame: Frame): string | null {
  const shape = Object.hasOwn(hubFrames, frame.type) ? hubFrames[frame.type] : undefined
  if (!shape) return null
  const [name] = Object.entries(shape).find(([name, holds]) => !holds(frame[name])) ?? []
  if (name !== undefined) return `${frame.type}.${name} is not what chapter 8 says`
  if (frame.type === 'result' && 'value' in frame === 'error' in frame) {
    return 'a result has either a value or an error'
  }
  return null
}

const isText: Check = (value) => typeof value === 'string'
const isFlag: Check = (value) => typeof value === 'boolean'
const isAmount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isCount: Check = (value) => isAmount(value) && value !== 0
const isIdentifier: Check = (value) => isText(value) && /^[A-Za-z0-9._~-]{1,128}$/.test(value as string)
const isPresent: Check = (value) => value !== undefined
const isNull: Check = (value) => value === null
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))
const optional = (check: Check): Check => either((value) => value === undefined, check)
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)

const fields =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([name, check]) => check((value as Record<string, unknown>)[name]))

/** Both ends included, ascending without overlap, at most 1,024 of them. */
const areRanges: Check = (value) => {
  if (!Array.isArray(value) || value.length > 1_024) return false
  let previous = 0
  for (const range of value as unknown[]) {
    if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) return false
    const [first, last] = range as [number, number]
    if (first <= previous || last < first) return false
    previous = last
  }
  return true
}

const position = fields({ epoch: isIdentifier, offset: isAmount })
const gap = {
  after: either(isNull, position),
  next: fields({ epoch: isIdentifier, offset: isCount }),
  lost: either(isNull, isAmount),
  reason: oneOf('pruned', 'epoch', 'slow'),
}
const error = { code: isText, message: isText }
const subscription = { topic: isText, intent: isCount }

const hubFrames: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  welcome: {
    version: isCount,
    session: fields({ id: isIdentifier, key: isIdentifier }),
    resumed: isFlag,
    subject: fields({ user: either(isText, isNull), tenant: either(isText, isNull) }),
    received: isAmount,
    producer: fields({ highest: isAmount, open: areRanges }),
    heartbeat: fields({ intervalMs: isCount, timeoutMs: isCount }),
    spreadMs: isAmount,
    sessionTtlMs: isCount,
    limits: fields({ maxFrameBytes: isCount, maxSubscriptions: isCount, maxOpenOperations: isCount }),
  },
  goodbye: {
    code: isText,
    message: isText,
    retry: isFlag,
    retryAfterMs: optional(isAmount),
    received: optional(isAmount),
  },
  subscribed: { ...subscription, position, gap: optional(fields(gap)) },
  unsubscribed: {
    ...subscription,
    error: fields({ ...error, retry: isFlag, retryAfterMs: optional(isAmount) }),
  },
  message: {
    topic: isText,
    offset: isCount,
    time: isCount,
    user: either(isText, isNull),
    data: isPresent,
  },
  gap: { topic: isText, ...gap },
  request: { number: isCount, method: isText, data: isPresent, timeoutMs: optional(isCount) },
  ask: { id: isIdentifier, method: isText, data: isPresent, timeoutMs: optional(isCount) },
  concluded: {
    id: isIdentifier,
    status: oneOf('answered', 'cancelled', 'expired', 'unknown'),
    by: optional(fields({ user: isText, session: isIdentifier, time: isCount })),
  },
  cancel: { number: isCount },
  result: { number: isCount, error: optional(fields({ ...error, reason: optional(isText) })) },
  ack: { numbers: areRanges },
  ping: { id: isAmount },
  pong: { id: isAmount },
  reauthenticate: { withinMs: isAmount },
  error,
}

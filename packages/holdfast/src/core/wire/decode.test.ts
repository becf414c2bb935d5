import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrom, type Received } from '../../testing/decode-from.ts'
import { hubFrames } from './hub-frames.ts'
import { clientFrames } from './shapes.ts'
import type { FrameFault } from './decode.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }
type Sender = 'client' | 'hub'

const decode = (text: string, from: Sender): Received => decodeFrom(from, text)

function faultOf(
  frame: Json | string,
  from: Sender = 'client',
): Extract<Received, { kind: 'fault' }>['fault'] {
  const text = typeof frame === 'string' ? frame : JSON.stringify(frame)
  const decoded = decode(text, from)
  if (decoded.kind !== 'fault') throw new Error(`${decoded.kind}: ${text.slice(0, 200)}`)
  return decoded.fault
}

// What PROTOCOL.md says of each field, in words of its own: what is sound, one that is, and many that are not.

interface Kind {
  readonly sound: (value: unknown) => boolean
  readonly sample: Json
  readonly unsound: readonly Json[]
}

const isInteger = (value: unknown, least: number): boolean =>
  typeof value === 'number' && value % 1 === 0 && value >= least && value < 2 ** 53
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isIdentifier = (value: unknown, least = 1): boolean =>
  typeof value === 'string' &&
  /^[A-Za-z0-9._~-]+$/.test(value) &&
  value.length >= least &&
  value.length <= 128
const isPosition = (value: unknown, least = 0): boolean =>
  isObject(value) && isIdentifier(value['epoch']) && isInteger(value['offset'], least)
const isControl = (character: string): boolean =>
  character < ' ' || ('\u007f' <= character && character <= '\u009f')
const isName = (value: unknown): boolean =>
  typeof value === 'string' &&
  Buffer.from(value).toString() === value &&
  value !== '' &&
  Buffer.byteLength(value) <= 255 &&
  !Array.from(value).some(isControl)
const isRanges = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 1_024 &&
  value.every((range: unknown) => Array.isArray(range) && range.length === 2) &&
  value
    .flat()
    .every((end, at, ends) => isInteger(end, 1) && end >= (ends[at - 1] ?? 0) + (at % 2 === 0 ? 1 : 0))

const otherwise: Json[] = [null, true, [], [null], {}]
const noNumbers: Json[] = [...otherwise, '', '1', 'NaN', 'Infinity', [1], -1, 1.5, 2 ** 53, 1e300]
const noIdentifiers: Json[] = [...otherwise, 1, '', 'a b', 'ä', 'a\n', 'a/b', 'a'.repeat(129), ['a']]
const noNames: Json[] = [...otherwise, 1, '', 'a'.repeat(256), 'é'.repeat(128), 'a\0', '\u007f', '\ud800']
const noPositions: Json[] = [
  ...otherwise.concat(1, '', 'later', { epoch: 'k' }, { offset: 1 }),
  ...noNumbers.map((offset) => ({ epoch: 'k', offset })),
  ...noIdentifiers.map((epoch) => ({ epoch, offset: 1 })),
]
// After the ill-typed ones: from high to low, from 0, fractional, negative, too large, not ascending, overlapping.
const noRanges = JSON.parse(`[
  1, "", "NaN", [1], [[]], [[1]], [[1,2,3]], [{"0":1,"1":2}], [["1",2]], [[1,null]],
  [[2,1]], [[0,1]], [[1.5,2]], [[-1,2]], [[1,9007199254740992]], [[5,6],[1,2]], [[1,3],[3,4]]
]`) as Json[]
const ranges = (count: number): Json => Array.from({ length: count }, (_, at) => [2 * at + 1, 2 * at + 1])
const noVersions: Json[] = [
  ...otherwise.filter((value) => !Array.isArray(value)),
  1,
  '1',
  [0],
  [null],
  ['1'],
  [1.5],
]
const subscriptions = (count: number): Json =>
  Array.from({ length: count }, () => ({ topic: 'a', intent: 1, from: 'now' }))

const kinds = {
  count: { sound: (value) => isInteger(value, 1), sample: 1, unsound: [...noNumbers, 0] },
  amount: { sound: (value) => isInteger(value, 0), sample: 0, unsound: noNumbers },
  text: { sound: (value) => typeof value === 'string', sample: '', unsound: [...otherwise, 0, ['a']] },
  flag: {
    sound: (value) => typeof value === 'boolean',
    sample: false,
    unsound: [null, 0, 1, '', 'true', [], {}],
  },
  json: { sound: (value) => value !== undefined, sample: null, unsound: [] },
  object: { sound: isObject, sample: {}, unsound: [null, 0, true, '', 'NaN', [], [{}]] },
  identifier: { sound: (value) => isIdentifier(value), sample: 'a', unsound: noIdentifiers },
  secret: {
    sound: (value) => isIdentifier(value, 22),
    sample: 'a'.repeat(22),
    unsound: [...noIdentifiers, 'a'.repeat(21)],
  },
  name: { sound: isName, sample: 'é'.repeat(127), unsound: noNames },
  position: { sound: (value) => isPosition(value), sample: { epoch: 'k', offset: 0 }, unsound: noPositions },
  messagePosition: {
    sound: (value) => isPosition(value, 1),
    sample: { epoch: 'k', offset: 1 },
    unsound: [...noPositions, { epoch: 'k', offset: 0 }],
  },
  from: {
    sound: (value) =>
      value === 'now' ||
      value === 'start' ||
      (isObject(value) && isInteger(value['last'], 0)) ||
      isPosition(value),
    sample: { last: 0 },
    unsound: [...noPositions, ...noNumbers.map((last) => ({ last }))],
  },
  ranges: {
    sound: isRanges,
    sample: [
      [1, 2],
      [4, 4],
    ],
    unsound: [null, true, {}, ...noRanges, ranges(1_025)],
  },
  versions: {
    sound: (value) => Array.isArray(value) && value.length <= 16 && value.every((each) => isInteger(each, 1)),
    sample: Array<Json>(16).fill(1),
    unsound: [...noVersions, Array<Json>(17).fill(1)],
  },
  subscriptions: {
    sound: (value) => Array.isArray(value) && value.length <= 10_000,
    sample: [{}],
    unsound: [null, true, {}, 1, '', [null], [[]], [{}], subscriptions(10_001)],
  },
  known: {
    sound: (value) => Array.isArray(value) && value.length <= 1_000 && value.every((id) => isIdentifier(id)),
    sample: ['a'],
    unsound: [null, true, {}, 1, '', ...noIdentifiers.map((id) => [id]), Array<Json>(1_001).fill('a')],
  },
  concludedStatus: {
    sound: (value) => ['answered', 'cancelled', 'expired', 'unknown'].includes(value as string),
    sample: 'expired',
    unsound: [null, 0, '', 'Expired', 'pending', [], ['expired'], {}],
  },
  gapReason: {
    sound: (value) => value === 'pruned' || value === 'epoch' || value === 'slow',
    sample: 'slow',
    unsound: [null, 0, '', 'Pruned', 'toString', [], ['slow'], {}],
  },
} satisfies Readonly<Record<string, Kind>>

interface Field {
  /** `0` stands for each item of a list. */
  readonly path: string
  readonly kind: Kind
  readonly optional: boolean
  readonly nullable: boolean
}

interface FrameRule {
  readonly from: Sender
  readonly type: string
  readonly fields: readonly Field[]
}

function fieldsOf(text: string): Field[] {
  return Array.from(text.matchAll(/\w[^,]*/g), ([field]) => {
    const [, path = '', kind = '', mark] = /^([\w.]+): (\w+)(\?|\|null)?$/.exec(field) ?? []
    if (!Object.hasOwn(kinds, kind)) throw new Error(`no kind of field: ${field}`)
    const named: Kind = kinds[kind as keyof typeof kinds]
    return { path, kind: named, optional: mark === '?', nullable: mark === '|null' }
  })
}

const failure = 'error: object, error.code: text, error.message: text, error.reason: text?, error.data: json?'

const peerFrames: readonly (readonly [type: string, fields: string])[] = [
  ['request', 'number: count, method: name, data: json, timeoutMs: count?'],
  ['cancel', 'number: count'],
  ['result', 'number: count, value: json'],
  ['result', `number: count, ${failure}`],
  ['ack', 'numbers: ranges'],
  ['ping', 'id: amount'],
  ['pong', 'id: amount'],
]

const framesFrom: Readonly<Record<Sender, typeof peerFrames>> = {
  client: [
    ...peerFrames,
    [
      'hello',
      `versions: versions, token: text?, instance: identifier, attempt: count, session: object?,
      session.id: identifier, session.key: identifier, producer: object, producer.id: secret,
      producer.highest: amount, producer.open: ranges, received: amount, subscriptions: subscriptions,
      subscriptions.0.topic: name, subscriptions.0.intent: count, subscriptions.0.from: from`,
    ],
    ['subscribe', 'topic: name, intent: count, from: from'],
    ['unsubscribe', 'topic: name, intent: count'],
    ['publish', 'number: count, topic: name, data: json'],
    ['asks', 'known: known'],
    ['answer', 'number: count, id: identifier, data: json'],
    ['token', 'token: text'],
    ['leave', ''],
  ],
  hub: [
    ...peerFrames,
    [
      'welcome',
      `version: count, session: object, session.id: identifier, session.key: identifier, resumed: flag,
      subject: object, subject.user: text|null, subject.tenant: text|null, received: amount, producer: object,
      producer.highest: amount, producer.open: ranges, heartbeat: object, heartbeat.intervalMs: count,
      heartbeat.timeoutMs: count, spreadMs: amount, sessionTtlMs: amount, limits: object,
      limits.maxFrameBytes: count, limits.maxSubscriptions: count, limits.maxOpenOperations: count`,
    ],
    ['goodbye', 'code: text, message: text, retry: flag, retryAfterMs: amount?, received: amount?'],
    ['subscribed', 'topic: name, intent: count, position: position'],
    [
      'unsubscribed',
      `topic: name, intent: count, ${failure}, error.retry: flag, error.retryAfterMs: amount?`,
    ],
    ['message', 'topic: name, offset: count, time: amount, user: text|null, data: json'],
    ['gap', 'topic: name, after: position|null, next: messagePosition, lost: amount|null, reason: gapReason'],
    ['ask', 'id: identifier, method: name, data: json, timeoutMs: amount?'],
    [
      'concluded',
      `id: identifier, status: concludedStatus, by: object?, by.user: text, by.session: identifier,
      by.time: amount`,
    ],
    ['reauthenticate', 'withinMs: amount'],
    ['error', 'code: text, message: text'],
  ],
}

const rules: readonly FrameRule[] = (['client', 'hub'] as const).flatMap((from) =>
  framesFrom[from].map(([type, fields]) => ({ from, type, fields: fieldsOf(fields) })),
)

/** The holder of a path's last key, and that key. */
function placeOf(frame: JsonObject, path: string): [holder: JsonObject, key: string] {
  const keys = path.split('.')
  const key = keys.pop() ?? ''
  return [keys.reduce<Json>((holder, key) => (holder as JsonObject)[key] ?? {}, frame) as JsonObject, key]
}

/** A frame with every field of its rule. */
function frameOf({ type, fields }: Omit<FrameRule, 'from'>): JsonObject {
  const frame: JsonObject = { type }
  for (const { path, kind } of fields) {
    const [holder, key] = placeOf(frame, path)
    holder[key] = structuredClone<Json>(kind.sample)
  }
  return frame
}

function changed(frame: JsonObject, path: string, value?: Json): JsonObject {
  const copy = structuredClone(frame)
  const [holder, key] = placeOf(copy, path)
  if (value === undefined) delete holder[key]
  else holder[key] = value
  return copy
}

/** The values at a path; none if what would hold them is missing. */
function valuesAt(frame: unknown, path: string): unknown[] {
  return path.split('.').reduce<unknown[]>(
    (holders, key) =>
      holders.flatMap((holder): unknown[] => {
        if (Array.isArray(holder)) return key === '0' ? holder : []
        return isObject(holder) ? [holder[key]] : []
      }),
    [frame],
  )
}

function follows(frame: unknown, { fields }: FrameRule): boolean {
  return fields.every(({ path, kind, optional, nullable }) =>
    valuesAt(frame, path).every(
      (value) => (optional && value === undefined) || (nullable && value === null) || kind.sound(value),
    ),
  )
}

describe('every field of every frame', () => {
  test('the rules here know the frames of both sides', () => {
    const typesFrom = (side: Sender) => rules.filter(({ from }) => from === side).map(({ type }) => type)
    expect(new Set(typesFrom('client'))).toEqual(new Set(Object.keys(clientFrames)))
    expect(new Set(typesFrom('hub'))).toEqual(new Set(Object.keys(hubFrames)))
  })

  test.each(rules)('a $type from the $from with all its fields decodes', (rule) => {
    const frame = frameOf(rule)
    expect(decode(JSON.stringify(frame), rule.from)).toEqual({ kind: 'frame', frame })
  })

  test.each(rules)('[R2] fields that a $type does not have are ignored ($from)', (rule) => {
    const frame = { ...frameOf(rule), critical: true, toString: 1, constructor: { later: [] } }
    expect(decode(JSON.stringify(frame), rule.from)).toEqual({ kind: 'frame', frame })
  })

  const fields = rules.flatMap((rule) =>
    rule.fields.map((field) => ({ ...rule, ...field, frame: frameOf(rule) })),
  )

  test.each(fields)('[R3] $type, $path: refused unless sound ($from)', (field) => {
    const { from, type, frame, path } = field
    const code = { topic: 'topic_invalid', method: 'method_invalid' }[path] ?? 'frame_invalid'
    if (field.nullable) expect(decode(JSON.stringify(changed(frame, path, null)), from).kind).toBe('frame')
    for (const value of field.kind.unsound) {
      if (value === null && field.nullable) continue
      const fault = faultOf(changed(frame, path, value), from)
      expect(fault.code, JSON.stringify(value)).toBe(code)
      if (from === 'hub') continue
      expect(fault.type).toBe(type)
      expect(fault.message?.replace('[0]', '.0')).toContain(`${type}.${path}`)
    }
  })

  test.each(fields)('[R3] $type, $path: missing only if optional ($from)', (field) => {
    const decoded = decode(JSON.stringify(changed(field.frame, field.path)), field.from)
    expect(decoded.kind).toBe(field.optional ? 'frame' : 'fault')
  })

  test.each(['1e400', '-1e400', '9007199254740993', '1e-1'])('[R5] %s is no number to count with', (id) => {
    expect(faultOf(`{"type":"ping","id":${id}}`).code).toBe('frame_invalid')
  })

  test('10,000 subscriptions and 1,024 ranges are not too many', () => {
    const hello = frameOf(rules.find(({ type }) => type === 'hello') ?? { type: '', fields: [] })
    expect(decode(JSON.stringify({ ...hello, subscriptions: subscriptions(10_000) }), 'client').kind).toBe(
      'frame',
    )
    expect(decode(JSON.stringify({ type: 'ack', numbers: ranges(1_024) }), 'client').kind).toBe('frame')
  })

  test('a result has either a value or an error, not both', () => {
    const error = { code: 'rejected', message: '' }
    expect(faultOf({ type: 'result', number: 1, value: null, error }).code).toBe('frame_invalid')
  })
})

/** What a fault has to name, from the text of the frame [R3]. */
function namedIn(text: string, from: Sender): Pick<FrameFault, 'number' | 'subscription'> {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return { number: null, subscription: null }
  }
  const { type, number, topic, intent } = isObject(frame) ? frame : {}
  const known = rules.some((rule) => rule.from === from && rule.type === type)
  const names = known && ['publish', 'request', 'answer'].includes(type as string) && isInteger(number, 1)
  const subscribes = known && type === 'subscribe' && isName(topic) && isInteger(intent, 1)
  return {
    number: names ? (number as number) : null,
    subscription: subscribes ? { topic: topic as string, intent: intent as number } : null,
  }
}

interface Change {
  readonly at: number
  /** Null: the key that is there. */
  readonly key: string | null
  /** Undefined: taken away. */
  readonly value: Json | undefined
}

function change(frame: JsonObject, { at, key, value }: Change): void {
  const places = [...placesIn(frame)]
  const [holder, place] = places[at % places.length] ?? [frame, 'type']
  if (value === undefined) delete holder[key ?? place]
  // Assignment to __proto__ would not make a key.
  else Object.defineProperty(holder, key ?? place, { ...writable, value: structuredClone(value) })
}
const writable = { enumerable: true, configurable: true, writable: true }

function* placesIn(value: Json): Generator<[holder: JsonObject, key: string]> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value)) {
    yield [value as JsonObject, key]
    yield* placesIn(child)
  }
}

describe('whatever arrives', () => {
  const fieldValues = Object.values(kinds).flatMap(({ sample, unsound }) => [sample, ...unsound.slice(0, 40)])
  const keys = ['__proto__', 'later', 'critical', 'type', 'number', 'topic', 'intent', 'value', 'error']
  const changes = fc.array(
    fc.record({
      at: fc.nat(),
      key: fc.option(fc.constantFrom(...keys), { freq: 3 }),
      value: fc.oneof(fc.constantFrom(undefined, ...fieldValues), fc.jsonValue() as fc.Arbitrary<Json>),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const changedFrames = fc.tuple(fc.constantFrom(...rules), changes).map(([rule, changes]) => {
    const frame = frameOf(rule)
    for (const each of changes) change(frame, each)
    return JSON.stringify(frame)
  })
  const texts: readonly (readonly [string, fc.Arbitrary<string>, number])[] = [
    ['valid frames with a few changes', changedFrames, 6_000],
    ['JSON', fc.json(), 2_000],
    ['text', fc.string(), 2_000],
  ]

  test.each(texts)('%s: a sound frame, ignored, or a typed fault', (_, text, numRuns) => {
    const property = fc.property(text, fc.constantFrom<Sender>('client', 'hub'), (text, from) => {
      const decoded = decode(text, from)
      if (decoded.kind === 'frame') {
        const candidates = rules.filter((rule) => rule.from === from && rule.type === decoded.frame.type)
        expect(candidates.some((rule) => follows(decoded.frame, rule))).toBe(true)
      } else if (decoded.kind === 'fault' && from === 'client') {
        const { number, subscription } = decoded.fault
        expect({ number, subscription }).toEqual(namedIn(text, from))
      }
    })
    fc.assert(property, { seed: 1, numRuns })
  })
})

import * as fc from 'fast-check'

/** How the hub has to answer a frame on a welcomed link. */
export type ExpectedAnswer =
  | { readonly type: 'error'; readonly code: string }
  | { readonly type: 'result'; readonly number: number; readonly code: string }
  | { readonly type: 'unsubscribed'; readonly topic: string; readonly intent: number; readonly code: string }

export interface MalformedFrame {
  /** The text to send; `number` is the next one of the producer. */
  text(number: number): string
  /** What the hub says to it; null: nothing. */
  answer(number: number): ExpectedAnswer | null
  /** It takes the number. */
  readonly usesNumber: boolean
}

type Fields = Readonly<Record<string, unknown>>

const missing = Symbol('missing')
const wrongString = fc.constantFrom<unknown>(missing, null, 0, true, [], {})
const wrongAmount = fc.constantFrom<unknown>(missing, null, -1, 0.5, '1', 2 ** 53, 1e300, true, [], {})
const wrongCount = fc.oneof(wrongAmount, fc.constant(0))
const wrongName = fc.oneof(
  wrongString,
  fc.constantFrom(
    '',
    'x'.repeat(256),
    'é'.repeat(128),
    '\u0000',
    'a\nb',
    'a\u007f',
    '\u0085',
    '\ud800',
    'a\udc00',
  ),
)
const wrongRanges = fc.oneof(
  fc.constantFrom<unknown>(
    missing,
    null,
    1,
    '1',
    {},
    [1],
    [[1]],
    [[1, 2, 3]],
    [[2, 1]],
    [[0, 1]],
    [
      [1, 2],
      [2, 3],
    ],
  ),
  fc.constant(Array.from({ length: 1_025 }, (_, index) => [2 * index + 1, 2 * index + 1])),
)
const wrongFrom = fc.oneof(
  fc.constantFrom<unknown>(missing, null, 'later', 3, [], {}, { last: -1 }, { last: '1' }, { epoch: 'a' }),
  fc.constantFrom('', 'ü', 'e'.repeat(129)).map((epoch) => ({ epoch, offset: 0 })),
  fc.constantFrom<unknown>({ offset: 1 }, { epoch: 'a', offset: -1 }),
)
const wrongError = fc.constantFrom<unknown>(null, 'no', {}, { code: 1, message: '' }, { code: 'x' })

/** The fields of each frame a client may send once it is welcomed, and what is wrong for each. */
const mutations: readonly {
  readonly sound: Fields
  readonly wrong: Record<string, fc.Arbitrary<unknown>>
}[] = [
  { sound: { type: 'ping', id: 1 }, wrong: { id: wrongAmount } },
  { sound: { type: 'pong', id: 1 }, wrong: { id: wrongAmount } },
  { sound: { type: 'cancel', number: 1 }, wrong: { number: wrongCount } },
  { sound: { type: 'ack', numbers: [[1, 1]] }, wrong: { numbers: wrongRanges } },
  { sound: { type: 'token', token: 'a' }, wrong: { token: wrongString } },
  { sound: { type: 'unsubscribe', topic: 'a', intent: 1 }, wrong: { topic: wrongName, intent: wrongCount } },
  {
    sound: { type: 'subscribe', topic: 'a', intent: 1, from: 'now' },
    wrong: { topic: wrongName, intent: wrongCount, from: wrongFrom },
  },
  {
    sound: { type: 'publish', number: 1, topic: 'a', data: 1 },
    wrong: { number: wrongCount, topic: wrongName, data: fc.constant(missing) },
  },
  {
    sound: { type: 'request', number: 1, method: 'a', data: 1, timeoutMs: 1 },
    wrong: {
      number: wrongCount,
      method: wrongName,
      data: fc.constant(missing),
      timeoutMs: fc.constantFrom<unknown>(null, 0, -1, 0.5, '1', true),
    },
  },
  { sound: { type: 'asks', known: ['a'] }, wrong: { known: wrongRanges } },
  {
    sound: { type: 'answer', number: 1, id: 'a', data: 1 },
    wrong: { number: wrongCount, id: wrongString, data: fc.constant(missing) },
  },
  {
    sound: { type: 'result', number: 1, value: 1 },
    wrong: { number: wrongCount, value: fc.constant(missing), error: wrongError },
  },
]

const codes: Readonly<Record<string, string>> = { topic: 'topic_invalid', method: 'method_invalid' }

const mutated: fc.Arbitrary<MalformedFrame> = fc
  .constantFrom(...mutations)
  .chain(({ sound, wrong }) =>
    fc
      .constantFrom(...Object.keys(wrong))
      .chain((field) =>
        (wrong[field] ?? fc.constant(missing)).map((value) => withField(sound, field, value)),
      ),
  )

function withField(sound: Fields, field: string, value: unknown): MalformedFrame {
  const { type } = sound
  const operation = ['publish', 'request', 'answer'].includes(String(type)) && field !== 'number'
  const code = codes[field] ?? 'frame_invalid'
  return {
    usesNumber: operation,
    text(number) {
      const fields: Record<string, unknown> = { ...sound, ...(operation ? { number } : {}), [field]: value }
      if (value === missing) delete fields[field]
      return JSON.stringify(fields)
    },
    answer(number) {
      if (operation) return { type: 'result', number, code }
      if (type === 'subscribe' && field === 'from')
        return { type: 'unsubscribed', topic: 'a', intent: 1, code }
      return { type: 'error', code }
    },
  }
}

const refused = (text: string): MalformedFrame => ({
  usesNumber: false,
  text: () => text,
  answer: () => ({ type: 'error', code: 'frame_invalid' }),
})

const isNoJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}
const notJson = fc.oneof(
  fc
    .string({ unit: 'binary', maxLength: 40 })
    .filter(isNoJson)
    .filter((text) => !/[\ud800-\udfff]/.test(text)),
  fc.constantFrom(
    '',
    '{',
    '{"type":"ping","id":1}}',
    "{'type':'ping'}",
    '{"type":"ping","id":01}',
    'NaN',
    '\ufeff{}',
  ),
)
const notAnObject = fc
  .jsonValue()
  .filter((value) => typeof value !== 'object' || value === null || Array.isArray(value))
const withoutType = fc.constantFrom<unknown>(
  {},
  { type: 1 },
  { type: null },
  { type: ['ping'] },
  { Type: 'ping' },
)

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
/** Below the frame itself there may be 63 levels. */
const tooDeep = fc.integer({ min: 64, max: 5_000 }).map(nested)
const withPrototype = fc.constantFrom('{"__proto__":1}', '[{"a":{"__proto__":{}}}]')
const poison = fc.oneof(tooDeep, withPrototype)

const poisonedPublish: fc.Arbitrary<MalformedFrame> = poison.map((data) => ({
  usesNumber: true,
  text: (number) => `{"type":"publish","number":${number},"topic":"a","data":${data}}`,
  answer: (number) => ({ type: 'result', number, code: 'frame_invalid' }),
}))
const poisonedPing = poison.map((extra) => refused(`{"type":"ping","id":1,"extra":${extra}}`))

const unknownType: fc.Arbitrary<MalformedFrame> = fc
  .constantFrom('', 'PING', 'welcome', 'goodbye', 'message', 'constructor', '__proto__', 'toString')
  .map((type) => ({
    usesNumber: false,
    text: () => JSON.stringify({ type, number: 1, topic: 'a', critical: 'true' }),
    answer: () => null,
  }))

/** Any frame that is wrong in a way that a welcomed link survives [R2, R3, R4]. */
export const malformedFrame: fc.Arbitrary<MalformedFrame> = fc.oneof(
  { weight: 8, arbitrary: mutated },
  { weight: 2, arbitrary: notJson.map(refused) },
  { weight: 1, arbitrary: notAnObject.map((value) => refused(JSON.stringify(value))) },
  { weight: 1, arbitrary: withoutType.map((value) => refused(JSON.stringify(value))) },
  { weight: 1, arbitrary: poisonedPublish },
  { weight: 1, arbitrary: poisonedPing },
  { weight: 1, arbitrary: unknownType },
)

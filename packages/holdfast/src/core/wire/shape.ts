/** Says what is wrong with a field's value, or null. */
export type Check = (value: unknown, path: string) => string | null

/** A check for each field of a frame. The compiler sees to it that none is forgotten. */
export type Shape<Frame> = { readonly [Field in Exclude<keyof Frame, 'type'>]-?: Check }

export const rule =
  (holds: (value: unknown) => boolean, expectation: string): Check =>
  (value, path) =>
    holds(value) ? null : `${path} must be ${expectation}`

const integer = (least: number): Check =>
  rule(
    (value) => Number.isSafeInteger(value) && (value as number) >= least,
    `an integer from ${least} to ${Number.MAX_SAFE_INTEGER}`,
  )

/** Counters that start at 1 [R5]. */
export const count: Check = integer(1)
/** Offsets, highest numbers and durations, which may be 0. */
export const amount: Check = integer(0)
export const string: Check = rule((value) => typeof value === 'string', 'a string')
/** Any JSON value, but present. */
export const json: Check = rule((value) => value !== undefined, 'present')

export const identifier: Check = rule(
  (value) => typeof value === 'string' && /^[\w.~-]{1,128}$/.test(value),
  '1 to 128 characters from A–Z a–z 0–9 . _ ~ -',
)

/** A producer's id is its secret: at least 128 bits in base64 [R5]. */
export const secretIdentifier: Check = (value, path) =>
  identifier(value, path) ??
  ((value as string).length < 22 ? `${path} must have at least 22 characters` : null)

export const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? null : check(value, path)

export const list =
  (check: Check, most: number): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return `${path} must be a list`
    if (value.length > most) return `${path} must have at most ${most} items`
    for (let index = 0; index < value.length; index++) {
      const problem = check(value[index], `${path}[${index}]`)
      if (problem) return problem
    }
    return null
  }

export const object =
  <Value>(shape: Shape<Value>): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${path} must be an object`
    for (const [field, check] of Object.entries(shape) as [string, Check][]) {
      const problem = check((value as Record<string, unknown>)[field], `${path}.${field}`)
      if (problem) return problem
    }
    return null
  }

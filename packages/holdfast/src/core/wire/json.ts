/** JSON nested deeper than this is refused [R4]. JSON.parse takes 200,000 levels, JSON.stringify then throws. */
export const maxJsonDepth = 64

/** Whether a parsed JSON value is acceptable: not nested too deep, and without a key `__proto__` [R4]. */
export function isSafeJson(value: unknown, depthLeft: number = maxJsonDepth): boolean {
  if (typeof value !== 'object' || value === null) return true
  return (
    depthLeft > 0 &&
    !Object.hasOwn(value, '__proto__') &&
    Object.values(value).every((item) => isSafeJson(item, depthLeft - 1))
  )
}

/**
 * The path of what would be altered or refused by sending the value as JSON, or null: NaN, undefined, dates, maps,
 * class instances, holes, symbol keys, `toJSON`, cycles (as depth). Negative zero passes and arrives as zero.
 */
export function pathOfLoss(value: unknown, path: string, depthLeft: number): string | null {
  if (typeof value !== 'object') {
    return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value) ? null : path
  }
  if (value === null) return null
  if (depthLeft === 0 || !isPlain(value)) return path
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const item = (value as Record<string | number, unknown>)[key]
    const lossy = pathOfLoss(item, `${path}.${key}`, depthLeft - 1)
    if (lossy !== null) return lossy
  }
  return null
}

/** A list or an object as JSON knows them. Of another realm it has other prototypes. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = Array.isArray(value)
    ? Array.isArray(prototype) && Object.keys(value).length <= value.length
    : prototype === null || Object.getPrototypeOf(prototype) === null
  return (
    plain &&
    !Object.hasOwn(value, '__proto__') &&
    typeof (value as { toJSON?: unknown }).toJSON !== 'function' &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}

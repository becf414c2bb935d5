/** JSON nested deeper than this is refused [R4]. JSON.parse takes 200,000 levels, JSON.stringify then throws. */
export const maxJsonDepth = 64

/** What makes a parsed JSON value unacceptable [R4], or null. */
export function parsedJsonProblem(value: unknown, depthLeft: number = maxJsonDepth): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (depthLeft === 0) return `nested deeper than ${maxJsonDepth} levels`
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = parsedJsonProblem(item, depthLeft - 1)
      if (problem) return problem
    }
    return null
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return 'an object key is __proto__'
    const problem = parsedJsonProblem((value as Record<string, unknown>)[key], depthLeft - 1)
    if (problem) return problem
  }
  return null
}

/**
 * What would be altered or refused by sending the value as JSON, or null: NaN, undefined, dates, maps, class
 * instances, holes, symbol keys, `toJSON`, cycles (as depth). Negative zero passes and arrives as zero.
 */
export function lossyJsonProblem(
  value: unknown,
  path: string = 'data',
  depthLeft: number = maxJsonDepth - 1,
): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : `${path} is ${value}`
    case 'object':
      break
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`
  }
  if (value === null) return null
  if (depthLeft === 0) return `${path} is nested deeper than ${maxJsonDepth} levels`
  return Array.isArray(value)
    ? lossyArrayProblem(value, path, depthLeft)
    : lossyObjectProblem(value, path, depthLeft)
}

function lossyArrayProblem(value: readonly unknown[], path: string, depthLeft: number): string | null {
  if (!Array.isArray(Object.getPrototypeOf(value))) return `${path} is not a plain array`
  if (hasToJson(value)) return `${path} has toJSON`
  for (let index = 0; index < value.length; index++) {
    const problem = lossyJsonProblem(value[index], `${path}[${index}]`, depthLeft - 1)
    if (problem) return problem
  }
  return Object.keys(value).length > value.length || Object.getOwnPropertySymbols(value).length > 0
    ? `${path} is an array with keys of its own`
    : null
}

function lossyObjectProblem(value: object, path: string, depthLeft: number): string | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null
  if (!plain) return `${path} is not a plain object`
  if (hasToJson(value)) return `${path} has toJSON`
  if (Object.getOwnPropertySymbols(value).length > 0) return `${path} has a symbol key`
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return `${path} has the key __proto__`
    const problem = lossyJsonProblem((value as Record<string, unknown>)[key], `${path}.${key}`, depthLeft - 1)
    if (problem) return problem
  }
  return null
}

const hasToJson = (value: object): boolean => 'toJSON' in value && typeof value.toJSON === 'function'

import { types } from 'node:util'

/** For `JSON.stringify`, which shows an error as `{}`: as its name, its message, and the application's line that made it. */
export const withErrors = (_key: string, value: unknown): unknown => (isError(value) ? shown(value) : value)

function shown(error: Error): string {
  const line = error.stack?.split('\n').find(isOwn)?.trim()
  return line ? `${String(error)} ${line}` : String(error)
}

/** Whether a line of a stack names a place that is neither Node's nor in a package. */
const isOwn = (line: string): boolean =>
  /^ +at .*:\d+:\d+\)?$/.test(line) && !/\bnode:|[\\/]node_modules[\\/]/.test(line)

/** Test frameworks have errors of several realms, of which only one is ours. */
const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value)

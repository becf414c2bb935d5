import { createHash } from 'node:crypto'

/**
 * The id of an ask with a key: it follows from what is asked, so that it is the same after a restart [R68]. The order of
 * fields does not matter.
 */
export function askId(tenant: string | null, key: string, method: string, payload: unknown): string {
  const text = JSON.stringify([tenant, key, method, payload], sorted)
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

const sorted = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value

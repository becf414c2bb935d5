import type { HubSettings } from '../options.ts'
import type { LinkRequest } from '../transports/link-socket.ts'

/** Whether a page of the request's origin may connect; who sends no origin is no browser. */
export function originAllowed({ headers }: LinkRequest, origins: HubSettings['origins']): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins === '*') return true
  if (origins) return origins.includes(origin)
  return URL.canParse(origin) && new URL(origin).host === host
}

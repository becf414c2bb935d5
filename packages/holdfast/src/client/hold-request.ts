/** Of the six connections that a browser opens to a host over HTTP/1.1, so many may be held [R56]. */
const slots = 4

/**
 * Asks for the right to keep a request open, which all tabs and workers of an origin share through Web Locks. Always granted
 * where the connection cannot be HTTP/1.1, and where there are no Web Locks: in browsers from before 2022 and in insecure
 * contexts (plain HTTP, but for localhost); there, the seventh tab waits.
 */
export async function holdRequest(url: URL): Promise<(() => void) | null> {
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  const multiplexed = url.origin === location.origin && /^h[23]/.test(page?.nextHopProtocol ?? '')
  let release: (() => void) | null = multiplexed || !navigator.locks ? () => {} : null
  for (let slot = 1; !release && slot <= slots; slot++) release = await take(`holdfast ${url.host} ${slot}`)
  return release
}

/** Resolves with what lets go of the lock, or null: somebody has it. */
function take(name: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const held = (lock: Lock | null): Promise<void> | void => {
      if (lock) return new Promise((release) => resolve(release))
      resolve(null)
    }
    // Refused as a whole, as in a sandboxed frame: as if there were no locks.
    navigator.locks.request(name, { ifAvailable: true }, held).catch(() => resolve(() => {}))
  })
}

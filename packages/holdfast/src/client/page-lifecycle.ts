import type { PageEvent } from './env.ts'

/** Tells what happens to the page; in a worker, which has fewer events, those that are there. */
export function watchPage(tell: (event: PageEvent) => void): () => void {
  const page = typeof document === 'undefined' ? null : document
  const watched = [
    [globalThis, 'online', 'cameOnline'],
    [globalThis, 'offline', 'wentOffline'],
    [globalThis, 'pagehide', 'putAway'],
    [globalThis, 'pageshow', 'woke'],
    [page, 'visibilitychange', 'woke'],
    [page, 'resume', 'woke'],
  ] as const
  const listening = new AbortController()
  for (const [target, name, event] of watched) {
    const listener = (): void => {
      if (name !== 'visibilitychange' || !page?.hidden) tell(event)
    }
    target?.addEventListener(name, listener, listening)
  }
  return () => listening.abort()
}

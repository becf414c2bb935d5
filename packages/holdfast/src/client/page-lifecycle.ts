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
  // A page that was put away hears of neither `online` nor `offline`.
  const tellLine = (): void => tell(navigator.onLine ? 'cameOnline' : 'wentOffline')
  const listening = new AbortController()
  for (const [target, name, event] of watched) {
    const listener = (): void => {
      if (event !== 'woke') tell(event)
      else if (name !== 'visibilitychange' || !page?.hidden) tellLine()
    }
    target?.addEventListener(name, listener, listening)
  }
  if (!navigator.onLine) tell('wentOffline')
  return () => listening.abort()
}

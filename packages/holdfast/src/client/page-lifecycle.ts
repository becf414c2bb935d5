import type { PageEvents } from './env.ts'

/** Reports the page's events; in a worker, which has fewer, those that are there. */
export function watchPage(events: PageEvents): () => void {
  const woke = (): void => events.woke()
  const page = typeof document === 'undefined' ? null : document
  const becameVisible = (): void => {
    if (page?.visibilityState === 'visible') woke()
  }
  const listeners: [EventTarget | null, string, () => void][] = [
    [globalThis, 'online', () => events.cameOnline()],
    [globalThis, 'offline', () => events.wentOffline()],
    [globalThis, 'pagehide', () => events.putAway()],
    [globalThis, 'pageshow', woke],
    [page, 'visibilitychange', becameVisible],
    [page, 'resume', woke],
  ]
  for (const [target, event, listener] of listeners) target?.addEventListener(event, listener)
  return () => {
    for (const [target, event, listener] of listeners) target?.removeEventListener(event, listener)
  }
}

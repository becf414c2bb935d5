import type { PageEvents } from './env.ts'

/** Reports the page's events; in a worker, which has fewer, those that are there. */
export function watchPage({ woke, wentOffline }: PageEvents): () => void {
  const page = typeof document === 'undefined' ? null : document
  const becameVisible = (): void => {
    if (page?.visibilityState === 'visible') woke()
  }
  const listeners: [EventTarget | null, string, () => void][] = [
    [globalThis as unknown as EventTarget, 'online', woke],
    [globalThis as unknown as EventTarget, 'offline', wentOffline],
    [globalThis as unknown as EventTarget, 'pageshow', woke],
    [page, 'visibilitychange', becameVisible],
    [page, 'resume', woke],
  ]
  for (const [target, event, listener] of listeners) target?.addEventListener(event, listener)
  return () => {
    for (const [target, event, listener] of listeners) target?.removeEventListener(event, listener)
  }
}

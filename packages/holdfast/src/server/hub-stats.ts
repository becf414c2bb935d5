import type { HubCore } from './hub-core.ts'

/** How much a hub holds. */
export interface HubStats {
  /** Attachments, including those still shaking hands or closing. */
  readonly links: number
  /** Sessions with a link, and those at rest. */
  readonly sessions: { readonly live: number; readonly resting: number }
  readonly subscriptions: number
  readonly topics: {
    readonly held: number
    readonly open: number
    readonly messages: number
    readonly bytes: number
  }
  /** Operations of clients that run, and requests to clients that are open or wait. */
  readonly operations: { readonly running: number; readonly requested: number }
  /** Asks that are pending, those that are over and still known, and promises of `hub.ask` that wait. */
  readonly asks: { readonly pending: number; readonly ended: number; readonly waiting: number }
  /** Deadlines behind the hub's one timer. */
  readonly deadlines: number
  /** Listeners of the application. */
  readonly listeners: number
  /** Links with a write under way; at rest only those whose reader stalls. */
  readonly writing: number
  /** Things whose owner is gone. Always 0; anything else is a bug in Holdfast. */
  readonly orphans: number
}

export function hubStats(core: HubCore): HubStats {
  const { asks, engine, events, fanOut, sessions, timekeeper } = core.parts
  const { topics, openLogs, messages, retainedBytes } = engine.stats()
  let subscriptions = 0
  let running = 0
  let requested = 0
  let orphans = Math.max(sessions.producerCount - sessions.liveCount - sessions.restingCount, 0)
  for (const link of core.links) {
    subscriptions += link.subscriptions.count
    if (link.session && !link.closing && link.session.link !== link) orphans++
    if (link.closing && link.subscriptions.count > 0) orphans++
  }
  for (const session of sessions) {
    running += session.operations.runningCount
    requested += session.requests.pendingCount
    if (session.link && !core.links.has(session.link)) orphans++
  }
  const alive: ReadonlySet<unknown> = core.links
  for (const link of asks.links) if (!alive.has(link)) orphans++
  for (const { events } of core.http.links) if (!alive.has(events)) orphans++
  orphans += Math.max(fanOut.cursorCount - subscriptions, 0)
  return {
    links: core.links.size,
    sessions: { live: sessions.liveCount, resting: sessions.restingCount },
    subscriptions,
    topics: { held: topics, open: openLogs, messages, bytes: retainedBytes },
    operations: { running, requested },
    asks: { pending: asks.pendingCount, ended: asks.endedCount, waiting: asks.callerCount },
    deadlines: timekeeper.deadlineCount,
    listeners: events.listenerCount,
    writing: fanOut.writingCount,
    orphans,
  }
}

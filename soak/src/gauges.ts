import type { EventEmitter } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** What a process holds at one moment. */
export interface Gauges {
  /** The JavaScript heap that is in use. */
  readonly heapBytes: number
  /** Memory outside the heap that objects in it hold, buffers above all. */
  readonly externalBytes: number
  readonly residentBytes: number
  /** Open file descriptors; null where the system does not tell. */
  readonly descriptors: number | null
  /** What keeps the event loop alive: sockets, servers, timers, requests. */
  readonly handles: number
  /** How many of each kind. */
  readonly handleKinds: Readonly<Record<string, number>>
  /** Listeners of everything that outlives connections. */
  readonly listeners: number
}

const collections = 4
/** Objects whose release is told of by callbacks are let go of by the collection after those. */
const betweenCollectionsMs = 20

/** Collects all garbage, then measures. Needs `--expose-gc`. */
export async function gaugesAfterCollection(emitters: readonly EventEmitter[]): Promise<Gauges> {
  if (!globalThis.gc) throw new Error('start Node with --expose-gc')
  for (let count = 0; count < collections; count++) {
    globalThis.gc()
    await pause(betweenCollectionsMs)
  }
  globalThis.gc()
  return gaugesNow(emitters)
}

export function gaugesNow(emitters: readonly EventEmitter[]): Gauges {
  const { heapUsed, external, rss } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo()
  const handleKinds: Record<string, number> = {}
  for (const kind of handles.toSorted()) handleKinds[kind] = (handleKinds[kind] ?? 0) + 1
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    residentBytes: rss,
    descriptors: descriptorCount(),
    handles: handles.length,
    handleKinds,
    listeners: emitters.reduce((sum, emitter) => sum + listenerCount(emitter), 0),
  }
}

function descriptorCount(): number | null {
  try {
    // One of them is the folder's own.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return null
  }
}

function listenerCount(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0)
}

import type { Ask, AskStatus } from '../client/ask.ts'
import type { Client } from '../client/connect.ts'
import type { Engine } from '../engines/engine.ts'
import type { AskStore } from '../engines/ask-store.ts'
import { memory } from '../engines/memory.ts'
import type { HubOptions } from '../server/options.ts'
import { watchSettlement, type Settlement } from './settlement.ts'

/** Every client is the user whose name is its token; `tenant/user` names a tenant too, an empty one is anonymous. */
export const byToken: NonNullable<HubOptions['authenticate']> = ({ token }) => {
  const [user = '', tenant] = (token ?? '').split('/').toReversed()
  return { user: user === '' ? null : user, tenant: tenant ?? null }
}

/** An engine whose asks are kept in a store that can outlive it. */
export function engineWith(asks: AskStore): Engine {
  const engine = memory()
  return {
    asks,
    start: (host) => engine.start(host),
    append: (entries) => engine.append(entries),
    open: (topic) => engine.open(topic),
    stats: () => engine.stats(),
    close: () => engine.close(),
  }
}

/** A store that does what changes asks only once the gate lets it, or not at all. */
export function storeBehind(
  asks: AskStore,
  gate: (call: 'open' | 'addUsers' | 'conclude') => Promise<void>,
): AskStore {
  return {
    load: () => asks.load(),
    open: (ask) => gate('open').then(() => asks.open(ask)),
    addUsers: (id, users) => gate('addUsers').then(() => asks.addUsers(id, users)),
    conclude: (id, conclusion) => gate('conclude').then(() => asks.conclude(id, conclusion)),
    forget: (id) => asks.forget(id),
  }
}

/** The only ask that a client lists. */
export function onlyAsk({ asks }: Client): Ask {
  const [ask, ...others] = asks
  if (!ask || others.length > 0) throw new Error(`${asks.length} asks, not one`)
  return ask
}

/** Answers; what becomes of it concerns nobody who does not look. */
export function give(ask: Ask | undefined, value: unknown): Settlement<void> {
  if (!ask) throw new Error('nothing was asked')
  return watchSettlement(ask.answer(value))
}

export const statuses = ({ asks }: Client): AskStatus[] => asks.map(({ status }) => status)

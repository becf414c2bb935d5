import { afterEach, expect, it } from 'vitest'
import type { HubStats } from '../server/index.ts'
import { hubUrl, startHub, type RealHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { inState } from '../testing/client-state.ts'
import { until } from '../testing/until.ts'
import { makeClient } from '../client/connect.ts'
import type { ClientEnv } from '../client/env.ts'
import { countTimers, type CountedTimers } from '../testing/counted-timers.ts'
import { nodeEnv } from './env.ts'
import { connect, websocket, type Client } from './index.ts'

const reconnects = 1_000
const messages = 10_000

const owned: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of owned.splice(0).reverse()) await close()
})

function own<Owned extends { close(): Promise<void> }>(thing: Owned): Owned {
  owned.push(() => thing.close())
  return thing
}

/** A client that never waits for its next attempt. */
function connectImpatiently(url: string, timers: CountedTimers<ClientEnv>): Client {
  const client = own(makeClient(url, [websocket()], {}, timers.env))
  client.on('state', ({ to }) => {
    if (to === 'waiting') client.reconnectNow()
  })
  return client
}

function counts({ hub, server, timers }: RealHub, client: CountedTimers<ClientEnv>): object {
  const { links, sessions, subscriptions, deadlines, listeners, writing, orphans }: HubStats = hub.stats()
  return {
    hub: { links, sessions, subscriptions, deadlines, listeners, writing, orphans },
    timers: { hub: timers.pending, client: client.pending },
    serverListeners: server.eventNames().map((event) => [event, server.listenerCount(event)]),
    processListeners: process.eventNames().map((event) => [event, process.listenerCount(event)]),
  }
}

it(
  'S34 S35 1,000 rapid reconnects of one session while another client publishes 10,000 messages: the subscriber gets offsets 1 to 10,000 without hole or repeat, and nothing is left',
  { timeout: 60_000 },
  async () => {
    const real = own(await startHub())
    const proxy = own(await FaultProxy.before(real.port))
    const timers = countTimers(nodeEnv)
    const subscriber = connectImpatiently(hubUrl(proxy.port), timers)
    const publisher = own(connect(real.url))
    const offsets: number[] = []
    const gaps: unknown[] = []
    const handlers = {
      message: ({ offset }: { offset: number }) => void offsets.push(offset),
      gap: (gap: unknown) => void gaps.push(gap),
    }
    await subscriber.subscribe('ticks', {}, handlers).ready
    // Something is kept before as after, so that the engine's own timer runs.
    await publisher.publish('another topic', 'anything')
    const before = counts(real, timers)
    const session = subscriber.session

    const published: Promise<unknown>[] = []
    for (let cut = 0; cut < reconnects; cut++) {
      for (let message = 0; message < messages / reconnects; message++) {
        published.push(publisher.publish('ticks', { number: published.length + 1 }))
      }
      await cutTheLink(subscriber, proxy, cut)
    }
    await Promise.all(published)
    await until(() => offsets.length >= messages, 'every message has arrived', 30_000)
    await inState(subscriber, 'live')

    expect(offsets).toEqual(Array.from({ length: messages }, (_, index) => index + 1))
    expect(gaps).toEqual([])
    expect(subscriber.session).toBe(session)
    expect(subscriber.stats().reconnects).toBeGreaterThanOrEqual(reconnects)
    await until(() => real.hub.stats().links === 2, 'the hub has forgotten the links that were cut')
    await until(() => real.hub.stats().writing === 0, 'everything is written')
    expect(counts(real, timers)).toEqual(before)
    expect(timers.most).toBe(1)
  },
)

/** Cuts a live link once, and in two of three cases also the next one before that is live. */
async function cutTheLink(client: Client, proxy: FaultProxy, cut: number): Promise<void> {
  await inState(client, 'live')
  const down = inState(client, 'waiting')
  if (cut % 2 === 0) proxy.cut()
  else proxy.reset()
  await down
  if (cut % 3 === 0) return
  await inState(client, cut % 3 === 1 ? 'connecting' : 'joining')
  proxy.cut()
}

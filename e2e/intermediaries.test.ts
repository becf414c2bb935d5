import { setTimeout as pause } from 'node:timers/promises'
import { connect, sse, websocket } from 'holdfast/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fault } from '../packages/holdfast/src/testing/fault-proxy/fault.ts'
import { FaultProxy } from '../packages/holdfast/src/testing/fault-proxy/fault-proxy.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'
import { eventually } from './eventually.ts'
import { locations, Nginx, nginxMissing } from './nginx.ts'
import { NodeObserver, Tab, type Observer } from './observers.ts'
import { Site } from './site.ts'

// Nearly all of it is waiting, so everything in this file waits at the same time.
const timeout = 120_000
const wayBackMs = 60_000
const nowhere = browserMissing ?? nginxMissing

let chromium: Chromium

beforeAll(async () => {
  if (!browserMissing) chromium = await launchChromium()
})
afterAll(() => chromium?.[Symbol.asyncDispose]())

type Note = (text: string) => Promise<unknown>

/** The site and the observer publish all the time; once the way is free, the client goes back to WebSocket without loss. */
async function goesBack(site: Site, observer: Observer, free: () => unknown, note: Note): Promise<void> {
  const { changes: before, transport } = await observer.read()
  await free()
  const freedAt = performance.now()
  await observer.isLiveOver('websocket', wayBackMs)
  await note(`back on WebSocket ${Math.round(performance.now() - freedAt)} ms after it passed again`)
  const { changes } = await observer.read()
  expect(changes.slice(before.length)).toMatchObject([{ from: transport, to: 'websocket', reason: 'better' }])
  site.stopPublishing()
  await observer.stopPublishing()
  const { published } = await observer.read()
  await observer.hasEverythingUpTo(site.published + published)
  const held = (): object => {
    const { links, sessions, orphans } = site.hub.stats()
    return { links, sessions, orphans }
  }
  await eventually('one link is left', 15_000, held, {
    links: 1,
    sessions: { live: 1, resting: 0 },
    orphans: 0,
  })
}

describe.skipIf(nowhere).concurrent(`Chromium behind nginx (${nowhere ?? 'both found'})`, () => {
  test.for([
    ['S26 that passes no WebSocket', locations.withoutUpgrade, 'sse', 3_000],
    ['S27 that buffers', locations.buffering, 'long-poll', 15_000],
  ] as const)(
    '%s: live over something else in time, and back on WebSocket without loss',
    { timeout },
    async ([, location, transport, withinMs], { annotate }) => {
      await using site = await Site.start()
      await using nginx = await Nginx.before(site.port, location)
      site.publishEvery(20)
      await using tab = await Tab.open(chromium, nginx.origin)
      await tab.publishEvery(50)
      const liveAtMs = await tab.isLiveOver(transport, withinMs)
      await annotate(`live over ${transport} ${liveAtMs} ms after the page’s load began`)
      expect(liveAtMs).toBeLessThan(withinMs)
      expect((await tab.read()).changes).toMatchObject([{ from: null, to: transport, reason: 'first' }])
      await goesBack(site, tab, () => nginx.switchTo(locations.recommended), annotate)
    },
  )

  test('as recommended: live over WebSocket, and that is all', { timeout }, async ({ annotate }) => {
    await using site = await Site.start()
    await using nginx = await Nginx.before(site.port, locations.recommended)
    site.publishEvery(20)
    await using tab = await Tab.open(chromium, nginx.origin)
    await tab.publishEvery(50)
    await annotate(`live after ${await tab.isLiveOver('websocket', 3_000)} ms`)
    await pause(10_000)
    site.stopPublishing()
    await tab.stopPublishing()
    const { states, changes, published } = await tab.read()
    expect(states).toEqual(['joining', 'live'])
    expect(changes).toMatchObject([{ from: null, to: 'websocket', reason: 'first' }])
    await tab.hasEverythingUpTo(site.published + published)
  })
})

const faults: readonly (readonly [what: string, fault: Fault, withinMs: number])[] = [
  ['is refused with 403', { type: 'refuse', status: 403 }, 3_000],
  ['is refused without an answer', { type: 'refuse', status: 'none' }, 3_000],
  ['gets no answer', { type: 'freeze' }, 15_000],
  ['opens but carries nothing', { type: 'swallow' }, 25_000],
  ['is cut after 2 s each time', { type: 'cut', afterMs: 2_000 }, 40_000],
]

describe.concurrent('S26 WebSocket', () => {
  async function goesOnOverSse(
    observe: (origin: string) => Promise<Observer>,
    [, fault, withinMs]: (typeof faults)[number],
    note: Note,
  ): Promise<void> {
    await using site = await Site.start()
    await using proxy = await FaultProxy.before(site.port)
    proxy.rules = [{ of: 'websocket', fault }]
    site.publishEvery(20)
    await using observer = await observe(`http://127.0.0.1:${proxy.port}`)
    await observer.publishEvery(50)
    const atMs = await observer.isLiveOver('sse', withinMs)
    await note(`live over sse after ${atMs} ms`)
    expect(atMs).toBeLessThan(withinMs)
    await goesBack(site, observer, () => (proxy.rules = []), note)
  }

  test.for(faults)(
    '%s: a Node client goes on over SSE by itself, and back without loss',
    { timeout },
    (fault, { annotate }) => goesOnOverSse(async (origin) => new NodeObserver(origin), fault, annotate),
  )

  test.skipIf(browserMissing).for(faults)(
    `%s: Chromium goes on over SSE by itself, and back without loss (${browserMissing ?? 'browser found'})`,
    { timeout },
    (fault, { annotate }) => goesOnOverSse((origin) => Tab.open(chromium, origin), fault, annotate),
  )
})

describe.skipIf(nginxMissing).concurrent(`idle behind nginx (${nginxMissing ?? 'nginx found'})`, () => {
  test.for([
    ['WebSocket', websocket()],
    ['SSE', sse()],
  ] as const)('S5 the heartbeat keeps %s from its time-out', { timeout }, async ([, transport]) => {
    await using site = await Site.start({ heartbeat: { intervalMs: 1_000 } })
    const location = `${locations.recommended}\nproxy_read_timeout 3s;\nproxy_send_timeout 3s;`
    await using nginx = await Nginx.before(site.port, location)
    await using client = connect(`${nginx.origin}/holdfast`, { transports: [transport] })
    await client.subscribe('quiet').ready
    const states: string[] = []
    client.on('state', ({ to }) => states.push(to))
    await pause(10_000)
    expect([client.state, states]).toEqual(['live', []])
  })
})

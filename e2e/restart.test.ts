import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'
import { locations, Nginx, nginxMissing } from './nginx.ts'
import { NodeObserver, Tab, type Observer } from './observers.ts'
import { Site } from './site.ts'
import { topic } from './witness.ts'

const awayMs = 3_000
const timeout = 120_000
const nowhere = browserMissing ?? nginxMissing

let chromium: Chromium

beforeAll(async () => {
  if (!nowhere) chromium = await launchChromium()
})
afterAll(() => chromium?.[Symbol.asyncDispose]())

const crash = (site: Site): Promise<void> => site.crash()
const sayGoodbye = (site: Site): Promise<void> => site[Symbol.asyncDispose]()

/** Ten clients in this process, and a page. */
async function openAll(origin: string): Promise<Observer[]> {
  const clients = Array.from({ length: 10 }, () => new NodeObserver(origin))
  return [...clients, await Tab.open(chromium, origin)]
}

async function allLiveOverWebSocket(observers: readonly Observer[]): Promise<void> {
  await Promise.all(observers.map((observer) => observer.isLiveOver('websocket', 30_000)))
}

describe
  .skipIf(nowhere)
  .concurrent(`S19 a server is away for 3 s (${nowhere ?? 'browser and nginx found'})`, () => {
    test.for([
      ['crashed', crash, null],
      ['said goodbye', sayGoodbye, null],
      ['crashed, and nginx answers for it', crash, locations.recommended],
      ['said goodbye, and nginx answers for it', sayGoodbye, locations.recommended],
    ] as const)(
      'it %s: all clients come back over WebSocket, and none was ever moved off it',
      { timeout },
      async ([, leave, location], { annotate }) => {
        const before = await Site.start()
        const { port } = before
        await using nginx = location && (await Nginx.before(port, location))
        const observers = await openAll((nginx ?? before).origin)
        try {
          await allLiveOverWebSocket(observers)
          await leave(before)
          await pause(awayMs)
          await using after = await Site.start({}, port)
          const backAt = performance.now()
          await allLiveOverWebSocket(observers)
          await annotate(`all are back ${Math.round(performance.now() - backAt)} ms after the server`)
          await after.hub.publish(topic, 'back again')
          for (const observer of observers) {
            await observer.receives(1)
            const { changes } = await observer.read()
            expect(changes).toMatchObject([{ from: null, to: 'websocket', reason: 'first' }])
          }
          expect(after.hub.stats()).toMatchObject({ links: observers.length, orphans: 0 })
        } finally {
          await Promise.all(observers.map((observer) => observer[Symbol.asyncDispose]()))
        }
      },
    )
  })

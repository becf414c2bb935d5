import { expect, test } from 'vitest'
import { browserMissing, launchChromium } from './chromium.ts'
import { locations, Nginx, nginxMissing } from './nginx.ts'
import { Tab } from './observers.ts'
import { Site } from './site.ts'

const nowhere = browserMissing ?? nginxMissing

test.skipIf(nowhere)(
  `S33 seven tabs over HTTP/1.1 without WebSocket: each is live, publishes and hears the others (${nowhere ?? 'browser and nginx found'})`,
  async ({ annotate }) => {
    await using site = await Site.start()
    await using nginx = await Nginx.before(site.port, locations.withoutUpgrade)
    await using chromium = await launchChromium()
    const tabs: Tab[] = []
    for (let tab = 1; tab <= 7; tab++) tabs.push(await Tab.open(chromium, nginx.origin))

    const lived = await Promise.all(tabs.map((tab) => tab.isLive(15_000)))
    await annotate(`live after ${lived.join(', ')} ms`)
    for (const tab of tabs) await tab.publish()
    const publishedAt = performance.now()
    await Promise.all(tabs.map((tab) => tab.hasEverythingUpTo(7)))
    await annotate(
      `everybody has everything ${Math.round(performance.now() - publishedAt)} ms after the last publish`,
    )

    const transports = await Promise.all(tabs.map(async (tab) => (await tab.read()).transport))
    await annotate(transports.join(', '))
    expect(transports.filter((transport) => transport === 'sse').length).toBeLessThanOrEqual(4)
    expect(new Set(transports)).toEqual(new Set(['sse', 'long-poll']))
  },
)

import { createServer } from 'node:http'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { browserMissing, launchChromium } from './chromium.ts'

test.skipIf(browserMissing)(
  `Chromium opens a page of a local server (${browserMissing ?? 'browser found'})`,
  async () => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<title>Hello</title>')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    try {
      await using chromium = await launchChromium()
      const page = await chromium.context.newPage()
      await page.goto(`http://127.0.0.1:${address.port}/`)
      expect(await page.title()).toBe('Hello')
      expect(await page.evaluate(() => typeof WebSocket)).toBe('function')
    } finally {
      server.close()
    }
  },
)

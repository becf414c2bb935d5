import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { createHub } from 'holdfast/server'
import { expect, test } from 'vitest'
import { browserMissing, launchChromium } from './chromium.ts'

/** What each tab runs: a client over the transport that is named, which tells what it received. */
const program = `
  import { connect, longPoll, sse } from 'holdfast/client'
  const received = []
  globalThis.received = received
  globalThis.start = async (transport) => {
    const client = connect('/holdfast', { transports: [{ sse, longPoll }[transport]()], maxAttempts: 1 })
    globalThis.client = client
    const outcome = new Promise((resolve) => client.on('state', ({ to, reason }) => {
      if (to === 'live') resolve('live')
      if (to === 'closed') resolve(reason.code)
    }))
    const subscription = client.subscribe('room', {}, { message: ({ data }) => received.push(data), gap: () => {}, error: () => {} })
    const state = await outcome
    if (state === 'live') await subscription.ready
    return state
  }
`

/** What the program puts into the page. */
declare const start: (transport: 'sse' | 'longPoll') => Promise<string>
declare const client: { publish(topic: string, data: unknown): Promise<unknown> }
declare const received: unknown[]

async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['browser'],
  })
  const script = outputFiles[0]?.text ?? ''
  const hub = createHub()
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(`<script>${script}</script>`)
  })
  hub.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      await hub.close({ drainMs: 1 })
      server.closeAllConnections()
      server.close()
    },
  }
}

test.skipIf(browserMissing)(
  `S33 seven tabs over HTTP/1.1 to one host: all send and hear each other (${browserMissing ?? 'browser found'})`,
  async () => {
    const server = await startServer()
    try {
      await using chromium = await launchChromium()
      const pages = await Promise.all(Array.from({ length: 7 }, () => chromium.context.newPage()))
      const transports: string[] = []
      for (const page of pages) {
        await page.goto(server.url)
        const overSse = (await page.evaluate(() => start('sse'))) === 'live'
        if (!overSse) expect(await page.evaluate(() => start('longPoll'))).toBe('live')
        transports.push(overSse ? 'sse' : 'longPoll')
      }
      const [four, three] = [Array(4).fill('sse'), Array(3).fill('longPoll')]
      expect(transports).toEqual([...four, ...three])
      await Promise.all(
        pages.map((page, tab) =>
          page.evaluate(async (tab) => void (await client.publish('room', `grüße ${tab}`)), tab),
        ),
      )
      for (const page of pages) {
        await expect.poll(() => page.evaluate(() => received.length), { timeout: 15_000 }).toBe(7)
      }
      // Each of the tabs that poll may take the place of one that is gone.
      for (const page of pages.slice(0, 3)) await page.close()
      await pages[6]?.reload()
      // The browser lets go of a closed page's lock when it gets to it.
      await expect.poll(() => pages[6]?.evaluate(() => start('sse')), { timeout: 15_000 }).toBe('live')
    } finally {
      await server.close()
    }
  },
)

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createHub, type Hub } from 'holdfast/server'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

/** What the page's script writes down. */
interface Diary {
  readonly state: string
  readonly transport: string | null
  readonly states: readonly string[]
  readonly offsets: readonly number[]
  readonly gaps: number
}

const script = `
  import { connect } from 'holdfast/client'
  const diary = (window.diary = { states: [], offsets: [], gaps: 0 })
  const client = connect('/holdfast')
  client.on('state', ({ to }) => diary.states.push(to))
  client.subscribe('news', {}, { message: ({ offset }) => diary.offsets.push(offset), gap: () => diary.gaps++ })
  window.read = () => ({ ...diary, state: client.state, transport: client.transport })
`

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    format: 'esm',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

describe.skipIf(browserMissing)(`in Chromium (${browserMissing ?? 'browser found'})`, () => {
  let server: Server
  let hub: Hub
  let chromium: Chromium
  let address: string

  beforeAll(async () => {
    const page = `<!doctype html><title>News</title><script type="module">${await bundle()}</script>`
    server = createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(request.url === '/elsewhere' ? '<title>Elsewhere</title>' : page)
    })
    hub = createHub()
    hub.attach(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    chromium = await launchChromium({ without: ['--disable-back-forward-cache'] })
  })

  afterAll(async () => {
    await chromium[Symbol.asyncDispose]()
    await hub.close({ drainMs: 1 })
    server.closeAllConnections()
    server.close()
  })

  const read = (page: Page): Promise<Diary> =>
    page.evaluate(() => (globalThis as unknown as { read(): Diary }).read())

  async function livePage(): Promise<Page> {
    const page = await chromium.context.newPage()
    await page.goto(address)
    await expect.poll(async () => (await read(page)).state).toBe('live')
    return page
  }

  test('S30 a page that is left gives its link up, and is live again when it is shown from the back-forward cache', async () => {
    const page = await livePage()
    await hub.publish('news', 'before')
    await expect.poll(async () => (await read(page)).offsets.length).toBe(1)

    await page.goto(`${address}elsewhere`)
    await expect.poll(() => hub.stats().sessions).toEqual({ live: 0, resting: 1 })
    await hub.publish('news', 'meanwhile')
    await page.goBack({ waitUntil: 'commit' })

    await expect.poll(async () => (await read(page)).offsets).toEqual([1, 2])
    const { states, gaps } = await read(page)
    expect(gaps).toBe(0)
    expect(states).toEqual(['joining', 'live', 'waiting', 'connecting', 'joining', 'live'])
    expect(hub.stats().links).toBe(1)
    await page.close()
  })

  test('S29 a frozen page that is resumed keeps its link, and has every message', async () => {
    const page = await livePage()
    const devtools = await chromium.context.newCDPSession(page)
    const { offsets: before } = await read(page)
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    const { offset } = await hub.publish('news', 'while frozen')
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
    await expect.poll(async () => (await read(page)).offsets).toEqual([...before, offset])
    expect((await read(page)).states).toEqual(['joining', 'live'])
    await page.close()
  })

  test('S30 a page that goes offline and comes back is live with every message, over one link', async () => {
    const page = await livePage()
    const { offsets: before } = await read(page)
    await chromium.context.setOffline(true)
    const { offset } = await hub.publish('news', 'while offline')
    await chromium.context.setOffline(false)
    await expect.poll(async () => (await read(page)).offsets).toEqual([...before, offset])
    await expect.poll(async () => (await read(page)).state).toBe('live')
    expect(hub.stats().links).toBe(1)
    await page.close()
  })
})

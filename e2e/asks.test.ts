import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createHub, type Hub } from 'holdfast/server'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'
import { eventually } from './eventually.ts'

/** Shows the asks of the user named in the address, over the transport named there, as a list. */
const script = `
  import { connect, longPoll, sse, websocket } from 'holdfast/client'
  const chosen = new URLSearchParams(location.search)
  const ways = { websocket, sse, 'long-poll': longPoll }
  const client = connect('/holdfast', { token: chosen.get('user'), transports: [ways[chosen.get('over')]()] })
  client.on('asks', (asks) => {
    document.querySelector('ul').replaceChildren(...asks.map((ask) => {
      const item = document.createElement('li')
      item.textContent = [ask.payload, ask.status, ask.answeredBy?.session ?? ''].join(' ')
      return item
    }))
  })
  window.answer = (payload, value) => {
    const ask = client.asks.find((ask) => ask.payload === payload)
    ask.answer(value).catch(() => {})
  }
  window.session = () => client.session
  window.state = () => client.state
`

const transports = ['websocket', 'sse', 'long-poll'] as const

/** What a page says of one ask: its status, and who answered it. */
interface Shown {
  readonly status: string
  readonly by: string
}

/** A device: a page in a browser of its own. */
class Device {
  readonly page: Page
  readonly #origin: string

  constructor(page: Page, origin: string) {
    this.page = page
    this.#origin = origin
  }

  async open(over: string): Promise<void> {
    await this.page.goto(`${this.#origin}/?user=ana&over=${over}`)
  }

  async leave(): Promise<void> {
    await this.page.goto('about:blank')
  }

  async shows(payload: string): Promise<Shown | undefined> {
    const items = await this.page.locator('li').allTextContents()
    const [, status = '', by = ''] =
      items.map((item) => item.split(' ')).find(([name]) => name === payload) ?? []
    return status === '' ? undefined : { status, by }
  }

  async isShown(payload: string, status: string): Promise<void> {
    await eventually(
      `${payload} is ${status}`,
      15_000,
      async () => (await this.shows(payload))?.status,
      status,
    )
  }

  answer(payload: string, value: string): Promise<void> {
    return this.page.evaluate(`answer(${JSON.stringify(payload)}, ${JSON.stringify(value)})`)
  }

  session(): Promise<string> {
    return this.page.evaluate('session()')
  }

  state(): Promise<string> {
    return this.page.evaluate('state()')
  }
}

describe.skipIf(browserMissing)(`in Chromium (${browserMissing ?? 'browser found'})`, () => {
  const sockets = new Set<Socket>()
  let server: Server
  let hub: Hub
  let browsers: Chromium[]
  let devices: readonly [Device, Device]

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      format: 'esm',
      write: false,
    })
    const page = `<!doctype html><title>Asks</title><ul></ul><script type="module">${outputFiles[0]?.text}</script>`
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(page)
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    hub = createHub({
      authenticate: ({ token }) => ({ user: token }),
      // A page that polled and went away is missed only after a silence.
      heartbeat: { intervalMs: 5_000, timeoutMs: 5_000 },
    })
    hub.attach(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browsers = await Promise.all([launchChromium(), launchChromium()])
    const pages = await Promise.all(browsers.map(({ context }) => context.newPage()))
    const [one, other] = pages.map((opened) => new Device(opened, origin))
    if (!one || !other) throw new Error('two devices are needed')
    devices = [one, other]
  })

  afterAll(async () => {
    await Promise.all(browsers.map((browser) => browser[Symbol.asyncDispose]()))
    server.close()
    await hub.close({ drainMs: 0 })
    server.closeAllConnections()
  })

  /** Both answer at once; returns which of them won. */
  async function answerAtOnce(payload: string, asked: Promise<{ readonly value: string }>): Promise<number> {
    await Promise.all(devices.map((device) => device.isShown(payload, 'pending')))
    await Promise.all(devices.map((device, index) => device.answer(payload, `device ${index}`)))
    const winner = Number((await asked).value.at(-1))
    const [won, lost] = winner === 0 ? devices : devices.toReversed()
    await won?.isShown(payload, 'accepted')
    await lost?.isShown(payload, 'answered_elsewhere')
    expect((await lost?.shows(payload))?.by).toBe(await won?.session())
    return winner
  }

  test('S42 two devices answer at once, 100 times over mixed transports, with reloads in between: always one wins', async () => {
    const wins = [0, 0]
    for (let round = 0; round < 100; round++) {
      const payload = `round-${round}`
      const asked = hub.ask<string>({ user: 'ana' }, 'approve', payload)
      if (round % 6 === 0) {
        const [one, other] = devices
        await one.open(transports[(round / 6) % 3] ?? 'websocket')
        await other.open(transports[Math.floor(round / 18) % 3] ?? 'websocket')
      }
      const winner = await answerAtOnce(payload, asked)
      wins[winner] = (wins[winner] ?? 0) + 1
    }
    expect(wins).toEqual([expect.any(Number), 100 - (wins[0] ?? 0)])
    expect(hub.stats().asks).toMatchObject({ pending: 0, waiting: 0 })
  })

  test('S43 the server asks while nobody is there: it is shown when a device comes', async () => {
    await Promise.all(devices.map((device) => device.leave()))
    await eventually('nobody is there', 60_000, () => hub.stats().sessions.live, 0)
    const asked = hub.ask<string>({ user: 'ana' }, 'approve', 'alone')
    const [device] = devices
    await device.open('websocket')
    await device.isShown('alone', 'pending')
    await device.answer('alone', 'yes')
    expect((await asked).value).toBe('yes')
  })

  test('an answer given offline is delivered after the reconnect, and its sender sees accepted or answered elsewhere', async () => {
    const [away, there] = devices
    await away.open('websocket')
    await there.open('sse')
    const mine = hub.ask<string>({ user: 'ana' }, 'approve', 'mine')
    const theirs = hub.ask<string>({ user: 'ana' }, 'approve', 'theirs')
    for (const payload of ['mine', 'theirs']) {
      await Promise.all([away.isShown(payload, 'pending'), there.isShown(payload, 'pending')])
    }
    await away.page.context().setOffline(true)
    // Chromium opens nothing then, but lets an open WebSocket be.
    for (const socket of sockets) socket.destroy()
    await eventually('offline', 15_000, () => away.state(), 'waiting')
    await away.answer('mine', 'from away')
    await away.answer('theirs', 'from away')
    await there.answer('theirs', 'from there')
    expect((await theirs).value).toBe('from there')
    await away.isShown('mine', 'sending')
    await away.isShown('theirs', 'sending')
    await away.page.context().setOffline(false)
    expect((await mine).value).toBe('from away')
    await away.isShown('mine', 'accepted')
    await away.isShown('theirs', 'answered_elsewhere')
    await there.isShown('mine', 'answered_elsewhere')
  })
})

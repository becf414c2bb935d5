import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createHub, type Hub, type HubOptions } from 'holdfast/server'
import { topic } from './witness.ts'

let page: Promise<string> | undefined

/** The page whose client bears witness. */
async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('witness-page.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
  })
  return `<!doctype html><title>Witness</title><script type="module">${outputFiles[0]?.text}</script>`
}

/** A web server with a hub, and a page that connects to it with the default transports. */
export class Site implements AsyncDisposable {
  readonly hub: Hub
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #published = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(page: string, options: HubOptions) {
    this.#server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(page)
    })
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.hub = createHub(options)
    this.hub.attach(this.#server)
  }

  static async start(options: HubOptions = {}, port = 0): Promise<Site> {
    page ??= bundlePage()
    const site = new Site(await page, options)
    site.#server.listen(port, '127.0.0.1')
    await once(site.#server, 'listening')
    return site
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How many messages the hub itself has published. */
  get published(): number {
    return this.#published
  }

  /** Publishes a message again and again. */
  publishEvery(intervalMs: number): void {
    this.#timer = setInterval(() => {
      this.#published++
      void this.hub.publish(topic, { number: this.#published })
    }, intervalMs)
  }

  stopPublishing(): void {
    clearInterval(this.#timer)
  }

  /** Drops every connection and is gone, without a word to anybody. */
  async crash(): Promise<void> {
    this.stopPublishing()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await this.#close(1)
  }

  /** Says goodbye to everybody first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stopPublishing()
    await this.#close(500)
  }

  async #close(drainMs: number): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    await this.hub.close({ drainMs })
    this.#server.closeAllConnections()
    await closed
  }
}

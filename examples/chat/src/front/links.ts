import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { Link } from './link.ts'

/** A page that never comes back must not be remembered for ever. */
const maxUnpluggedPages = 1_000

/** The WebSockets that pass through here, by the page they belong to: it says `?tab=…` in the address. */
export class Links {
  readonly #byTab = new Map<string, Set<Link>>()
  readonly #unplugged = new Set<string>()

  /** @param port where the server listens, null while it is not there */
  open(request: IncomingMessage, page: Duplex, head: Buffer, port: number | null): void {
    // Without a listener an error of its socket would end the front.
    page.on('error', () => {})
    const tab = new URL(request.url ?? '/', 'http://localhost').searchParams.get('tab') ?? ''
    if (port === null || this.#unplugged.has(tab)) {
      page.destroy()
      return
    }
    const hub = connect({ port, host: '127.0.0.1', noDelay: true })
    hub.write(headOf(request))
    hub.write(head)
    const links = this.#byTab.get(tab) ?? new Set()
    const link = new Link(page, hub, () => {
      links.delete(link)
      if (links.size === 0 && this.#byTab.get(tab) === links) this.#byTab.delete(tab)
    })
    links.add(link)
    this.#byTab.set(tab, links)
  }

  cut(tab: string): void {
    for (const link of this.#byTab.get(tab) ?? []) link.cut()
  }

  goHalfOpen(tab: string): void {
    for (const link of this.#byTab.get(tab) ?? []) link.goHalfOpen()
  }

  /** Cuts the page's links, and refuses new ones until it is plugged in again. */
  unplug(tab: string): void {
    const [oldest] = this.#unplugged
    if (oldest !== undefined && this.#unplugged.size >= maxUnpluggedPages) this.#unplugged.delete(oldest)
    this.#unplugged.add(tab)
    this.cut(tab)
  }

  plugIn(tab: string): void {
    this.#unplugged.delete(tab)
  }

  destroyAll(): void {
    for (const links of this.#byTab.values()) for (const link of links) link.cut()
  }
}

/** The request as it came, for the server to read. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/1.1`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index] ?? ''}: ${rawHeaders[index + 1] ?? ''}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

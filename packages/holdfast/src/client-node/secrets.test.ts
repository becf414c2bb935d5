import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { startHub } from '../testing/real-hub.ts'
import { connect, longPoll, sse, websocket } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

describe.each([
  { name: 'websocket', make: websocket, paths: [''] },
  { name: 'sse', make: sse, paths: ['/sse', '/send'] },
  { name: 'longPoll', make: longPoll, paths: ['/poll', '/send'] },
])('a client over $name', ({ make, paths }) => {
  it('[R8] tells its token, session and producer in frames and headers only: no URL has more than a path', async () => {
    const real = owner.own(await startHub({ authenticate: ({ token }) => ({ user: token }) }))
    const urls = watchUrls(real.server)
    const line = cuttableLine(real.server)
    const client = owner.own(connect(real.url, { token: () => 'ada', transports: [make()] }))
    await inState(client, 'live')
    const { session } = client
    line.cut()
    await inState(client, 'waiting')
    line.mend()
    client.reconnectNow()
    await inState(client, 'live')
    expect([client.session, client.subject?.user]).toEqual([session, 'ada'])
    await client.publish('room', 1)
    expect(urls).toEqual(new Set(paths.map((path) => `/holdfast${path}`)))
  })
})

/** The URLs of all requests; the hub lets no listener see those that are its own. */
function watchUrls(server: Server): ReadonlySet<string | undefined> {
  const urls = new Set<string | undefined>()
  const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean
  server.emit = (event: string, ...values: unknown[]): boolean => {
    if (event === 'request' || event === 'upgrade') urls.add((values[0] as IncomingMessage).url)
    return emit(event, ...values)
  }
  return urls
}

/** Resets every connection, those too that are made while it is cut. */
function cuttableLine(server: Server): { cut(): void; mend(): void } {
  const sockets = new Set<Socket>()
  let isCut = false
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    if (isCut) socket.resetAndDestroy()
  })
  return {
    cut() {
      isCut = true
      for (const socket of sockets) socket.resetAndDestroy()
    },
    mend: () => void (isCut = false),
  }
}

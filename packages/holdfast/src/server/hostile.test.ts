import { afterEach, expect, it, vi } from 'vitest'
import { connect, rejection, type Client, type ConnectOptions } from '../client-node/index.ts'
import { websocket } from '../client-node/index.ts'
import type { OperationStatus, Transport, TransportLink } from '../client-node/index.ts'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { startHub, type RealHub } from '../testing/real-hub.ts'
import { until } from '../testing/until.ts'
import { createHub, type HubOptions } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

type DroppableLink = Pick<TransportLink, 'abandon' | 'close'>

const silent = { warn: () => {}, error: () => {} }

async function start(options: HubOptions = {}): Promise<RealHub> {
  return owner.own(await startHub({ logger: silent, ...options }))
}

async function liveClient(url: string, options: ConnectOptions = {}): Promise<Client> {
  const client = owner.own(connect(url, options))
  await inState(client, 'live')
  return client
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: { code?: unknown }) => error.code,
  )

it('what a handler throws may throw when it is looked at: its caller learns it failed, the hub goes on', async () => {
  const thrown: Record<string, () => unknown> = {
    codeGetter: () => Object.defineProperty(new Error('x'), 'code', { get: () => expect.fail('looked at') }),
    dataGetter: () =>
      rejection('r', 'm', {
        get at(): number {
          throw new Error('looked at')
        },
      }),
    noMessage: () => Object.assign(new Error('x'), { code: 'rejected', message: undefined }),
    proxy: () =>
      new Proxy(new Error('x'), {
        has: () => {
          throw new Error('looked at')
        },
      }),
  }
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const throwingLogger = {
    warn: () => {},
    error: () => {
      throw new Error('the logger')
    },
  }
  const { hub, url } = await start({ logger: throwingLogger })
  hub.onRequest('throw', (name: string) => {
    throw thrown[name]?.()
  })
  const client = await liveClient(url)
  const codes = await Promise.all(Object.keys(thrown).map((name) => codeOf(client.request('throw', name))))
  expect(codes).toEqual(['handler_failed', 'handler_failed', 'rejected', 'handler_failed'])
  expect(told).toHaveBeenCalledTimes(3)
  told.mockRestore()
  expect(client.stats().reconnects).toBe(0)
})

it('an error listener that throws is called once for each error', async () => {
  const { hub, url } = await start()
  const client = await liveClient(url)
  let calls = 0
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  client.on('error', () => {
    calls++
    throw new Error('the listener')
  })
  client.subscribe(
    't',
    {},
    {
      message: () => {
        throw new Error('the handler')
      },
      gap: () => {},
    },
  )
  await client.publish('t', 1)
  expect(told).toHaveBeenCalledOnce()
  told.mockRestore()
  expect(calls).toBe(1)
  expect(hub.stats().sessions.live).toBe(1)
})

it('what authenticate says counts for each link and each token, in a session that goes on too', async () => {
  let role = 'admin'
  const { hub, url } = await start({
    authenticate: () => ({ user: 'ada', context: { role } }),
    authorize: ({ session }) => (session.context as { role: string }).role === 'admin',
  })
  const links: DroppableLink[] = []
  const client = await liveClient(url, { transports: [recording(links)] })
  const session = client.session
  await client.publish('t', 1)
  role = 'guest'
  await cut(client, links)
  expect(client.session).toBe(session)
  expect(await codeOf(client.publish('t', 2))).toBe('forbidden')
  expect(hub.sessions()[0]?.context).toEqual({ role: 'guest' })
})

it('an operation that a callback of a lost one asks for is sent once and settles', async () => {
  let user = 'ada'
  const { hub, url } = await start({ authenticate: () => ({ user }) })
  const seen: unknown[] = []
  const reader = await liveClient(url)
  await reader.subscribe('t', {}, { message: ({ data }) => seen.push(data), gap: () => {} }).ready
  const links: DroppableLink[] = []
  const client = await liveClient(url, { transports: [recording(links)] })
  user = 'bob'
  hub.onRequest('hang', () => new Promise(() => {}))
  const again: Promise<unknown>[] = []
  const onStatus = (status: OperationStatus): void => {
    if (status === 'failed') again.push(codeOf(client.publish('t', 'again', { idempotent: true })))
  }
  const open = codeOf(client.request('hang', null, { onStatus }))
  await until(() => hub.stats().operations.running === 1, 'the request runs')
  await cut(client, links)
  expect(await open).toBe('identity_changed')
  expect(await Promise.all(again)).toEqual(['done'])
  await reader.publish('t', 'last')
  expect(seen).toEqual(['again', 'last'])
})

it('a message that arrives in many small reads is taken', async () => {
  const { url, server } = await start()
  server.on('connection', (socket) => socket.setNoDelay())
  const { connect: dial } = await import('node:net')
  const { createServer } = await import('node:net')
  const target = new URL(url)
  const proxy = createServer((inward) => {
    const outward = dial(Number(target.port), target.hostname)
    inward.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 100) outward.write(chunk.subarray(at, at + 100))
    })
    outward.on('data', (chunk) => inward.write(chunk))
    for (const socket of [inward, outward]) {
      socket.on('error', () => {})
      socket.on('close', () => [inward, outward].forEach((each) => each.destroy()))
      socket.setNoDelay()
    }
  }).listen(0, '127.0.0.1')
  owner.own({ close: () => new Promise<void>((resolve) => proxy.close(() => resolve())) })
  await until(() => proxy.listening, 'the proxy listens')
  const client = await liveClient(`http://127.0.0.1:${(proxy.address() as { port: number }).port}/holdfast`)
  await client.publish('t', 'x'.repeat(200_000))
  expect(client.stats().reconnects).toBe(0)
  await client.close()
})

it('operations that run have a budget, hub-wide and per session: beyond it the caller is told at once', async () => {
  const { hub, url } = await start({ limits: { maxRunningLength: 1_048_576 } })
  const release: (() => void)[] = []
  hub.onRequest('hold', () => new Promise<void>((resolve) => release.push(resolve)))
  const client = await liveClient(url)
  const asked = Array.from({ length: 4 }, () => codeOf(client.request('hold', 'x'.repeat(100_000))))
  await until(() => release.length === 2, 'two run')
  expect(await Promise.all(asked.slice(2))).toEqual(['overloaded', 'overloaded'])
  for (const resolve of release) resolve()
  expect(await Promise.all(asked.slice(0, 2))).toEqual(['done', 'done'])
  const later = codeOf(client.request('hold', 'x'.repeat(100_000)))
  await until(() => release.length === 3, 'there is room again')
  release[2]?.()
  expect(await later).toBe('done')
})

it('results that resting sessions keep have a budget: the one that has rested longest ends', async () => {
  const { hub, url } = await start({ limits: { maxRestingResultLength: 150_000 } })
  const release: (() => void)[] = []
  hub.onRequest('big', async () => {
    await new Promise<void>((resolve) => release.push(resolve))
    return 'x'.repeat(100_000)
  })
  for (let index = 0; index < 3; index++) {
    const links: DroppableLink[] = []
    const client = await liveClient(url, { transports: [recording(links)], connectTimeoutMs: 60_000 })
    void codeOf(client.request('big', null))
    await until(() => release.length === index + 1, 'it runs')
    links[0]?.abandon()
  }
  await until(() => hub.stats().sessions.resting === 3, 'all rest')
  for (const resolve of release) resolve()
  await until(() => hub.stats().sessions.resting === 1, 'one is left')
  expect(hub.stats().orphans).toBe(0)
})

it('hub.close() asked for again from what it calls ends as well', async () => {
  const { hub, url } = await start()
  const inner: Promise<void>[] = []
  hub.on('session', ({ type }) => {
    if (type === 'ended') inner.push(hub.close())
  })
  await liveClient(url)
  await hub.close({ drainMs: 1 })
  await Promise.all(inner)
  expect(inner.length).toBeGreaterThan(0)
})

it('credentials that have expired are refused, not asked for again and again', async () => {
  let asked = 0
  const { url } = await start({
    authenticate: () => {
      asked++
      return { user: 'ada', expiresAt: Date.now() - 1_000 }
    },
  })
  const client = owner.own(connect(url, { token: 'old' }))
  await inState(client, 'closed')
  expect(asked).toBe(1)
})

it('misspelt options and a user that is no string are refused', async () => {
  expect(() => createHub({ authorise: () => false } as HubOptions)).toThrow('authorise is not an option')
  const { hub } = await start()
  expect(await codeOf(hub.publish('t', 1, { user: 42 as unknown as string }))).toBe('data_invalid')
})

it('a subscription that ends without an error handler is told through the client', async () => {
  const { url } = await start({ authorize: () => false })
  const client = await liveClient(url)
  const told: string[] = []
  client.on('error', ({ code }) => told.push(code))
  const subscription = client.subscribe('t', {}, { message: () => {}, gap: () => {} })
  expect(await codeOf(subscription.ready)).toBe('forbidden')
  expect(told).toEqual(['forbidden'])
})

it('handlers in the wrong place or missing are refused, for they would lose messages in silence', async () => {
  const { url } = await start()
  const client = await liveClient(url)
  const handlers = { message: () => {}, gap: () => {} }
  expect(() => client.subscribe('t', handlers as object)).toThrow('third argument')
  expect(() => client.subscribe('t', {}, { message: () => {} } as unknown as typeof handlers)).toThrow('gap')
})

/** WebSocket whose links the test can drop under the client, on the client's side only. */
function recording(links: DroppableLink[]): Transport {
  const transport = websocket()
  return {
    name: transport.name,
    open(url, events, env) {
      const link = transport.open(url, events, env)
      links.push(link)
      return link
    },
  }
}

/** Drops the link and waits for the next one. */
async function cut(client: Client, links: DroppableLink[]): Promise<void> {
  const { reconnects } = client.stats()
  links.at(-1)?.close()
  await until(() => client.state !== 'live', 'the client noticed')
  client.reconnectNow()
  await until(() => client.stats().reconnects > reconnects && client.state === 'live', 'it is live again')
}

it('S10 whatever belonged to a session is gone when it ends, by close, kick and expiry', async () => {
  const { hub, url } = await start({ timeouts: { sessionTtlMs: 50 } })
  hub.onRequest(
    'hold',
    (_payload, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
  )
  const before = hub.stats()
  const links: DroppableLink[] = []
  const [closed, kicked, expired] = await Promise.all([
    liveClient(url),
    liveClient(url),
    liveClient(url, { transports: [recording(links)] }),
  ])
  for (const client of [closed, kicked, expired]) {
    client.subscribe('t', {}, { message: () => {}, gap: () => {} })
    void codeOf(client.request('hold', null))
    void codeOf(hub.request({ session: client.session ?? '' }, 'nothing', null))
  }
  await until(() => hub.stats().operations.running === 3 && hub.stats().subscriptions === 3, 'all is open')
  await closed.close()
  hub.disconnect(kicked.session ?? '')
  links[0]?.abandon()
  await until(() => hub.stats().sessions.resting + hub.stats().sessions.live === 0, 'all have ended')
  await until(() => hub.stats().links === 0, 'no link is left')
  expect(hub.stats()).toEqual(before)
})

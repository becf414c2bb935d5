import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeClient } from '../client/connect.ts'
import type { ClientEnv } from '../client/env.ts'
import { inState } from '../testing/client-state.ts'
import { countTimers, type CountedTimers } from '../testing/counted-timers.ts'
import { Owner } from '../testing/owner.ts'
import { hubUrl, startHub, type RealHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import type { HubOptions } from '../server/index.ts'
import { nodeEnv } from './env.ts'
import { connect, websocket, type Client, type ClientStateName, type ConnectOptions } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

let timers: CountedTimers<ClientEnv>
beforeEach(() => {
  timers = countTimers(nodeEnv)
})

function makeCountedClient(url: string, options: ConnectOptions = {}): Client {
  return makeClient(url, [websocket()], options, timers.env)
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Question {
  readonly promise: Promise<unknown>
}

/** Something of everything that a client can have open. */
function openEverything(client: Client): Question[] {
  const subscription = client.subscribe('room', {}, { message: () => {}, gap: () => {} })
  const iterated = client.subscribe('other')[Symbol.asyncIterator]()
  client.onRequest('locate', () => 'here')
  const promises = [
    client.publish('refused', 1),
    client.request('hang', null),
    client.request('hang', null, { timeoutMs: 60_000 }),
    subscription.ready,
    iterated.next(),
  ]
  return promises.map((promise) => ({ promise: Promise.resolve(promise).catch((error: unknown) => error) }))
}

async function expectClosed(client: Client, open: readonly Question[]): Promise<unknown[]> {
  const states: ClientStateName[] = []
  client.on('state', ({ to }) => states.push(to))
  await Promise.all([client.close(), client.close()])
  expect(client.state).toBe('closed')
  expect(states.at(-1)).toBe('closed')
  expect(timers.pending).toBe(0)
  expect(client.stats()).toMatchObject({ pending: 0, topics: 0, deadlines: 0, listeners: 0 })
  const settled = await Promise.all(open.map(({ promise }) => promise))
  client.reconnectNow()
  await client.close()
  await client.flush()
  expect(client.state).toBe('closed')
  expect(timers.pending).toBe(0)
  await expect(client.publish('room', 1)).rejects.toMatchObject({ code: 'closed', outcome: 'not_sent' })
  expect(() => client.subscribe('room', {}, { message: () => {}, gap: () => {} })).toThrow(
    expect.objectContaining({ code: 'closed' }),
  )
  return settled
}

const notSent = expect.objectContaining({ code: 'closed', outcome: 'not_sent' })
const unknown = expect.objectContaining({ code: 'closed', outcome: 'unknown' })
const ended = expect.objectContaining({ code: 'closed' })

/** A hub that never answers a publish, and on which nothing is left once the client is closed. */
async function startSilentHub(options: HubOptions = {}): Promise<RealHub> {
  const real = owner.own(
    await startHub({
      authorize: ({ action }) => action === 'subscribe' || new Promise(() => {}),
      ...options,
    }),
  )
  real.hub.onRequest('hang', () => new Promise(() => {}))
  return real
}

async function expectNobodyThere({ hub }: RealHub): Promise<void> {
  await until(() => hub.stats().links === 0, 'the hub has no link')
  expect(hub.stats()).toMatchObject({ sessions: { live: 0, resting: 0 }, subscriptions: 0, orphans: 0 })
  expect(hub.stats().operations).toEqual({ running: 0, requested: 0 })
}

describe('S15 close() leaves nothing, ends every promise and is final', () => {
  it('at once after connect', async () => {
    const real = await startSilentHub()
    const client = makeCountedClient(real.url)
    const open = openEverything(client)
    expect(await expectClosed(client, open)).toEqual([notSent, notSent, notSent, ended, ended])
    await expectNobodyThere(real)
  })

  it('while the token is awaited, and whatever comes of it later', async () => {
    const real = await startSilentHub()
    let answer = (_token: string): void => {}
    const token = (): Promise<string> => new Promise((resolve) => (answer = resolve))
    const client = makeCountedClient(real.url, { token })
    await expectClosed(client, [])
    answer('late')
    await expectNobodyThere(real)
    expect(client.stats().attempts).toBe(0)
  })

  it('while the socket opens, to a server that never answers', async () => {
    const sockets: Socket[] = []
    const mute = createServer((socket) => sockets.push(socket.on('error', () => {}).resume()))
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const client = makeCountedClient(hubUrl((mute.address() as AddressInfo).port))
    await until(() => sockets.length === 1, 'the socket opens')
    expect(client.state).toBe('connecting')
    const open = openEverything(client)
    expect(await expectClosed(client, open)).toEqual([notSent, notSent, notSent, ended, ended])
    await until(() => sockets[0]?.destroyed === true, 'its socket is gone')
    mute.close()
  })

  it('while the hub’s welcome is awaited', async () => {
    const real = await startSilentHub({ authenticate: () => new Promise(() => {}) })
    const client = makeCountedClient(real.url)
    await inState(client, 'joining')
    const open = openEverything(client)
    expect(await expectClosed(client, open)).toEqual([notSent, notSent, notSent, ended, ended])
    await expectNobodyThere(real)
  })

  it('while live, with everything under way', async () => {
    const real = await startSilentHub()
    const client = makeCountedClient(real.url)
    await inState(client, 'live')
    const open = openEverything(client)
    await until(() => real.hub.stats().operations.running === 3, 'all is under way')
    const question = real.hub
      .request({ session: client.session ?? '' }, 'unheard', 1)
      .catch((error: unknown) => error)
    expect(await expectClosed(client, open)).toEqual([unknown, unknown, unknown, expect.anything(), ended])
    expect(await question).toMatchObject({
      code: expect.stringMatching(/session_ended|method_unknown/) as string,
    })
    await expectNobodyThere(real)
  })

  it('while waiting for the next attempt', async () => {
    const client = makeCountedClient(hubUrl(await deadPort()))
    await inState(client, 'waiting')
    const open = openEverything(client)
    expect(await expectClosed(client, open)).toEqual([notSent, notSent, notSent, ended, ended])
  })

  it('in a listener of any state on the way', async () => {
    const real = await startSilentHub()
    for (const name of ['joining', 'live'] as const) {
      const client = makeCountedClient(real.url)
      const closed = new Promise<void>((resolve) => {
        client.on('state', ({ to }) => {
          if (to === name) void client.close().then(resolve)
        })
      })
      await closed
      expect(timers.pending).toBe(0)
      await expectNobodyThere(real)
    }
  })

  it('when the hub has gone silent: within its own bound', async () => {
    const real = await startSilentHub()
    const proxy = owner.own(await FaultProxy.before(real.port))
    const client = makeCountedClient(hubUrl(proxy.port))
    await inState(client, 'live')
    proxy.freeze()
    await expectClosed(client, [])
    expect(real.hub.stats().sessions.live).toBe(1)
  })

  it('S17 after a refusal that is final, everything is closed already', async () => {
    const real = owner.own(await startHub({ authenticate: () => null }))
    const client = makeCountedClient(real.url, { token: 'wrong' })
    const open = openEverything(client)
    await inState(client, 'closed')
    const settled = await Promise.all(open.map(({ promise }) => promise))
    const refused = expect.objectContaining({ code: 'unauthenticated' })
    expect(settled).toEqual([refused, refused, refused, refused, refused])
    expect(timers.pending).toBe(0)
    expect(client.stats().attempts).toBe(1)
    await expectNobodyThere(real)
  })
})

describe('close() and the session', () => {
  it('[R48] ends it at the hub at once instead of letting it rest', async () => {
    const real = await startSilentHub()
    const client = connect(real.url)
    await inState(client, 'live')
    await client.close()
    await expectNobodyThere(real)
  })
})

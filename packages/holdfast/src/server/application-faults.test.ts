import { afterEach, describe, expect, it } from 'vitest'
import {
  connect,
  rejection,
  type Client,
  type ConnectOptions,
  type HoldfastError,
} from '../client-node/index.ts'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { hubUrl, startHub, type RealHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import type { HubOptions, Logger } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

/** Takes note of what the hub logs, so that nothing goes to the console. */
function noting(): { readonly logger: Logger; readonly noted: string[] } {
  const noted: string[] = []
  const note = (_details: object, message: string): void => void noted.push(message)
  return { logger: { warn: note, error: note }, noted }
}

async function start(options: HubOptions = {}): Promise<RealHub & { readonly noted: string[] }> {
  const { logger, noted } = noting()
  const real = owner.own(await startHub({ logger, ...options }))
  return { ...real, noted }
}

function makeClient(url: string, options: ConnectOptions = {}): Client {
  return owner.own(connect(url, options))
}

async function liveClient(url: string, options: ConnectOptions = {}): Promise<Client> {
  const client = makeClient(url, options)
  await inState(client, 'live')
  return client
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )

describe('S13 on the hub, the application’s', () => {
  it('request handlers throw, at once or later: that caller learns it failed, nothing internal; the others go on', async () => {
    const { hub, url, noted } = await start()
    hub.onRequest('throws', () => {
      throw new Error('secret detail')
    })
    hub.onRequest('rejects', () => Promise.reject(new Error('secret detail')))
    hub.onRequest('unsound', () => Promise.resolve(new Map()))
    hub.onRequest('refuses', () => {
      throw rejection('name_taken', 'Taken.', { by: 'bob' })
    })
    hub.onRequest('works', (payload) => payload)
    const client = await liveClient(url)
    const other = await liveClient(url)
    const requests = ['throws', 'rejects', 'unsound'].map((method) => failure(client.request(method, null)))
    const working = other.request('works', 'fine')
    for (const error of await Promise.all(requests)) {
      expect(error).toMatchObject({ code: 'handler_failed', outcome: 'replied' })
      expect((error as Error).message).not.toContain('secret')
    }
    expect(await failure(client.request('refuses', null))).toMatchObject({
      code: 'rejected',
      reason: 'name_taken',
      message: 'Taken.',
      data: { by: 'bob' },
    })
    expect(await failure(client.request('nobody', null))).toMatchObject({ code: 'method_unknown' })
    expect(await working).toBe('fine')
    expect(noted).toEqual(Array.from({ length: 3 }, () => 'a request handler failed'))
  })

  it('session listeners throw: all sessions, and the other listeners, go on', async () => {
    const { hub, url, noted } = await start()
    const types: string[] = []
    hub.on('session', () => {
      throw new Error('listener')
    })
    hub.on('session', ({ type }) => types.push(type))
    const client = await liveClient(url)
    expect(await client.publish('room', 1)).toMatchObject({ offset: 1 })
    await client.close()
    await until(() => types.length === 2, 'the session has ended')
    expect(types).toEqual(['opened', 'ended'])
    expect(noted.length).toBe(2)
  })

  it('authenticate throws or answers nonsense: a failure that passes, and the client comes back', async () => {
    const answers: (() => unknown)[] = [
      () => {
        throw new Error('database')
      },
      () => Promise.reject(new Error('database')),
      () => ({ user: 42 }),
      () => ({ user: '' }),
      () => undefined,
      () => ({ user: 'ada', expiresAt: NaN }),
    ]
    const expected = answers.map(() => 'authenticate_failed')
    const authenticate = () => (answers.shift() ?? (() => ({ user: 'ada' })))()
    const { url, noted, hub } = await start({
      authenticate: authenticate as NonNullable<HubOptions['authenticate']>,
    })
    const client = makeClient(url)
    const codes: (string | undefined)[] = []
    client.on('state', ({ to, reason }) => {
      if (to !== 'waiting') return
      codes.push(reason?.code)
      client.reconnectNow()
    })
    await inState(client, 'live')
    expect(client.subject).toEqual({ user: 'ada', tenant: null })
    expect(codes).toEqual(expected)
    expect(noted.length).toBe(expected.length)
    expect(hub.stats().orphans).toBe(0)
  })

  it('authorize throws: that publish and that subscription fail for now; other topics go on', async () => {
    let broken = true
    const { url, noted } = await start({
      authorize: ({ topic }) => {
        if (broken && topic === 'broken') throw new Error('database')
        return true
      },
    })
    const client = await liveClient(url)
    expect(await failure(client.publish('broken', 1))).toMatchObject({
      code: 'authorize_failed',
      retry: true,
    })
    const subscription = client.subscribe('broken', {}, { message: () => {}, gap: () => {} })
    expect(await client.publish('sound', 1)).toMatchObject({ offset: 1 })
    await until(() => noted.length === 2, 'both were refused')
    broken = false
    expect(await subscription.ready).toMatchObject({ offset: 0 })
  })
})

describe('S13 on the client, the application’s', () => {
  it('message and gap handlers throw: it is reported, and they and all others get everything that follows', async () => {
    const { hub, url } = await start()
    const client = await liveClient(url)
    const reported: HoldfastError[] = []
    client.on('error', (error) => reported.push(error))
    const got: number[][] = [[], []]
    const thrower = ({ offset }: { offset: number }): void => {
      got[0]?.push(offset)
      throw new Error('handler')
    }
    await client.subscribe('room', {}, { message: thrower, gap: () => {} }).ready
    await client.subscribe('room', {}, { message: ({ offset }) => void got[1]?.push(offset), gap: () => {} })
      .ready
    for (let message = 1; message <= 3; message++) await hub.publish('room', message)
    await until(() => got[1]?.length === 3, 'all has arrived')
    expect(got).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(reported.map(({ code }) => code)).toEqual(['handler_threw', 'handler_threw', 'handler_threw'])
    expect(client.state).toBe('live')
  })

  it('state and error listeners, status callbacks and request handlers throw: the client goes on', async () => {
    const { hub, url } = await start()
    const client = makeClient(url)
    client.on('state', () => {
      throw new Error('listener')
    })
    client.on('error', () => {})
    client.onRequest('locate', () => {
      throw new Error('secret detail')
    })
    await inState(client, 'live')
    const onStatus = (): void => {
      throw new Error('status')
    }
    expect(await client.publish('room', 1, { onStatus })).toMatchObject({ offset: 1 })
    const error = await failure(hub.request({ session: client.session ?? '' }, 'locate', null))
    expect(error).toMatchObject({ code: 'handler_failed', outcome: 'replied' })
    expect((error as Error).message).not.toContain('secret')
  })

  it('token() throws: a failure that passes, and the client tries again', async () => {
    const { url } = await start({ authenticate: ({ token }) => (token === null ? null : { user: token }) })
    let calls = 0
    const token = (): string => {
      if (++calls < 3) throw new Error('offline')
      return 'ada'
    }
    const client = makeClient(url, { token })
    const codes: unknown[] = []
    client.on('state', ({ to, reason }) => {
      if (to !== 'waiting') return
      codes.push(reason?.code)
      client.reconnectNow()
    })
    await inState(client, 'live')
    expect(client.subject?.user).toBe('ada')
    expect(codes).toEqual(['token_failed', 'token_failed'])
  })
})

describe('hub.request()', () => {
  it('asks one session’s client, and fails by name', async () => {
    const { hub, url } = await start()
    const client = await liveClient(url)
    const asked: unknown[] = []
    client.onRequest('locate', (payload) => {
      asked.push(payload)
      return { at: payload }
    })
    const session = client.session ?? ''
    expect(await hub.request({ session }, 'locate', 'here')).toEqual({ at: 'here' })
    expect(await failure(hub.request({ session }, 'nothing', 1))).toMatchObject({ code: 'method_unknown' })
    expect(await failure(hub.request({ session: 'nobody' }, 'locate', 1))).toMatchObject({
      code: 'session_unknown',
      outcome: 'not_sent',
    })
    expect(await failure(hub.request({ session }, 'locate', new Date()))).toMatchObject({
      code: 'data_invalid',
    })
    const signal = AbortSignal.abort()
    expect(await failure(hub.request({ session }, 'locate', 1, { signal }))).toMatchObject({
      code: 'aborted',
    })
    expect(asked).toEqual(['here'])
    expect(hub.stats().operations).toEqual({ running: 0, requested: 0 })
  })

  it('S25 survives a reconnect: a reply given while offline is delivered later', async () => {
    const { hub, port } = await start()
    const proxy = owner.own(await FaultProxy.before(port))
    const client = await liveClient(hubUrl(proxy.port))
    let answer = (_reply: string): void => {}
    let calls = 0
    client.onRequest('slow', () => {
      calls++
      return new Promise((resolve) => (answer = resolve))
    })
    const reply = hub.request({ session: client.session ?? '' }, 'slow', null)
    await until(() => calls === 1, 'the client is at it')
    // Then the link is proved, and its loss no reason to try another transport at once.
    await client.publish('elsewhere', null)
    proxy.cut()
    await inState(client, 'waiting')
    answer('done')
    client.reconnectNow()
    expect(await reply).toBe('done')
    expect(calls).toBe(1)
  })

  it('settles as unknown when its session ends before the reply, and leaves nothing', async () => {
    const { hub, url } = await start()
    const client = await liveClient(url)
    client.onRequest(
      'hang',
      (_payload, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
    )
    const reply = failure(hub.request({ session: client.session ?? '' }, 'hang', {}))
    await until(() => hub.stats().operations.requested === 1, 'it is open')
    await client.close()
    expect(await reply).toMatchObject({
      code: 'session_ended',
      outcome: 'unknown',
    })
    expect(hub.stats()).toMatchObject({ operations: { running: 0, requested: 0 }, deadlines: 0, orphans: 0 })
  })
})

describe('hub.disconnect()', () => {
  it('ends a session for good: its client learns the reason and stays away', async () => {
    const { hub, url } = await start()
    const client = await liveClient(url)
    const other = await liveClient(url)
    expect(hub.disconnect(client.session ?? '', { reason: 'Spam.' })).toBe(true)
    expect(hub.disconnect(client.session ?? '')).toBe(false)
    expect(hub.disconnect('nobody')).toBe(false)
    let reason: unknown
    client.on('state', (change) => (reason = change.reason))
    await inState(client, 'closed')
    expect(reason).toEqual({ code: 'disconnected', message: 'Spam.' })
    await until(() => hub.stats().links === 1, 'its link is gone')
    expect(hub.stats()).toMatchObject({ sessions: { live: 1, resting: 0 }, orphans: 0 })
    expect(await other.publish('room', 1)).toMatchObject({ offset: 1 })
  })

  it('with retry, its client comes back as a new session and goes on where it was', async () => {
    const { hub, url } = await start()
    const client = await liveClient(url)
    const offsets: number[] = []
    const message = ({ offset }: { offset: number }): void => void offsets.push(offset)
    await client.subscribe('room', {}, { message, gap: () => expect.fail('a gap') }).ready
    await hub.publish('room', 1)
    await until(() => offsets.length === 1, 'the first has arrived')
    const before = client.session
    client.on('state', ({ to }) => {
      if (to === 'waiting') client.reconnectNow()
    })
    hub.disconnect(before ?? '', { reason: 'Move.', retry: true })
    await hub.publish('room', 2)
    await until(() => offsets.length === 2, 'the second has arrived')
    expect(client.session).not.toBe(before)
    expect(offsets).toEqual([1, 2])
    expect(hub.stats()).toMatchObject({ sessions: { live: 1, resting: 0 }, orphans: 0 })
  })
})

import type { Socket } from 'node:net'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, type Client, type StateChange } from '../client-node/index.ts'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { helloFrame, RawLink } from '../testing/raw-link.ts'
import { startHub, type RealHub } from '../testing/real-hub.ts'
import { until } from '../testing/until.ts'
import { upgradeByHand } from '../testing/upgrade-by-hand.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

const nothingLeft = {
  links: 0,
  sessions: { live: 0, resting: 0 },
  subscriptions: 0,
  operations: { running: 0, requested: 0 },
  deadlines: 0,
  writing: 0,
  orphans: 0,
}

function expectNothingLeft({ hub, timers, server }: RealHub): void {
  expect(hub.stats()).toMatchObject(nothingLeft)
  expect(timers.pending).toBe(0)
  expect(server.listenerCount('upgrade')).toBe(0)
}

async function liveClient(url: string): Promise<Client> {
  const client = owner.own(connect(url))
  await inState(client, 'live')
  return client
}

/** How a client is told that the hub closes. */
function nextWait(client: Client): Promise<StateChange> {
  return new Promise((resolve) => {
    const stop = client.on('state', (change) => {
      if (change.to !== 'waiting') return
      stop()
      resolve(change)
    })
  })
}

describe('S11 hub.close()', () => {
  it('tells each client the reason and a time of its own to come back, and leaves nothing', async () => {
    const real = owner.own(await startHub())
    const clients = await Promise.all(Array.from({ length: 20 }, () => liveClient(real.url)))
    const waits = clients.map(nextWait)
    await real.hub.close()
    const changes = await Promise.all(waits)
    for (const { reason, retryAt } of changes) {
      expect(reason?.code).toBe('hub_closing')
      expect(retryAt).not.toBeNull()
    }
    expect(new Set(changes.map(({ retryAt }) => retryAt)).size).toBeGreaterThan(10)
    expectNothingLeft(real)
  })

  it('lets running handlers finish and delivers their results and every message before the goodbye', async () => {
    const real = owner.own(await startHub())
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    real.hub.onRequest('slow', async (payload) => {
      await finished
      await real.hub.publish('news', 'last')
      return payload
    })
    const client = await liveClient(real.url)
    const news: unknown[] = []
    await client.subscribe('news', {}, { message: ({ data }) => void news.push(data), gap: () => {} }).ready
    const reply = client.request('slow', 'kept')
    await until(() => real.hub.stats().operations.running === 1, 'the handler runs')
    const closed = real.hub.close()
    await nextTurn()
    finish()
    expect(await reply).toBe('kept')
    expect(news).toEqual(['last'])
    await closed
    expectNothingLeft(real)
  })

  it('does not wait for a handler beyond its deadline: it is aborted, and the outcome is unknown', async () => {
    const real = owner.own(await startHub())
    const aborted = new Promise<void>((resolve) => {
      real.hub.onRequest('hang', (_payload, { signal }) => {
        signal.addEventListener('abort', () => resolve())
        return new Promise(() => {})
      })
    })
    const client = await liveClient(real.url)
    const reply = client.request('hang', null).catch((error: unknown) => error)
    await until(() => real.hub.stats().operations.running === 1, 'the handler runs')
    await real.hub.close({ drainMs: 20 })
    await aborted
    expectNothingLeft(real)
    await client.close()
    expect(await reply).toMatchObject({ code: 'closed', outcome: 'unknown' })
  })

  it('refuses those who come meanwhile with a reason and a time, and in the end without an answer', async () => {
    const real = owner.own(await startHub())
    real.hub.onRequest('hang', () => new Promise(() => {}))
    const client = await liveClient(real.url)
    void client.request('hang', null).catch(() => {})
    await until(() => real.hub.stats().operations.running === 1, 'the handler runs')
    const closed = real.hub.close({ drainMs: 200 })
    const late = owner.own(await RawLink.open(real.url))
    const goodbye = await late.next('goodbye')
    expect(goodbye).toMatchObject({ code: 'hub_closing', retry: true })
    expect(goodbye['retryAfterMs']).toEqual(expect.any(Number))
    expect(await late.closed).toBe(4512)
    await closed
    expectNothingLeft(real)
  })

  it('S4 ends at once the links that are still shaking hands; nothing is registered for them afterwards', async () => {
    let accept = (): void => {}
    const asked: AbortSignal[] = []
    const real = owner.own(
      await startHub({
        authenticate: async ({ token }, { signal }) => {
          if (token === 'known') return { user: 'bob' }
          asked.push(signal)
          await new Promise<void>((resolve) => (accept = resolve))
          return { user: 'ada' }
        },
      }),
    )
    real.hub.onRequest('hang', () => new Promise(() => {}))
    const busy = owner.own(await RawLink.welcomed(real.url, { token: 'known' }))
    busy.send({ type: 'request', number: 1, method: 'hang', data: null })
    const silent = owner.own(await RawLink.open(real.url))
    const greeting = owner.own(await RawLink.open(real.url))
    greeting.send(helloFrame())
    await until(() => asked.length === 1, 'the credentials are being checked')
    const closed = real.hub.close({ drainMs: 500 })
    accept()
    expect(await silent.next('goodbye')).toMatchObject({ code: 'hub_closing' })
    expect(await greeting.next('goodbye')).toMatchObject({ code: 'hub_closing' })
    expect(greeting.frames.map(({ type }) => type)).toEqual(['goodbye'])
    expect(asked[0]?.aborted).toBe(true)
    await closed
    expectNothingLeft(real)
  })

  it('ends sessions at rest, and the requests that are open to them', async () => {
    const real = owner.own(await startHub())
    const link = owner.own(await RawLink.welcomed(real.url))
    const [session] = real.hub.sessions()
    await link.close()
    await until(() => real.hub.stats().sessions.resting === 1, 'the session rests')
    const reply = real.hub
      .request({ session: session?.id ?? '' }, 'locate', null)
      .catch((error: unknown) => error)
    await real.hub.close()
    expect(await reply).toMatchObject({ code: 'session_ended', outcome: 'not_sent' })
    expectNothingLeft(real)
  })

  it('S9 does not wait for a reader that never reads', async () => {
    const real = owner.own(await startHub())
    const link = owner.own(await RawLink.welcomed(real.url))
    link.send({ type: 'subscribe', topic: 'flood', intent: 1, from: 'now' })
    await link.next('subscribed')
    link.socket.pause()
    while (real.hub.stats().writing === 0) {
      await Promise.all(Array.from({ length: 100 }, () => real.hub.publish('flood', 'x'.repeat(60_000))))
      await nextTurn()
    }
    await real.hub.close({ drainMs: 50 })
    expectNothingLeft(real)
  })

  it('ends although clients keep knocking that neither read the goodbye nor answer the close', async () => {
    const real = owner.own(await startHub())
    const knockers: Socket[] = []
    const knock = (): void => void knockers.push(upgradeByHand(real.port))
    const knocking = setInterval(knock, 20)
    await until(() => real.hub.stats().links >= 5, 'they are in')
    await real.hub.close({ drainMs: 100 })
    expectNothingLeft(real)
    clearInterval(knocking)
    for (const socket of knockers) socket.destroy()
  })

  it('is the same close for everybody who asks, and everything fails with `closed` afterwards', async () => {
    const real = owner.own(await startHub())
    await Promise.all([real.hub.close(), real.hub.close({ drainMs: 1 }), real.hub[Symbol.asyncDispose]()])
    await expect(real.hub.publish('a', 1)).rejects.toMatchObject({ code: 'closed', outcome: 'not_sent' })
    await expect(real.hub.request({ session: 'x' }, 'a', 1)).rejects.toMatchObject({ code: 'closed' })
    expect(() => real.hub.attach(real.server)).toThrow(expect.objectContaining({ code: 'closed' }))
    expectNothingLeft(real)
  })

  it('refuses an upgrade that a framework hands over afterwards with 503, and keeps nothing of it', async () => {
    const real = owner.own(await startHub())
    await real.hub.close()
    real.server.on('upgrade', real.hub.handleUpgrade)
    const socket = upgradeByHand(real.port)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 [^]*"code":"hub_closing"/)
    real.server.removeAllListeners('upgrade')
    expectNothingLeft(real)
  })
})

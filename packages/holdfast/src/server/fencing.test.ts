import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Owner } from '../testing/owner.ts'
import { helloFrame, randomId, RawLink, type RawFrame } from '../testing/raw-link.ts'
import { hubUrl, startHub, type RealHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import { upgradeByHand } from '../testing/upgrade-by-hand.ts'
import type { SessionEvent } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

/** A client object as the wire sees it: it keeps its instance and producer over its links. */
function identity(): RawFrame {
  return { instance: randomId(), producer: { id: randomId(), highest: 0, open: [] } }
}

const subscriptions = (intent: number, from: unknown): object[] => [{ topic: 'room', intent, from }]
const offsets = (link: RawLink): unknown[] =>
  link.frames.filter(({ type }) => type === 'message').map(({ offset }) => offset)

async function pong(link: RawLink): Promise<void> {
  link.send({ type: 'ping', id: 99 })
  await link.next('pong')
}

describe('S1 a client comes back before the old socket’s end was noticed', () => {
  it('the late close of the old one neither removes nor disturbs the new link', async () => {
    const real = owner.own(await startHub())
    const proxy = owner.own(await FaultProxy.before(real.port))
    const client = identity()
    const old = owner.own(await RawLink.welcomed(hubUrl(proxy.port), { ...client, attempt: 1 }))
    // The old socket is half open: the hub hears nothing of its end.
    proxy.freeze()
    const current = owner.own(
      await RawLink.welcomed(real.url, { ...client, attempt: 2, subscriptions: subscriptions(1, 'now') }),
    )
    await current.next('subscribed')
    await proxy.close()
    await until(() => real.hub.stats().links === 1, 'the old link is gone')
    await real.hub.publish('room', 'after')
    expect(await current.next('message')).toMatchObject({ offset: 1, data: 'after' })
    expect(real.hub.stats()).toMatchObject({
      sessions: { live: 1, resting: 0 },
      subscriptions: 1,
      orphans: 0,
    })
    await old.close()
  })

  it('the old one is destroyed a second after it was superseded, though it never answers', async () => {
    const real = owner.own(await startHub())
    const client = identity()
    const old = owner.own(await RawLink.welcomed(real.url, { ...client, attempt: 1 }))
    old.socket.pause()
    const current = owner.own(await RawLink.welcomed(real.url, { ...client, attempt: 2 }))
    await until(() => real.hub.stats().links === 1, 'the old link is destroyed')
    await pong(current)
  })

  it('a late reset of the superseded socket harms nobody, the process least of all', async () => {
    const real = owner.own(await startHub())
    const events: SessionEvent['type'][] = []
    real.hub.on('session', ({ type }) => events.push(type))
    const client = identity()
    const throughProxy = async (attempt: number): Promise<{ proxy: FaultProxy; link: RawLink }> => {
      const proxy = owner.own(await FaultProxy.before(real.port))
      const link = await RawLink.welcomed(hubUrl(proxy.port), { ...client, attempt })
      return { proxy, link: owner.own(link) }
    }
    let current = await throughProxy(1)
    for (let attempt = 2; attempt <= 20; attempt++) {
      const { proxy } = current
      current = await throughProxy(attempt)
      proxy.reset()
    }
    await until(() => real.hub.stats().links === 1, 'the old links are gone')
    await pong(current.link)
    expect(real.hub.stats()).toMatchObject({ sessions: { live: 1, resting: 0 }, orphans: 0 })
    expect(events).toEqual(['opened', ...Array.from({ length: 19 }, () => 'attached')])
  })
})

describe('S2 the same session connects twice', () => {
  it('the higher attempt stays, whatever the order of arrival; the other is ended with superseded', async () => {
    const real = owner.own(await startHub())
    const client = identity()
    const first = owner.own(await RawLink.welcomed(real.url, { ...client, attempt: 1 }))
    const sixth = owner.own(await RawLink.welcomed(real.url, { ...client, attempt: 6 }))
    expect(await first.next('goodbye')).toMatchObject({ code: 'superseded', retry: false })
    expect(await first.closed).toBe(4409)
    for (const attempt of [5, 6]) {
      const late = owner.own(await RawLink.open(real.url))
      late.send(helloFrame({ ...client, attempt }))
      expect(await late.next('goodbye')).toMatchObject({ code: 'superseded', retry: false })
      expect(await late.closed).toBe(4409)
    }
    await pong(sixth)
    expect(real.hub.stats()).toMatchObject({ sessions: { live: 1, resting: 0 }, orphans: 0 })
  })

  it('also when both are being authenticated at once and the lower one is admitted last', async () => {
    const admit = new Map<string, () => void>()
    const real = owner.own(
      await startHub({
        authenticate: ({ token }) =>
          new Promise((resolve) => admit.set(String(token), () => resolve({ user: 'ada' }))),
      }),
    )
    const client = identity()
    const links = await Promise.all([5, 6].map(() => RawLink.open(real.url)))
    const [fifth, sixth] = links.map((link) => owner.own(link))
    fifth?.send(helloFrame({ ...client, attempt: 5, token: 'fifth' }))
    sixth?.send(helloFrame({ ...client, attempt: 6, token: 'sixth' }))
    await until(() => admit.size === 2, 'both are being authenticated')
    admit.get('sixth')?.()
    await sixth?.next('welcome')
    admit.get('fifth')?.()
    expect(await fifth?.next('goodbye')).toMatchObject({ code: 'superseded' })
    expect(real.hub.stats().sessions).toEqual({ live: 1, resting: 0 })
  })

  it('no message is delivered twice or lost over twenty links that take over from each other', async () => {
    const real = owner.own(await startHub())
    const client = identity()
    const seen: unknown[] = []
    let from: unknown = 'now'
    let published = 0
    for (let attempt = 1; attempt <= 20; attempt++) {
      const hello = { ...client, attempt, subscriptions: subscriptions(attempt, from) }
      const link = owner.own(await RawLink.welcomed(real.url, hello))
      const { position } = await link.next('subscribed')
      for (let count = 0; count < 5; count++) await real.hub.publish('room', ++published)
      const missing = 20 * 5
      await until(() => seen.length + offsets(link).length >= Math.min(published, missing), 'all arrived')
      seen.push(...offsets(link))
      from = { epoch: (position as { epoch: string }).epoch, offset: seen.length }
    }
    expect(seen).toEqual(Array.from({ length: published }, (_, index) => index + 1))
  })

  it('what a superseded link had handed over runs on, and its result goes to the current link', async () => {
    const real = owner.own(await startHub())
    let finish = (): void => {}
    real.hub.onRequest('slow', () => new Promise<string>((resolve) => (finish = () => resolve('done'))))
    const client = identity()
    const old = owner.own(await RawLink.welcomed(real.url, { ...client, attempt: 1 }))
    old.send({ type: 'request', number: 1, method: 'slow', data: null })
    await until(() => real.hub.stats().operations.running === 1, 'the handler runs')
    const producer = { ...(client['producer'] as object), highest: 1, open: [[1, 1]] }
    const current = owner.own(await RawLink.welcomed(real.url, { ...client, producer, attempt: 2 }))
    finish()
    expect(await current.next('result')).toEqual({ type: 'result', number: 1, value: 'done' })
    expect(old.frames.some(({ type }) => type === 'result')).toBe(false)
  })

  it('another client object with a copied key gets a session of its own; they do not fight', async () => {
    const real = owner.own(await startHub())
    const original = owner.own(await RawLink.open(real.url))
    original.send(helloFrame())
    const { session } = await original.next('welcome')
    const copy = owner.own(await RawLink.open(real.url))
    copy.send(helloFrame({ session, attempt: 9 }))
    const welcome = await copy.next('welcome')
    expect(welcome).toMatchObject({ resumed: false })
    expect(welcome['session']).not.toEqual(session)
    await pong(original)
    await pong(copy)
    expect(real.hub.stats().sessions.live).toBe(2)
  })
})

describe('S40 somebody presents a session that is not theirs', () => {
  async function presenting(real: RealHub, fields: RawFrame): Promise<RawFrame> {
    const link = owner.own(await RawLink.open(real.url))
    link.send(helloFrame(fields))
    return await link.next('welcome')
  }

  it('wrong key, other user, other producer, unknown id: all get the same answer, the owner notices nothing', async () => {
    const real = owner.own(await startHub({ authenticate: ({ token }) => ({ user: token }) }))
    const client = identity()
    const own = owner.own(await RawLink.open(real.url))
    own.send(helloFrame({ ...client, token: 'ada', subscriptions: subscriptions(1, 'now') }))
    const { session } = (await own.next('welcome')) as { session: { id: string; key: string } }
    const claims: RawFrame[] = [
      { ...client, token: 'ada', session: { ...session, key: 'x'.repeat(session.key.length) } },
      { ...client, token: 'ada', session: { ...session, key: 'x' } },
      { ...client, token: 'eve', session },
      { token: 'ada', session },
      { ...client, producer: identity()['producer'], token: 'ada', session },
      { ...client, token: 'ada', session: { id: 'nobody', key: 'x' } },
    ]
    const shapeOf = (welcome: RawFrame): object => ({ ...welcome, session: null, subject: null, spreadMs: 0 })
    const unknown = shapeOf(await presenting(real, { token: 'ada', session: { id: 'unknown', key: 'x' } }))
    for (const claim of claims) {
      const welcome = await presenting(real, { ...claim, attempt: 7 })
      expect(welcome['session']).not.toMatchObject({ id: session.id })
      expect(shapeOf(welcome)).toEqual(unknown)
    }
    await real.hub.publish('room', 'still here')
    expect(await own.next('message')).toMatchObject({ data: 'still here' })
    expect(real.hub.stats().orphans).toBe(0)
  })
})

describe('S4 the socket closes on the way in', () => {
  it('before the hub has read anything', async () => {
    const real = owner.own(await startHub())
    for (let count = 0; count < 20; count++) {
      const socket = upgradeByHand(real.port)
      await once(socket, 'connect')
      if (count % 2 === 0) socket.end()
      else socket.resetAndDestroy()
    }
    await nextTurn()
    await until(() => real.hub.stats().links === 0, 'nothing is left')
    expect(real.hub.stats()).toMatchObject({ sessions: { live: 0, resting: 0 }, deadlines: 0, orphans: 0 })
  })

  it('during authenticate: it is told, and nothing is registered however it ends', async () => {
    const asked: { readonly signal: AbortSignal; readonly answer: (user: string | null) => void }[] = []
    const real = owner.own(
      await startHub({
        authenticate: (_credentials, { signal }) =>
          new Promise((resolve) => {
            asked.push({ signal, answer: (user) => resolve(user === null ? null : { user }) })
          }),
      }),
    )
    for (const answer of ['ada', null]) {
      const link = await RawLink.open(real.url)
      link.send(helloFrame({ subscriptions: subscriptions(1, 'now') }))
      await until(() => asked.length === 1, 'authenticate was asked')
      await link.close()
      await until(() => real.hub.stats().links === 0, 'the link is gone')
      const question = asked.pop()
      expect(question?.signal.aborted).toBe(true)
      question?.answer(answer)
      await nextTurn()
      const empty = {
        links: 0,
        sessions: { live: 0, resting: 0 },
        subscriptions: 0,
        deadlines: 0,
        orphans: 0,
      }
      expect(real.hub.stats()).toMatchObject(empty)
    }
  })

  it('during authorize: the session rests, its subscriptions are gone and no log stays open', async () => {
    const asked: ((allowed: boolean) => void)[] = []
    const real = owner.own(await startHub({ authorize: () => new Promise((resolve) => asked.push(resolve)) }))
    for (const allowed of [true, false]) {
      const link = await RawLink.welcomed(real.url, { subscriptions: subscriptions(1, 'now') })
      await until(() => asked.length === 1, 'authorize was asked')
      await link.close()
      await until(() => real.hub.stats().links === 0, 'the link is gone')
      asked.pop()?.(allowed)
      await until(() => real.hub.stats().topics.open === 0, 'no log is open')
      expect(real.hub.stats()).toMatchObject({ subscriptions: 0, orphans: 0, sessions: { live: 0 } })
    }
    const [session] = real.hub.sessions()
    expect(real.hub.disconnect(session?.id ?? '')).toBe(true)
    await until(() => real.hub.stats().deadlines === 1, 'only the session at rest has a deadline')
    expect(real.hub.stats().sessions).toEqual({ live: 0, resting: 1 })
  })

  it('before the first write: a listener of the application ends the session as it opens', async () => {
    const real = owner.own(await startHub())
    real.hub.on('session', ({ type, session }) => {
      if (type === 'opened') real.hub.disconnect(session.id, { reason: 'not today' })
    })
    const link = owner.own(await RawLink.open(real.url))
    link.send(helloFrame({ subscriptions: subscriptions(1, 'now') }))
    expect(await link.next('goodbye')).toMatchObject({
      code: 'disconnected',
      message: 'not today',
      retry: false,
    })
    expect(await link.closed).toBe(4420)
    await until(() => real.hub.stats().links === 0, 'the link is gone')
    expect(real.hub.stats()).toMatchObject({
      sessions: { live: 0, resting: 0 },
      subscriptions: 0,
      deadlines: 0,
      orphans: 0,
    })
    expect(real.hub.stats().topics.open).toBe(0)
  })
})

describe('S6 who does not go on is dropped at a deadline', () => {
  it('a socket that never says hello, and one whose credentials take too long', async () => {
    const real = owner.own(
      await startHub({
        timeouts: { helloMs: 50, authenticateMs: 50 },
        authenticate: () => new Promise(() => {}),
      }),
    )
    const silent = owner.own(await RawLink.open(real.url))
    const slow = owner.own(await RawLink.open(real.url))
    slow.send(helloFrame())
    expect(await silent.next('goodbye')).toMatchObject({ code: 'hello_timeout', retry: true })
    expect(await silent.closed).toBe(4408)
    expect(await slow.next('goodbye')).toMatchObject({ code: 'authenticate_failed', retry: true })
    expect(await slow.closed).toBe(4501)
    await until(() => real.hub.stats().links === 0, 'both are gone')
    expect(real.hub.stats().deadlines).toBe(0)
  })

  it('one that dribbles pieces of a hello and never completes it', async () => {
    const real = owner.own(await startHub({ timeouts: { helloMs: 100 } }))
    const link = owner.own(await RawLink.open(real.url))
    const dribble = setInterval(() => link.socket.send('{', { fin: false }), 10)
    expect(await link.next('goodbye')).toMatchObject({ code: 'hello_timeout' })
    clearInterval(dribble)
    await until(() => real.hub.stats().links === 0, 'it is gone')
  })
})

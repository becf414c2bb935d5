import { expect } from 'vitest'
import type { AuthorizeRequest, Identity } from '../../server/options.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair } from '../pair.ts'
import { RawClient } from '../raw-client.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

/** Whoever presents a name as token is that user. */
const byName = ({ token }: { readonly token: string | null }): Identity => ({ user: token })

/** `authorize` that a test answers, or that answers at once while it is open. */
class Gatekeeper {
  readonly asked: AuthorizeRequest[] = []
  verdict: 'allow' | 'refuse' | 'throw' | 'reject' | 'wait' = 'allow'
  #waiting: ((allowed: boolean) => void)[] = []

  readonly authorize = (request: AuthorizeRequest): boolean | Promise<boolean> => {
    this.asked.push(request)
    if (this.verdict === 'throw') throw new Error('the database is away')
    if (this.verdict === 'reject') return Promise.reject(new Error('the database is away'))
    if (this.verdict !== 'wait') return this.verdict === 'allow'
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  answer(allowed: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(allowed)
  }
}

test('S39 rights withdrawn while the client is away: its replay is refused', async () => {
  const gate = new Gatekeeper()
  const pair = makePair({ hub: { authorize: gate.authorize } })
  const { client, link } = await pair.connected()
  const topic = recordTopic(client, 'room')
  const other = recordTopic(client, 'other')
  await pair.clock.settled(topic.subscription.ready)
  link.cut()
  await pair.clock.settle()
  await pair.clock.settled(pair.hub.publish('room', 'secret'))
  gate.verdict = 'refuse'
  await pair.clock.until(() => topic.errors.length > 0)
  await pair.clock.advance(10_000)
  expect(topic.events).toEqual([])
  expect(topic.errors).toMatchObject([{ code: 'forbidden' }])
  expect(other.errors).toMatchObject([{ code: 'forbidden' }])
  expect(client.state).toBe('live')
  expect(pair.hub.stats()).toMatchObject({ subscriptions: 0, topics: { open: 0 } })
  expect(client.stats().topics).toBe(0)
})

test('S39 a publish that is not allowed is refused, and the link survives', async () => {
  const pair = makePair({
    hub: { authorize: ({ action, topic }) => action === 'subscribe' || topic === 'open' },
  })
  const { client } = await pair.connected()
  const refused = pair.clock.settled(client.publish('closed', 1))
  await expect(refused).rejects.toMatchObject({ code: 'forbidden', outcome: 'replied' })
  expect(await pair.clock.settled(client.publish('open', 1))).toMatchObject({ offset: 1 })
})

test('publishes keep their order although their rights are checked at different speeds', async () => {
  let slow = true
  const pair = makePair({
    hub: {
      authorize: async () => {
        const delayMs = slow ? 500 : 0
        slow = !slow
        await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, delayMs))
        return true
      },
    },
  })
  const { client } = await pair.connected()
  const publishes = [1, 2, 3, 4].map((number) => client.publish('room', number))
  const results = await pair.clock.settled(Promise.all(publishes))
  expect(results.map(({ offset }) => offset)).toEqual([1, 2, 3, 4])
})

test('S40 a wrong key, an unknown session and another user get the same answer, and the owner notices nothing', async () => {
  const pair = makePair({ hub: { authenticate: byName } })
  const owner = await pair.connected({ token: 'ada' })
  const topic = recordTopic(owner.client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  const ownersHello = JSON.parse(owner.link.frames[0]?.text ?? '{}') as Record<string, unknown>
  const { session } = JSON.parse(owner.link.frames[1]?.text ?? '{}') as {
    session: { id: string; key: string }
  }
  const presented = {
    'wrong key': { ...ownersHello, session: { id: session.id, key: 'x'.repeat(22) } },
    'unknown session': { ...ownersHello, session: { id: `${session.id}x`, key: session.key } },
    'another user': { ...ownersHello, token: 'eve', session },
    'another producer': {
      ...ownersHello,
      session,
      producer: { id: 'stolen-producer-0123456789', highest: 0, open: [] },
    },
    'another instance': { ...ownersHello, session, instance: 'other' },
  }
  const answers: unknown[] = []
  for (const hello of Object.values(presented)) {
    const raw = await RawClient.greeting(pair, { ...hello, attempt: 99 })
    const welcome = raw.only('welcome')
    expect(welcome).toMatchObject({ resumed: false, received: 0 })
    expect(welcome['session']).not.toMatchObject({ id: session.id })
    answers.push(raw.frames.map((frame) => ({ ...frame, session: null, subject: null, time: null })))
    raw.send({ type: 'leave' })
    await pair.clock.advance(100)
  }
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  expect(owner.links).toHaveLength(1)
  expect(owner.client.state).toBe('live')
  await pair.clock.settled(pair.hub.publish('room', 1))
  await pair.clock.advance(50)
  expect(topic.data).toEqual([1])
  owner.link.cut()
  await pair.clock.until(() => owner.links.length === 2 && owner.client.state === 'live')
  expect(owner.client.session).toBe(session.id)
})

test('[R28] S41 another user on the same client object: what the first had queued is never sent', async () => {
  const pair = makePair({ hub: { authenticate: byName } })
  let user = 'ada'
  const { client, link } = await pair.connected({ token: () => user })
  const reader = await pair.connected({ token: 'reader' })
  const topic = recordTopic(reader.client, 'room', { from: 'start' })
  link.up.vanish()
  const handed = watchSettlement(client.publish('room', 'handed over by ada'))
  await pair.clock.advance(50)
  link.cut()
  await pair.clock.until(() => client.state === 'waiting')
  const queued = watchSettlement(client.publish('room', 'queued by ada', { idempotent: true }))
  user = 'eve'
  await pair.clock.until(() => client.state === 'live')
  await pair.clock.advance(100)
  const own = await pair.clock.settled(client.publish('room', 'by eve'))
  expect(client.subject).toEqual({ user: 'eve', tenant: null })
  expect(handed).toMatchObject({ code: 'identity_changed', outcome: 'unknown' })
  expect(queued).toMatchObject({ code: 'identity_changed', outcome: 'not_sent' })
  expect(own.offset).toBe(1)
  await pair.clock.advance(100)
  expect(topic.events).toMatchObject([{ user: 'eve', data: 'by eve' }])
})

test('S41 a fresh token of another user over a live link ends the link, and the queue with it', async () => {
  const pair = makePair({
    hub: {
      authenticate: ({ token }) => ({
        user: token,
        expiresAt: Date.UTC(2025, 0, 1) + 60_000 + pair.clock.now,
      }),
    },
  })
  let user = 'ada'
  const { client, errors } = await pair.connected({ token: () => user })
  user = 'eve'
  await pair.clock.advance(35_000)
  expect(errors.map(({ code }) => code)).toEqual(['identity_changed'])
  expect(client.state).toBe('live')
  expect(client.subject?.user).toBe('eve')
})

test('S31 a token that expires is refreshed over the live link, once', async () => {
  const pair = makePair({
    hub: {
      authenticate: ({ token }) => ({ user: 'ada', expiresAt: Date.UTC(2025, 0, 1) + Number(token) }),
    },
  })
  const asked: boolean[] = []
  const { client, links } = await pair.connected({
    token: ({ rejected }) => {
      asked.push(rejected)
      return String(Math.round(pair.clock.now) + 100_000)
    },
  })
  await pair.clock.advance(250_000)
  expect(client.state).toBe('live')
  expect(links).toHaveLength(1)
  expect(asked).toEqual([false, true, true, true])
})

test('S31 without a fresh token the link ends with token_expired, and the next attempt asks for one', async () => {
  const pair = makePair({
    hub: {
      authenticate: ({ token }) => ({ user: 'ada', expiresAt: Date.UTC(2025, 0, 1) + Number(token) }),
    },
  })
  const asked: boolean[] = []
  let stubborn = true
  const { client, errors, links } = await pair.connected({
    token: ({ rejected }) => {
      asked.push(rejected)
      if (asked.length > 1 && stubborn) return null
      return String(Math.round(pair.clock.now) + 100_000)
    },
  })
  await pair.clock.advance(99_000)
  expect(links).toHaveLength(1)
  stubborn = false
  await pair.clock.advance(5_000)
  expect(errors.map(({ code }) => code)).toEqual(['token_expired'])
  expect(client.state).toBe('live')
  expect(links).toHaveLength(2)
  expect(asked).toEqual([false, true, true])
})

test('S31 credentials that have expired already do not cause a loop', async () => {
  const pair = makePair({
    hub: { authenticate: () => ({ user: 'ada', expiresAt: Date.UTC(2025, 0, 1) - 1_000 }) },
  })
  pair.connect({ token: () => 'old' })
  await pair.clock.advance(60_000)
  // With the backoff 1, 2, 4 … s there is time for six or seven attempts.
  expect(pair.network.attempts).toBeLessThanOrEqual(7)
})

test('S31 a refused token is asked for afresh once, and then all is well', async () => {
  const pair = makePair({
    hub: { authenticate: ({ token }) => (token === 'fresh' ? { user: 'ada' } : null) },
  })
  const { client, links } = pair.connect({ token: ({ rejected }) => (rejected ? 'fresh' : 'cached') })
  await pair.clock.until(() => client.state === 'live')
  expect(links).toHaveLength(2)
})

test('revoke: nothing is delivered while it is asked, and a right that stands goes on without a hole', async () => {
  const gate = new Gatekeeper()
  const pair = makePair({ hub: { authorize: gate.authorize } })
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  gate.verdict = 'wait'
  const revoked = watchSettlement(pair.hub.revoke({ topic: 'room' }))
  await pair.clock.settled(Promise.all([1, 2, 3].map((number) => pair.hub.publish('room', number))))
  await pair.clock.advance(1_000)
  expect(topic.events).toEqual([])
  expect(revoked.state).toBe('pending')
  gate.answer(true)
  await pair.clock.advance(100)
  expect(revoked.state).toBe('resolved')
  expect(topic.data).toEqual([1, 2, 3])
})

test('revoke: a right that is gone ends the subscription with revoked', async () => {
  const gate = new Gatekeeper()
  const pair = makePair({ hub: { authenticate: byName, authorize: gate.authorize } })
  const ada = await pair.connected({ token: 'ada' })
  const eve = await pair.connected({ token: 'eve' })
  const topics = [ada, eve].map(({ client }) => recordTopic(client, 'room'))
  await pair.clock.settled(Promise.all(topics.map(({ subscription }) => subscription.ready)))
  gate.verdict = 'refuse'
  await pair.clock.settled(pair.hub.revoke({ user: 'eve' }))
  await pair.clock.settled(pair.hub.publish('room', 'for ada'))
  await pair.clock.advance(100)
  expect(topics[0]?.data).toEqual(['for ada'])
  expect(topics[1]?.data).toEqual([])
  expect(topics[1]?.errors).toMatchObject([{ code: 'revoked' }])
  expect(pair.hub.stats().subscriptions).toBe(1)
})

test('revoke: what was asked before it is asked again', async () => {
  const gate = new Gatekeeper()
  const pair = makePair({ hub: { authorize: gate.authorize } })
  const { client } = await pair.connected()
  gate.verdict = 'wait'
  const topic = recordTopic(client, 'room', { from: 'start' })
  const publish = watchSettlement(client.publish('room', 1))
  await pair.clock.advance(100)
  const revoked = watchSettlement(pair.hub.revoke({}))
  gate.verdict = 'refuse'
  gate.answer(true)
  await pair.clock.advance(100)
  expect(revoked.state).toBe('resolved')
  expect(topic.errors).toMatchObject([{ code: 'forbidden' }])
  expect(publish).toMatchObject({ code: 'forbidden' })
})

test('revoke: a publish that waits behind a slower one is asked again too', async () => {
  const answers: ((allowed: boolean) => void)[] = []
  let revoked = false
  const pair = makePair({
    hub: {
      authorize: ({ topic }) => {
        if (revoked) return topic === 'first'
        return new Promise<boolean>((resolve) => answers.push(resolve))
      },
    },
  })
  const { client } = await pair.connected()
  const first = watchSettlement(client.publish('first', 1))
  const second = watchSettlement(client.publish('second', 2))
  await pair.clock.advance(100)
  answers[1]?.(true)
  await pair.clock.advance(100)
  revoked = true
  await pair.clock.settled(pair.hub.revoke({}))
  answers[0]?.(true)
  await pair.clock.advance(100)
  expect(first.value).toMatchObject({ offset: 1 })
  expect(second).toMatchObject({ code: 'forbidden' })
})

test.each(['throw', 'reject'] as const)(
  '[R37] an authorize that fails (%s) is asked again later, from the same position',
  async (verdict) => {
    const gate = new Gatekeeper()
    const pair = makePair({ hub: { authorize: gate.authorize } })
    const { client, link } = await pair.connected()
    const topic = recordTopic(client, 'room')
    await pair.clock.settled(topic.subscription.ready)
    link.cut()
    await pair.clock.settle()
    await pair.clock.settled(Promise.all([1, 2, 3].map((number) => pair.hub.publish('room', number))))
    gate.verdict = verdict
    await pair.clock.until(() => client.state === 'live')
    await pair.clock.advance(5_000)
    expect(topic.events).toEqual([])
    expect(topic.errors).toEqual([])
    gate.verdict = 'allow'
    await pair.clock.advance(1_100)
    expect(topic.data).toEqual([1, 2, 3])
  },
)

test('[R37] an authorize that never answers is given up at its deadline and asked again', async () => {
  const gate = new Gatekeeper()
  gate.verdict = 'wait'
  const pair = makePair({ hub: { authorize: gate.authorize } })
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.advance(10_100)
  gate.verdict = 'allow'
  await pair.clock.settled(topic.subscription.ready, 2_000)
  expect(gate.asked.length).toBe(2)
})

test('a link that goes away during authenticate or authorize leaves nothing', async () => {
  const held: (() => void)[] = []
  const gate = new Gatekeeper()
  gate.verdict = 'wait'
  const pair: Pair = makePair({
    hub: {
      authenticate: ({ token }) =>
        token === 'held'
          ? new Promise((resolve) => held.push(() => resolve({ user: 'late' })))
          : { user: null },
      authorize: gate.authorize,
    },
  })
  const raw = await RawClient.greeting(pair, { token: 'held' })
  const subscriber = await RawClient.greeting(pair, {
    instance: 'subscriber',
    producer: { id: 'subscribing-producer-012345', highest: 0, open: [] },
    subscriptions: [{ topic: 'room', intent: 1, from: 'now' }],
  })
  raw.close()
  subscriber.send({ type: 'leave' })
  await pair.clock.until(() => pair.hub.stats().links === 0)
  for (const admit of held) admit()
  gate.answer(true)
  await pair.clock.advance(100)
  expect(pair.hub.stats()).toMatchObject({
    links: 0,
    sessions: { live: 0, resting: 0 },
    subscriptions: 0,
    topics: { open: 0, held: 0 },
    deadlines: 0,
    orphans: 0,
  })
})

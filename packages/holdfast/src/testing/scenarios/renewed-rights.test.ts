import { expect } from 'vitest'
import { MemoryAsks } from '../../engines/memory/memory-asks.ts'
import type { AuthorizeRequest, Identity } from '../../server/options.ts'
import { engineWith } from '../asked-world.ts'
import { overEachTransport } from '../over-each-transport.ts'
import type { Pair } from '../pair.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair } = overEachTransport()

/** Roles that a test changes; whoever is no admin may do nothing, and so it is checked slowly. */
class Roles {
  role: 'admin' | 'guest' = 'admin'
  readonly asked: unknown[] = []
  #checking: (() => void)[] = []

  readonly hub = {
    authenticate: (): Identity => ({ user: 'ana', context: { role: this.role } }),
    authorize: ({ session }: AuthorizeRequest): Promise<boolean> => {
      const { role } = session.context as Pick<Roles, 'role'>
      this.asked.push(role)
      return new Promise((resolve) => this.#checking.push(() => resolve(role === 'admin')))
    },
  }

  /** What is being checked now is answered. */
  answer(): void {
    for (const resolve of this.#checking.splice(0)) resolve()
  }
}

/** So that a fresh token is asked for after half of it. */
const shortLived = (pair: Pair, identity: Identity): Identity => ({
  ...identity,
  expiresAt: pair.wallNow(pair.hubLoop) + 20_000,
})

test('S39 a token renewed while rights are checked: the rights of before count no more', async () => {
  const roles = new Roles()
  const pair: Pair = makePair({
    hub: { ...roles.hub, authenticate: () => shortLived(pair, roles.hub.authenticate()) },
  })
  const { client, links } = await pair.connected({ token: 'any' })
  roles.role = 'guest'
  await pair.clock.advance(5_000)
  const topic = recordTopic(client, 'room', { from: 'start' })
  const publish = watchSettlement(client.publish('room', 1))
  await pair.clock.advance(8_000)
  expect(pair.hub.sessions()).toMatchObject([{ context: { role: 'guest' } }])
  roles.answer()
  await pair.clock.advance(100)
  roles.answer()
  await pair.clock.advance(100)
  expect(roles.asked).toEqual(['admin', 'admin', 'guest', 'guest'])
  expect(topic.errors).toMatchObject([{ code: 'forbidden' }])
  expect(publish).toMatchObject({ code: 'forbidden' })
  expect(links).toHaveLength(1)
})

test('S39 a session resumed with fewer rights while a publish is checked: the rights of before count no more', async () => {
  const roles = new Roles()
  const pair = makePair({ hub: roles.hub })
  const { client, link, links } = await pair.connected()
  const first = watchSettlement(client.publish('room', 1))
  const second = watchSettlement(client.publish('room', 2))
  await pair.clock.advance(100)
  roles.role = 'guest'
  link.cut()
  await pair.clock.until(() => links.length === 2 && client.state === 'live')
  roles.answer()
  await pair.clock.advance(100)
  roles.answer()
  await pair.clock.advance(100)
  expect(first).toMatchObject({ code: 'forbidden' })
  expect(second).toMatchObject({ code: 'forbidden' })
})

test('S39 a token renewed while the engine opens a topic: the rights of before count no more', async () => {
  const roles = new Roles()
  const kept = engineWith(new MemoryAsks())
  let opened = (): void => {}
  const opening = new Promise<void>((resolve) => (opened = resolve))
  const pair: Pair = makePair({
    engine: () => ({ ...kept, open: (topic) => opening.then(() => kept.open(topic)) }),
    hub: { ...roles.hub, authenticate: () => shortLived(pair, roles.hub.authenticate()) },
  })
  const { client } = await pair.connected({ token: 'any' })
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.advance(100)
  roles.answer()
  roles.role = 'guest'
  await pair.clock.advance(12_000)
  expect(pair.hub.sessions()).toMatchObject([{ context: { role: 'guest' } }])
  opened()
  await pair.clock.advance(100)
  roles.answer()
  await pair.clock.advance(100)
  expect(topic.errors).toMatchObject([{ code: 'forbidden' }])
  expect(roles.asked).toEqual(['admin', 'guest'])
})

test('S39 a fresh token with fewer rights ends what is subscribed to, and one with the same rights leaves no hole', async () => {
  const roles = new Roles()
  const pair: Pair = makePair({
    hub: { ...roles.hub, authenticate: () => shortLived(pair, roles.hub.authenticate()) },
  })
  const { client, links } = await pair.connected({ token: 'any' })
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.advance(100)
  roles.answer()
  await pair.clock.advance(11_000)
  await pair.clock.settled(pair.hub.publish('room', 'while it is asked'))
  await pair.clock.advance(100)
  expect(topic.data).toEqual([])
  roles.answer()
  await pair.clock.advance(100)
  expect(topic.data).toEqual(['while it is asked'])
  roles.role = 'guest'
  await pair.clock.advance(10_000)
  await pair.clock.settled(pair.hub.publish('room', 'for admins'))
  roles.answer()
  await pair.clock.advance(100)
  expect(topic.data).toEqual(['while it is asked'])
  expect(topic.errors).toMatchObject([{ code: 'revoked' }])
  expect(links).toHaveLength(1)
})

test('a right that is checked while tokens are renewed is asked for once at a time', async () => {
  let asking = 0
  let most = 0
  const pair: Pair = makePair({
    hub: {
      authenticate: () => ({
        user: 'ana',
        context: {},
        expiresAt: pair.wallNow(pair.hubLoop) + 3_000,
      }),
      authorize: async () => {
        most = Math.max(most, ++asking)
        await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, 1_000))
        asking--
        return true
      },
    },
  })
  const { client, links } = await pair.connected({ token: 'any' })
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.settled(topic.subscription.ready)
  for (let number = 1; number <= 10; number++) {
    await pair.clock.settled(pair.hub.publish('room', number))
    await pair.clock.advance(2_000)
  }
  await pair.clock.advance(2_000)
  expect(topic.data).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(most).toBe(1)
  expect(links).toHaveLength(1)
})

test('rights that change faster than they can be checked are given up in time, and the hub’s log says so', async () => {
  let away = false
  const pair = makePair({
    hub: {
      authorize: async () => {
        if (away) await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, 2_000))
        return true
      },
    },
  })
  const { client } = await pair.connected()
  const topic = recordTopic(client, 'room', { from: 'start' })
  await pair.clock.settled(topic.subscription.ready)
  away = true
  const publish = watchSettlement(client.publish('room', 1))
  for (let times = 0; times < 12; times++) {
    void pair.hub.revoke({})
    await pair.clock.advance(1_000)
  }
  expect(publish).toMatchObject({ code: 'authorize_failed', outcome: 'replied' })
  expect(pair.logged.map(({ message }) => message)).toContain('authorize failed')
  away = false
  await pair.clock.settled(pair.hub.publish('room', 2))
  await pair.clock.until(() => topic.data.length === 1)
  expect(topic.errors).toEqual([])
})

test('a revocation that concerns others asks nobody else again', async () => {
  let asked = 0
  const pair = makePair({
    hub: {
      authenticate: () => ({ user: 'ana' }),
      authorize: async () => {
        asked++
        await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, 200))
        return true
      },
    },
  })
  const { client } = await pair.connected({ token: 'ana' })
  const publish = client.publish('room', 1)
  for (let times = 0; times < 5; times++) {
    void pair.hub.revoke({ user: 'ben' })
    await pair.clock.advance(90)
  }
  await pair.clock.settled(publish)
  expect(asked).toBe(1)
})

test('publishes that wait behind a slower one are asked about again all at once', async () => {
  const pair = makePair({
    hub: {
      authorize: async ({ topic }) => {
        const takesMs = topic === 'slow' ? 300 : 100
        await new Promise<void>((resolve) => void pair.hubLoop.setTimer(resolve, takesMs))
        return true
      },
    },
  })
  const { client } = await pair.connected()
  const publishes = Array.from({ length: 100 }, (_, place) => client.publish(place ? 'fast' : 'slow', place))
  const all = watchSettlement(Promise.all(publishes))
  await pair.clock.advance(200)
  await pair.clock.settled(pair.hub.revoke({}))
  await pair.clock.advance(1_000)
  expect(all.state).toBe('resolved')
})

test('an authorize that ends the session that asks leaves nothing', async () => {
  let ends = false
  const engine = engineWith(new MemoryAsks())
  let opened = (): void => {}
  const opening = new Promise<void>((resolve) => (opened = resolve))
  const pair: Pair = makePair({
    engine: () => ({ ...engine, open: (topic) => opening.then(() => engine.open(topic)) }),
    hub: {
      authorize: ({ session }) => {
        if (ends) pair.hub.disconnect(session.id)
        return true
      },
    },
  })
  const { client } = await pair.connected()
  recordTopic(client, 'room')
  await pair.clock.advance(100)
  ends = true
  void pair.hub.revoke({})
  opened()
  await pair.clock.until(() => client.state === 'closed')
  expect(pair.hub.stats()).toMatchObject({ subscriptions: 0, orphans: 0 })
})

import { expect } from 'vitest'
import { overEachTransport } from '../over-each-transport.ts'
import { RawClient } from '../raw-client.ts'
import { recordTopic } from '../recorded-topic.ts'
import { watchSettlement } from '../settlement.ts'

const { test, makePair, transport } = overEachTransport()

test('S1 the late close of a superseded link disturbs nobody', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  const session = client.session
  links[0]?.cut('client')
  await pair.clock.until(() => links.length === 2 && client.state === 'live')
  links[0]?.tellClosed('hub')
  await pair.clock.advance(5_000)
  expect(client.state).toBe('live')
  expect(client.session).toBe(session)
  expect(pair.hub.stats()).toMatchObject({
    links: 1,
    sessions: { live: 1, resting: 0 },
    subscriptions: 1,
    orphans: 0,
  })
  await pair.clock.settled(pair.hub.publish('room', 'still here'))
  await pair.clock.advance(100)
  expect(topic.data).toEqual(['still here'])
})

test('S1 what a superseded link still brings is done once, for its session', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  links[0]?.up.hold()
  const publish = client.publish('room', 'once')
  links[0]?.tellClosed('client')
  await pair.clock.until(() => links.length === 2 && client.state === 'live')
  links[0]?.up.release()
  const result = await pair.clock.settled(publish)
  await pair.clock.advance(5_000)
  expect(result).toMatchObject({ offset: 1, duplicate: false })
  expect(topic.data).toEqual(['once'])
  expect(pair.hub.stats().links).toBe(1)
})

test('S1 the hub destroys a superseded link whose client never answers', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const { deadlines } = pair.hub.stats()
  links[0]?.vanish()
  links[0]?.tellClosed('client')
  await pair.clock.until(() => links.length === 2 && client.state === 'live')
  await pair.clock.advance(1_100)
  expect(links[0]?.goneAt('hub')).toBe(true)
  expect(pair.hub.stats()).toMatchObject({ links: 1, sessions: { live: 1, resting: 0 }, deadlines })
})

test('S2 attempt 5 that arrives after attempt 6 is ended with superseded', async () => {
  const pair = makePair()
  const sixth = await RawClient.greeting(pair, { attempt: 6 })
  const fifth = await RawClient.greeting(pair, { attempt: 5 })
  await pair.clock.advance(100)
  expect(sixth.closed).toBe(false)
  expect(fifth.all('welcome')).toEqual([])
  expect(fifth.only('goodbye')).toMatchObject({ code: 'superseded', retry: false })
  expect(fifth.closed).toBe(true)
  expect(pair.hub.stats()).toMatchObject({ links: 1, sessions: { live: 1, resting: 0 } })
  sixth.close()
})

test('S2 of two links at once the higher attempt stays and no message comes twice', async () => {
  const pair = makePair()
  const subscriptions = [{ topic: 'room', intent: 1, from: 'start' }]
  const fifth = await RawClient.opened(pair)
  const sixth = await RawClient.opened(pair)
  fifth.hello({ attempt: 5, subscriptions })
  sixth.hello({ attempt: 6, subscriptions: [{ topic: 'room', intent: 2, from: 'start' }] })
  await pair.clock.advance(100)
  await pair.clock.settled(pair.hub.publish('room', 1))
  await pair.clock.advance(100)
  expect(fifth.only('goodbye')).toMatchObject({ code: 'superseded' })
  expect(fifth.all('message')).toEqual([])
  expect(sixth.all('message')).toHaveLength(1)
  expect(sixth.only('welcome')).toMatchObject({ resumed: true })
  expect(pair.hub.stats()).toMatchObject({ links: 1, sessions: { live: 1, resting: 0 } })
  sixth.close()
})

test('S2 another client object with a copied key gets a session of its own', async () => {
  const pair = makePair()
  const owner = await RawClient.greeting(pair, { instance: 'owner' })
  const { session } = owner.only('welcome')
  const copy = await RawClient.greeting(pair, {
    instance: 'copy',
    attempt: 7,
    session,
    producer: { id: 'another-producer-0123456789', highest: 0, open: [] },
  })
  expect(copy.only('welcome')).toMatchObject({ resumed: false })
  expect(copy.only('welcome')['session']).not.toEqual(session)
  await pair.clock.advance(20_000)
  expect(owner.closed).toBe(false)
  expect(copy.closed).toBe(false)
  expect(pair.hub.stats().sessions).toEqual({ live: 2, resting: 0 })
  owner.close()
  copy.close()
})

test('S6 a client that never says hello is dropped at the deadline', async () => {
  const pair = makePair()
  const raw = await RawClient.opened(pair)
  await pair.clock.advance(9_900)
  expect(raw.closed).toBe(false)
  await pair.clock.advance(200)
  expect(raw.only('goodbye')).toMatchObject({ code: 'hello_timeout', retry: true })
  expect(raw.closed).toBe(true)
  expect(pair.hub.stats()).toMatchObject({ links: 0, deadlines: 0, sessions: { live: 0, resting: 0 } })
})

test('S6 a socket whose peer is gone is destroyed a second after the deadline', async () => {
  const pair = makePair()
  await RawClient.opened(pair)
  const [link] = pair.network.links
  link?.vanish()
  await pair.clock.advance(11_100)
  expect(pair.hub.stats()).toMatchObject({ links: 0, deadlines: 0 })
  link?.tellClosed('client')
})

test('S7 a full hub refuses the next session with a time to come back, and admits a resume', async () => {
  const pair = makePair({ hub: { limits: { maxSessions: 2 } } })
  const first = await pair.connected()
  await pair.connected()
  const third = pair.connect()
  await pair.clock.until(() => third.client.state === 'waiting')
  expect(third.errors.at(-1)).toMatchObject({ code: 'sessions_full', retry: true })
  const { retryAfterMs } = third.errors.at(-1) ?? {}
  expect(retryAfterMs).toBeGreaterThanOrEqual(1_000)
  expect(third.client.retryAt).toBe(third.states.at(-1)?.retryAt)
  expect(third.states.at(-1)).toMatchObject({ to: 'waiting', reason: { code: 'sessions_full' } })

  const { session } = first.client
  await third.client.close()
  await pair.cutOff(first)
  pair.network.reach = 'hub'
  const fourth = await pair.connected()
  await pair.clock.until(() => first.client.state === 'live')
  expect(first.client.session).toBe(session)
  expect(fourth.client.state).toBe('live')
  expect(pair.hub.stats().sessions).toEqual({ live: 3, resting: 0 })
})

test('S7 sessions at rest count apart', async () => {
  const pair = makePair({ hub: { limits: { maxSessions: 2, maxRestingSessions: 3 } } })
  for (let reload = 0; reload < 10; reload++) {
    const raw = await RawClient.greeting(pair, {
      producer: { id: `reloaded-producer-${1_000 + reload}`, highest: 0, open: [] },
    })
    expect(raw.all('welcome')).toHaveLength(1)
    raw.close()
    await pair.clock.until(() => pair.hub.stats().links === 0)
  }
  expect(pair.hub.stats().sessions).toEqual({ live: 0, resting: 3 })
})

test('S28 half-open: both sides notice within the interval and 15 seconds', async () => {
  const pair = makePair()
  const { client, links, states } = await pair.connected()
  const lostAt = pair.clock.now
  links[0]?.vanish()
  pair.network.reach = 'refused'
  await pair.clock.until(() => client.state === 'waiting')
  expect(pair.clock.now - lostAt).toBeLessThanOrEqual(40_100)
  expect(states.at(-1)?.reason?.code).toBe('heartbeat_timeout')
  await pair.clock.until(() => pair.hub.stats().sessions.live === 0)
  expect(pair.clock.now - lostAt).toBeLessThanOrEqual(40_100)
  await pair.clock.advance(1_100)
  expect(pair.hub.stats().links).toBe(0)
})

test.each(['up', 'down'] as const)('S28 half-open, only what goes %s is lost', async (direction) => {
  const pair = makePair()
  const { client, link } = await pair.connected()
  const lostAt = pair.clock.now
  link.vanish(direction)
  pair.network.reach = 'refused'
  // What one side gives up the other is told by the connection's end or a goodbye. A poll can bring neither, so over
  // long-poll each judges for itself, from the last thing it heard.
  const since = (heard: 'up' | 'down'): number => {
    const last = link.frames.findLast((frame) => frame.direction === heard)
    return transport() === 'long-poll' ? Math.max(lostAt, last?.at ?? 0) : lostAt
  }
  await pair.clock.until(() => client.state === 'waiting')
  expect(pair.clock.now - since('down')).toBeLessThanOrEqual(40_100)
  await pair.clock.until(() => pair.hub.stats().links === 0)
  expect(pair.clock.now - since('up')).toBeLessThanOrEqual(41_200)
  expect(link.goneAt('hub')).toBe(true)
  pair.network.reach = 'hub'
  await pair.clock.until(() => client.state === 'live')
})

test('S28 a client does not wait for the close of a dead socket', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  links[0]?.vanish()
  const closed = watchSettlement(client.close())
  await pair.clock.advance(1_000)
  expect(closed.state).toBe('resolved')
  await pair.clock.advance(41_100)
  expect(pair.hub.stats().links).toBe(0)
})

test('S5 ten idle minutes: everybody stays, and only the stated heartbeats are on the wire', async () => {
  const pair = makePair()
  const { client, link, states } = await pair.connected()
  const topic = recordTopic(client, 'quiet')
  await pair.clock.settled(topic.subscription.ready)
  await pair.clock.advance(1_000)
  const before = link.frames.length
  const requestsBefore = link.http?.requests.length
  await pair.clock.advance(600_000)
  const types = link.frames
    .slice(before)
    .map(({ direction, text }) => `${direction} ${(JSON.parse(text) as { type: string }).type}`)
  expect(new Set(types)).toEqual(new Set(['down ping', 'up pong']))
  const intervals = 600_000 / 25_000
  expect(types.length).toBeLessThanOrEqual(2 * intervals)
  expect(types.length).toBeGreaterThanOrEqual(2 * 14)
  // Over HTTP each pong is a request, and each poll ends with a ping or after its wait of 25 s.
  const requests = (link.http?.requests ?? []).slice(requestsBefore).map(({ path }) => path)
  const sends = requests.filter((path) => path === '/send').length
  expect(sends).toBeLessThanOrEqual(intervals)
  expect(requests.length - sends).toBeLessThanOrEqual(transport() === 'long-poll' ? 2 * intervals : 0)
  expect(states.at(-1)?.to).toBe('live')
  await pair.clock.settled(pair.hub.publish('quiet', 'at last'))
  await pair.clock.advance(50)
  expect(topic.data).toEqual(['at last'])
})

test('S32 a hub that stalls for longer than the heartbeat drops no healthy client', async () => {
  const pair = makePair()
  const clients = [await pair.connected(), await pair.connected(), await pair.connected()]
  const last = clients[2]
  await pair.clock.until(() => (last?.link.count('down', 'ping') ?? 0) > 0)
  pair.hubLoop.stall(39_000)
  await pair.clock.advance(300_000)
  for (const { client, links } of clients) {
    expect(client.state).toBe('live')
    expect(links).toHaveLength(1)
  }
})

test('S32 a hub that stalls for minutes gets its clients back as they were', async () => {
  const pair = makePair()
  const { client, links } = await pair.connected()
  const topic = recordTopic(client, 'room')
  await pair.clock.settled(topic.subscription.ready)
  const { session } = client
  pair.hubLoop.stall(100_000)
  const publish = client.publish('room', 'through the stall')
  await pair.clock.advance(150_000)
  expect(client.state).toBe('live')
  expect(client.session).toBe(session)
  expect(links.length).toBeGreaterThan(1)
  expect(await publish).toMatchObject({ offset: 1 })
  expect(topic.data).toEqual(['through the stall'])
})

test('S32 a hub that stalls while clients shake hands drops none of them', async () => {
  const pair = makePair()
  const raw = await RawClient.opened(pair)
  pair.hubLoop.stall(12_000)
  raw.hello()
  await pair.clock.advance(13_000)
  expect(raw.all('welcome')).toHaveLength(1)
  raw.close()
})

test('S32 a client that stalls for longer than the heartbeat judges nobody when it wakes', async () => {
  const pair = makePair()
  const { client, link, links, loop } = await pair.connected()
  await pair.clock.until(() => link.count('up', 'pong') > 0)
  await pair.clock.advance(50)
  loop.stall(39_000)
  await pair.clock.advance(300_000)
  expect(client.state).toBe('live')
  expect(links).toHaveLength(1)
})

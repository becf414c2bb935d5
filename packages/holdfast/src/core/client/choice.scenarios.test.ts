import { describe, expect, test } from 'vitest'
import { departures } from '../../testing/client-machine.ts'
import { ClientWorld, type Condition } from '../../testing/client-world.ts'

const [webSocket, sse, longPoll] = [0, 1, 2] as const
const minute = 60_000

const transportsOf = (world: ClientWorld): number[] =>
  world.tries.filter(({ beside }) => !beside).map(({ transport }) => transport)
const rivalsOf = (world: ClientWorld): number[] =>
  world.tries.filter(({ beside }) => beside).map(({ transport }) => transport)
/** The times between tries that are not made at once. */
const waitsOf = (world: ClientWorld): number[] =>
  world.tries
    .map(({ at }, index) => at - (world.tries[index - 1]?.at ?? at))
    .filter((wait) => wait > 100)
    .map((wait) => Math.floor(wait / 1_000))

/** A client that was proved over a transport, and has lived there for a while. */
function settled(home: number, conditions: readonly Condition[] = ['works', 'works', 'works']): ClientWorld {
  const world = new ClientWorld(conditions, home)
  world.conditions.fill('refused', 0, home)
  world.start().run(35_000)
  expect(world.transport).toBe(home)
  world.conditions.splice(0, Infinity, ...conditions)
  world.tries.length = 0
  return world
}

describe('S26 the first connect', () => {
  test('[R57] WebSocket is refused: SSE at once', () => {
    const world = new ClientWorld(['refused', 'works', 'works']).start().run(100)
    expect([world.transport, transportsOf(world)]).toEqual([sse, [webSocket, sse]])
  })

  test('[R57] all are tried at once, then the client backs off, and again all are tried at once', () => {
    const world = new ClientWorld(['refused', 'refused', 'refused']).start().run(20_000)
    expect(transportsOf(world)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])
    expect(waitsOf(world)).toEqual([1, 2, 4, 8])
  })

  test('[R57] a hub that comes up late: the first that opens is used, for none was proved', () => {
    const world = new ClientWorld(['refused', 'works', 'works'])
    world.hub(false)
    world.start().run(10_000)
    world.hub(true)
    world.tries.length = 0
    world.run(10_000)
    expect(transportsOf(world)).toEqual([webSocket, sse])
  })

  test('[R43] a time that the hub names wins over trying the next at once', () => {
    const world = new ClientWorld(['works', 'works']).start()
    world.lose({ code: 'request_invalid', message: 'What?', retry: true, retryAfterMs: 3_000 })
    expect(world.state).toMatchObject({ name: 'waiting', retryAt: 3_000, choice: { transport: sse } })
  })

  test.each<[string, Condition, number]>([
    ['does not open', 'silent', 5_000],
    ['opens, but the welcome never comes', 'opens', 10_000],
    ['opens and answers pings, but the welcome never comes', 'pongs', 10_000],
    ['says welcome, but no pong comes', 'welcomes', 15_000],
  ])('[R57] WebSocket %s: SSE after its time', (_, condition, ms) => {
    const world = new ClientWorld([condition, 'works', 'works']).start().run(ms - 1)
    expect(transportsOf(world)).toEqual([webSocket])
    world.run(200)
    expect([world.transport, transportsOf(world)]).toEqual([sse, [webSocket, sse]])
  })

  test('WebSocket is cut after 2 s each time: SSE after three lives, the hub’s spread between them', () => {
    const world = new ClientWorld([2_000, 'works', 'works']).start().run(28_000)
    expect([world.transport, world.used]).toEqual([sse, [webSocket, webSocket, webSocket, webSocket, sse]])
  })

  test('WebSocket is cut after 2 s each time: it is tried in the background, ever more rarely', () => {
    const world = new ClientWorld([2_000, 'works']).start().run(60 * minute)
    const rivals = world.tries.filter(({ beside }) => beside).map(({ at }) => at)
    const pauses = rivals.slice(1).map((at, index) => Math.round((at - (rivals[index] ?? 0)) / 1_000))
    // Each life of 2 s, then home again, where it waits for 30 s times 2, 4, 8, 16 and no more.
    expect(pauses.slice(0, 6)).toEqual([62, 122, 242, 482, 482, 482])
    expect(world.run(10_000).transport).toBe(sse)
    world.conditions[webSocket] = 'works'
    expect(world.run(9 * minute).transport).toBe(webSocket)
  })

  test('a better one that relapses does not keep the next better one from being tried', () => {
    const world = new ClientWorld([2_000, 'works', 'works'], longPoll).start().run(4 * minute)
    expect(rivalsOf(world).slice(0, 2)).toEqual([webSocket, sse])
    expect(world.used.slice(0, 4)).toEqual([longPoll, webSocket, longPoll, sse])
  })

  test('[R58] a token that cannot be had in time speaks against no transport', () => {
    const world = new ClientWorld(['works', 'works'])
    world.tokenMs = minute
    world.start().run(25_000)
    expect(world.state).toMatchObject({ name: 'connecting', failures: 2 })
    world.lose({ code: 'token_failed', message: 'token() threw.', retry: true })
    world.tokenMs = 0
    world.run(10_000)
    expect([world.transport, new Set(transportsOf(world))]).toEqual([webSocket, new Set([webSocket])])
  })

  test('[R58] a goodbye speaks against no transport; that the hub heard nothing does', () => {
    const world = new ClientWorld(['works', 'works']).start()
    for (let goodbyes = 0; goodbyes < 5; goodbyes++) {
      world.run(minute, () => world.state.name === 'joining')
      world.lose({ code: 'sessions_full', message: 'Full.', retry: true, retryAfterMs: 100 })
    }
    world.run(minute, () => world.state.name === 'joining')
    expect(new Set(transportsOf(world))).toEqual(new Set([webSocket]))
    world.lose({ code: 'hello_timeout', message: 'No hello.', retry: true })
    expect(world.run(100).transport).toBe(sse)
  })

  test('[R58] what fails while the page is offline speaks against no transport', () => {
    const world = new ClientWorld(['silent', 'silent'])
    world.input({ type: 'wentOffline' })
    world.start().run(minute)
    expect(new Set(transportsOf(world))).toEqual(new Set([webSocket]))
    world.conditions.fill('works')
    world.input({ type: 'cameOnline' })
    expect(world.run(100).transport).toBe(webSocket)
  })

  test.each([webSocket, sse, longPoll])('[R61] begins with the one that is remembered (%i)', (home) => {
    const world = new ClientWorld(['works', 'works', 'works'], home).start().run(100)
    expect([world.transport, transportsOf(world)]).toEqual([home, [home]])
  })

  test('[R61] what is remembered and no longer works is left at once', () => {
    const world = new ClientWorld(['works', 'refused', 'works'], sse).start().run(100)
    expect(transportsOf(world)).toEqual([sse, longPoll])
  })
})

describe('S19 [R59] a restart moves nobody', () => {
  const worlds = [1, 2, 3].flatMap((count) => Array.from({ length: count }, (_, home) => [count, home]))

  /** The hub is away for so many attempts, and there again before the next, however soon that follows. */
  function restart(world: ClientWorld, failures: number): void {
    let left = failures
    world.onFailure = () => {
      if (--left === 0) world.hub(true)
    }
    if (failures === 0) world.hub(true)
  }

  test.each(worlds)(
    '%i transports, the one with index %i in use, however many attempts fail',
    (count, home) => {
      const conditions = Array.from({ length: count }, (): Condition => 'works')
      for (let failures = 0; failures <= 16; failures++) {
        for (const goodbye of [departures.lost, departures.directed]) {
          const world = settled(home, conditions)
          world.hub(false, goodbye)
          restart(world, failures)
          world.run(20 * minute, () => world.transport !== null).run(20_000)
          expect([failures, world.used]).toEqual([failures, [home, home]])
        }
      }
    },
  )

  test('[R59] three attempts fail with backoff before another transport is tried', () => {
    const world = settled(webSocket)
    world.hub(false)
    world.run(20_000)
    expect(transportsOf(world)).toEqual([0, 0, 0, 1, 2, 0, 1, 2, 0, 1, 2])
    expect(waitsOf(world)).toEqual([1, 2, 4, 8])
  })

  test('[R59] another that opens is let go for the proved one, once; then it is used', () => {
    const world = settled(webSocket, ['works', 'refused', 'works'])
    world.conditions[webSocket] = 'refused'
    world.lose()
    world.run(10_000)
    expect(transportsOf(world)).toEqual([0, 0, 0, 1, 2, 0, 2])
    expect([world.transport, waitsOf(world)]).toEqual([longPoll, [1, 2]])
  })

  test('[R59] in between, lives that are long enough clear the score', () => {
    const world = settled(webSocket)
    for (let outages = 0; outages < 5; outages++) {
      world.hub(false)
      world.run(10_000)
      world.hub(true)
      world.run(minute)
    }
    expect(new Set(world.used)).toEqual(new Set([webSocket]))
  })

  test('[R58] restarts that are announced, again and again within seconds, move nobody', () => {
    const world = settled(webSocket)
    for (let restarts = 0; restarts < 20; restarts++) {
      world.lose(departures.directed)
      world.run(3_000)
      expect(world.transport).toBe(webSocket)
    }
  })

  test('[R58] restarts just after a better one took over leave it where it is', () => {
    const world = new ClientWorld(['works', 'works'], sse).start()
    world.run(minute, () => world.transport === webSocket)
    world.lose(departures.directed)
    world.run(2_000)
    expect([world.transport, transportsOf(world)]).toEqual([webSocket, [sse, webSocket]])
  })
})

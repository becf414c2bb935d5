import { describe, expect, test } from 'vitest'
import { departures } from '../../testing/client-machine.ts'
import { ClientTrial } from '../../testing/client-trial.ts'
import { ClientWorld } from '../../testing/client-world.ts'
import type { ClientInput } from './state.ts'

const minute = 60_000
const woke: ClientInput = { type: 'woke' }
const putAway: ClientInput = { type: 'putAway' }
const cameOnline: ClientInput = { type: 'cameOnline' }
const wentOffline: ClientInput = { type: 'wentOffline' }

const live = (): ClientTrial => new ClientTrial().welcome().prove()

/** A link whose ping of 30 s of silence is not answered yet; it has 10 s for that. */
function probing(): ClientTrial {
  const trial = live()
  while (trial.count('ping') < 2) {
    trial.now = trial.deadline
    trial.tick()
  }
  return trial
}

describe('S30 the page is put away and shown again', () => {
  test.each<[string, () => ClientTrial]>([
    ['connecting', () => new ClientTrial()],
    ['joining', () => new ClientTrial().join()],
    ['live', live],
  ])('while %s: no link and no timer meanwhile, and one attempt when it is back', (_, make) => {
    const trial = make().take(putAway, putAway)
    expect(trial.state).toMatchObject({ name: 'waiting', reason: { code: 'page_hidden' } })
    expect([trial.count('abandon'), trial.deadline]).toEqual([1, Infinity])
    trial.now += 60 * minute
    trial.tick(true).take(woke, woke, cameOnline)
    expect(trial.state).toMatchObject({ name: 'connecting', failures: 0 })
    expect(trial.count('open')).toBe(2)
  })

  test('while waiting: the backoff stands still, and the page does not wait when it is back', () => {
    const trial = new ClientTrial().depart().take(putAway)
    expect(trial.deadline).toBe(Infinity)
    expect(trial.take(woke).state).toMatchObject({ name: 'connecting', failures: 1 })
  })

  test('[R43] while waiting for as long as the hub said: that goes on', () => {
    const trial = new ClientTrial().depart(departures.directed).take(putAway, woke)
    expect(trial.waitMs).toBe(740)
  })

  test('it is no failure of a transport, and a long life before counts', () => {
    const world = new ClientWorld(['works', 'works']).start().run(minute)
    for (let times = 0; times < 10; times++) {
      world.input(putAway)
      world.run(minute)
      world.input(woke)
      world.run(times % 2 ? 1_000 : minute)
      expect(world.state).toMatchObject({ name: 'live', failures: 0, choice: { transport: 0, strikes: 0 } })
    }
    expect(world.tries.filter(({ beside }) => beside)).toEqual([])
  })

  test('reconnectNow() works all the same', () => {
    expect(live().take(putAway, { type: 'reconnectRequested' }).state.name).toBe('connecting')
  })
})

describe('S30 offline and online', () => {
  test('a link that is dead is noticed within 5 s, and the client is back as soon as the page is online', () => {
    const world = new ClientWorld(['works', 'works']).start().run(minute)
    world.random = 0.9
    world.conditions.fill('silent')
    world.input(wentOffline)
    world.run(5_000)
    expect(world.state).toMatchObject({ name: 'waiting', reason: { code: 'heartbeat_timeout' } })
    world.run(10 * minute)
    world.conditions.fill('works')
    world.input(cameOnline)
    expect(world.run(100).transport).toBe(0)
    expect(new Set(world.tries.map(({ transport }) => transport))).toEqual(new Set([0]))
  })

  test('a link that lives on is kept', () => {
    const world = new ClientWorld(['works']).start().run(minute)
    world.input(wentOffline)
    world.run(minute)
    world.input(cameOnline)
    expect(world.run(minute).tries).toHaveLength(1)
  })
})

describe('S29 the machine sleeps, or its clock jumps', () => {
  /** As the driver reports it: an overdue timer, and that it is awake. */
  const awake: readonly [string, (trial: ClientTrial) => unknown][] = [
    ['the timer first', (trial) => trial.tick(true).take(woke)],
    ['the page first', (trial) => trial.take(woke).tick(true)],
  ]

  test.each(
    awake.flatMap(([order, wake]) =>
      [1_000, 8_500, 9_500, 60 * minute].map((sleptMs) => [order, sleptMs, wake] as const),
    ),
  )(
    '[R42] %s, after %d ms with a ping under way: there is a new one, and 5 s for its answer',
    (_, sleptMs, wake) => {
      for (const answers of [true, false]) {
        const trial = probing()
        trial.now = trial.deadline + sleptMs + 1
        const wokeAt = trial.now
        wake(trial)
        expect(trial.state.name).toBe('live')
        if (answers) trial.heardAt = wokeAt + 4_000
        while (trial.state.name === 'live' && trial.deadline < wokeAt + 10_000) {
          trial.now = trial.deadline
          trial.tick()
        }
        expect(trial.state.name).toBe(answers ? 'live' : 'waiting')
        if (!answers && sleptMs > 5_000) expect(trial.now - wokeAt).toBe(5_000)
        expect(trial.now - wokeAt).toBeLessThanOrEqual(10_000)
      }
    },
  )

  test('[R41] a stall that takes most of a ping’s time does not count against the link', () => {
    const trial = probing()
    trial.now = trial.deadline + 8_500
    trial.tick(true)
    trial.now += 2_000
    trial.tick()
    expect([trial.state.name, trial.count('ping')]).toEqual(['live', 3])
  })

  test('at most one reconnect, however long it slept', () => {
    const trial = live()
    trial.now += 600 * minute
    trial.take(woke).tick(true).leaveState()
    expect([trial.state.name, trial.count('abandon'), trial.count('open')]).toEqual(['waiting', 1, 1])
  })
})

describe('S29 a tab with one timer a minute', () => {
  const throttled = (world: ClientWorld): ClientWorld => {
    world.timersEveryMs = minute
    return world
  }

  test('loses no link that answers', () => {
    const world = throttled(new ClientWorld(['works', 'works'])).start()
    expect(world.run(240 * minute).tries).toHaveLength(1)
  })

  test('[R41] notices silence by the second late timer', () => {
    const world = throttled(new ClientWorld(['works']))
      .start()
      .run(minute + 1_000)
    world.conditions[0] = 'silent'
    const began = world.now
    world.run(10 * minute, () => world.state.name !== 'live')
    expect(world.now - began).toBeLessThanOrEqual(2 * minute)
  })

  test('[R41] gives up an attempt that meets silence by the second late timer, and goes on to the next transport', () => {
    for (const condition of ['silent', 'opens'] as const) {
      const world = throttled(new ClientWorld([condition, 'works'])).start()
      world.run(10 * minute, () => world.transport !== null)
      expect([world.transport, world.now <= 2 * minute + 1_000]).toEqual([1, true])
    }
  })
})

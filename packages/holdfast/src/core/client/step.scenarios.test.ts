import { describe, expect, test } from 'vitest'
import { clientMachine, departures, welcome } from '../../testing/client-machine.ts'
import { ClientTrial as Trial } from '../../testing/client-trial.ts'
import type { ErrorCode } from '../wire/error-codes.ts'
import { errorTable } from '../wire/error-table.ts'
import type { ClientInput, Departure } from './state.ts'

const link = (): Trial => new Trial().welcome().prove()

describe('reconnecting', () => {
  test('S14 error and close in quick succession, reconnectNow and online: one socket at a time', () => {
    const trial = link()
    const { attempt } = trial
    const departed: ClientInput = { type: 'departed', attempt, departure: departures.lost }
    trial.take(departed, departed, { type: 'reconnectRequested' }, { type: 'woke' }, { type: 'started' })
    trial.take({ type: 'reconnectRequested' }, departed)
    expect(trial.state).toMatchObject({ name: 'connecting', attempt: attempt + 1 })
    expect(trial.count('open')).toBe(2)
    trial.depart().take({ type: 'woke' }, { type: 'woke' }, { type: 'reconnectRequested' })
    expect(trial.count('open')).toBe(3)
  })

  const linkCodes = (Object.keys(errorTable) as ErrorCode[]).filter(
    (code) => errorTable[code].closeCode !== null,
  )

  test.each(linkCodes.filter((code) => !errorTable[code].retry))('S17 %s is final', (code) => {
    for (const trial of [
      new Trial({ canRefreshToken: false }).join(),
      new Trial({ canRefreshToken: false }).welcome(),
    ]) {
      trial.depart({ code, message: 'Why.', retry: false })
      expect(trial.state).toEqual({ name: 'closed', reason: { code, message: 'Why.' } })
      trial.take({ type: 'woke' }, { type: 'reconnectRequested' }, { type: 'started' }).tick()
      expect([trial.count('open'), trial.count('release')]).toEqual([1, 1])
    }
  })

  test.each(linkCodes.filter((code) => errorTable[code].retry))('S17 %s is tried again', (code) => {
    const trial = new Trial().welcome().depart({ code, message: 'Why.', retry: true })
    expect(trial.state).toMatchObject({ name: 'waiting', reason: { code, message: 'Why.' } })
    expect(trial.leaveState().state.name).toBe('connecting')
  })

  test('S17 [R45] a refused token is replaced once, at once; the second refusal in a row is final', () => {
    const trial = new Trial().join().depart(departures.unauthenticated)
    expect(trial.effects.at(-1)).toEqual({ type: 'open', attempt: 2, transport: 0, tokenRejected: true })
    trial.join().depart(departures.unauthenticated)
    expect(trial.state).toMatchObject({ name: 'closed', reason: { code: 'unauthenticated' } })
  })

  test('S31 [R45] welcome makes the token good: a refusal much later is the first again', () => {
    const trial = new Trial().join().depart(departures.unauthenticated).welcome().prove()
    trial.depart(departures.unauthenticated)
    expect(trial.effects.at(-1)).toEqual({ type: 'open', attempt: 3, transport: 0, tokenRejected: true })
  })

  test('S31 an expired token is refreshed once: the fresh one’s refusal is final', () => {
    const trial = link().depart(departures.expired).leaveState()
    expect(trial.effects.at(-1)).toEqual({ type: 'open', attempt: 2, transport: 0, tokenRejected: true })
    expect(trial.join().depart(departures.unauthenticated).state.name).toBe('closed')
  })
})

describe('backoff', () => {
  const seconds = [1, 2, 4, 8, 16, 30, 30]

  test.each([0, 0.5, 1 - Number.EPSILON])(
    'S18 [R44] is 1, 2, 4, 8, 16, 30, 30 s, each plus at most 30 %% (random %d)',
    (random) => {
      const trial = new Trial()
      trial.random = random
      const waits = seconds.map(() => {
        const { waitMs } = trial.depart()
        trial.leaveState()
        return waitMs
      })
      expect(waits).toEqual(seconds.map((second) => Math.round(second * 1_000 * (1 + 0.3 * random))))
    },
  )

  test('S18 [R42] goes on after links that were welcomed but never proved', () => {
    const trial = new Trial()
    const waits = seconds.map(() => {
      const { waitMs } = trial.welcome().depart()
      trial.leaveState()
      return waitMs
    })
    expect(waits).toEqual(seconds.map((second) => second * 1_000))
  })

  test('S18 [R42] starts again once a link has proved itself', () => {
    const trial = new Trial().depart().leaveState().depart().leaveState().depart().leaveState()
    trial.welcome().prove().depart().leaveState()
    expect(trial.depart().waitMs).toBe(1_000)
  })

  test.each([
    [0, 0],
    [0.25, 1_000],
    [1 - Number.EPSILON, 4_000],
  ])(
    'S19 [R44] the first retry after a proved link is spread over spreadMs (random %d: %d ms)',
    (random, waitMs) => {
      const trial = link()
      trial.random = random
      expect(trial.depart().waitMs).toBe(waitMs)
    },
  )

  test('[R43] the hub’s time wins, proved or not, and only reconnectNow comes before it', () => {
    const departure: Departure = { ...departures.directed, retryAfterMs: 55_000 }
    for (const trial of [new Trial().welcome(), link(), new Trial().join()]) {
      trial.depart(departure).take({ type: 'woke' })
      expect(trial.waitMs).toBe(55_000)
      expect(trial.take({ type: 'reconnectRequested' }).state.name).toBe('connecting')
    }
  })

  test('S18 maxAttempts failed attempts in a row end it with a reason', () => {
    const trial = new Trial({ maxAttempts: 3 }).depart().leaveState().depart().leaveState().depart()
    expect(trial.state).toEqual({
      name: 'closed',
      reason: { code: 'attempts_exhausted', message: 'Gave up after 3 failed attempts: Lost.' },
    })
  })

  test('S18 a link that proved itself does not count as a failed attempt', () => {
    const trial = new Trial({ maxAttempts: 1 })
    for (let lives = 0; lives < 5; lives++) trial.welcome().prove().depart().leaveState()
    expect(trial.state).toMatchObject({ name: 'connecting', attempt: 6 })
  })
})

describe('silence', () => {
  test('S28 [R40] a half-open link is given up after 40 s without waiting for its close', () => {
    const trial = link().leaveState()
    expect(trial.now - trial.heardAt).toBe(40_000)
    expect(trial.count('ping')).toBe(2)
    expect(trial.effects.at(-1)).toMatchObject({ type: 'abandon', reason: { code: 'heartbeat_timeout' } })
    const { state } = trial
    expect(trial.take({ type: 'departed', attempt: 1, departure: departures.lost }).state).toBe(state)
  })

  test('S28 [R42] a link that is welcomed and then dead is given up after 15 s, as a failure', () => {
    const trial = new Trial().welcome().leaveState()
    expect(trial.now).toBe(15_000)
    expect(trial.state).toMatchObject({ name: 'waiting', failures: 1, reason: { code: 'heartbeat_timeout' } })
  })

  test('S5 a healthy link on a quiet topic is kept for ever, with a ping every 30 s', () => {
    const trial = link()
    for (let pings = 1; pings < 100;) {
      trial.now = trial.deadline
      trial.tick()
      if (trial.count('ping') === pings) continue
      pings = trial.count('ping')
      trial.now += 100
      trial.heardAt = trial.now
      trial.take({ type: 'ponged', attempt: 1, id: pings })
    }
    expect(trial.state.name).toBe('live')
    expect(trial.now).toBeGreaterThan(99 * 30_000)
  })

  test.each([
    ['short intervals', { intervalMs: 5_000, timeoutMs: 60_000 }, 65_000],
    ['odd ones', { intervalMs: 1_000, timeoutMs: 1_000 }, 2_000],
  ])('S28 [R40] the bound holds for %s as well', (_, heartbeat, boundMs) => {
    const trial = new Trial().join()
    trial
      .take({ type: 'welcomed', attempt: 1, welcome: { ...welcome, heartbeat } })
      .prove()
      .leaveState()
    expect(trial.now - trial.heardAt).toBeCloseTo(boundMs)
  })

  test.each([10_500, 15_000, 60_000])(
    'S29 S32 [R41] a page that stands still for %d ms loses no link',
    (stallMs) => {
      const trial = link()
      while (trial.count('ping') < 2) {
        trial.now = trial.deadline
        trial.tick()
      }
      const armedFor = trial.deadline
      trial.now += stallMs
      trial.tick(trial.now - armedFor > 1_000)
      expect(trial.state.name).toBe('live')
    },
  )

  test('S29 one timer a minute: every tick is late, and no healthy link is lost', () => {
    const trial = link()
    for (let minutes = 0; minutes < 60; minutes++) {
      trial.now += 60_000
      trial.tick(true)
      trial.heardAt = trial.now + 50
    }
    expect(trial.state.name).toBe('live')
    expect(trial.count('open')).toBe(1)
  })

  test('S30 waking up, however often it is reported, causes one quick probe', () => {
    const trial = link()
    trial.now += 10_000
    trial.take({ type: 'woke' }, { type: 'woke' }, { type: 'wentOffline' })
    trial.now += 1
    trial.take({ type: 'woke' })
    expect(trial.count('ping')).toBe(2)
    const wokenAt = trial.now
    expect(trial.leaveState().now - wokenAt).toBeLessThanOrEqual(5_000)
  })

  test('S30 waking up while connecting or joining leaves the attempt alone', () => {
    for (const trial of [new Trial(), new Trial().join()]) {
      const { state } = trial
      trial.take({ type: 'woke' }, { type: 'wentOffline' }, { type: 'woke' })
      expect(trial.state).toEqual({ ...state, offline: true })
    }
  })
})

describe('closing', () => {
  test.each(Object.values(clientMachine.states))('S15 in $name ends closed, and nothing is left', (begin) => {
    const trial = new Trial()
    trial.state = begin
    trial.take({ type: 'closeRequested' }, { type: 'closeRequested' }).leaveState()
    expect(trial.state.name).toBe('closed')
    expect(trial.deadline).toBe(Infinity)
    expect(trial.count('release')).toBe(begin.name === 'closed' ? 0 : 1)
  })

  test('[R48] the hub is told once it may hold a session: after the hello', () => {
    expect(new Trial().take({ type: 'closeRequested' }).count('leave')).toBe(0)
    expect(new Trial().join().take({ type: 'closeRequested' }).count('leave')).toBe(1)
    expect(link().take({ type: 'closeRequested' }).count('leave')).toBe(1)
  })
})

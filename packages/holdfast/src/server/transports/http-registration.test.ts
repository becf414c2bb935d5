import { beforeEach, describe, expect, it } from 'vitest'
import { memory } from '../../engines/memory.ts'
import { helloFrame } from '../../testing/raw-link.ts'
import { RecordedExchange } from '../../testing/recorded-exchange.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { VirtualLoop } from '../../testing/virtual-loop.ts'
import { HubCore } from '../hub-core.ts'
import { hubStats } from '../hub-stats.ts'
import { settingsOf, type HubOptions } from '../options.ts'

let clock: VirtualClock
let loop: VirtualLoop
let core: HubCore

function startHub(options: HubOptions = {}): void {
  const random = new SeededRandom(1)
  clock = new VirtualClock()
  loop = new VirtualLoop(clock)
  core = new HubCore(settingsOf({ ...options, engine: memory() }), {
    now: loop.now,
    wallNow: loop.now,
    random: () => random.next(),
    randomName: () => random.name(),
    setTimer: loop.setTimer,
    defer: loop.defer,
  })
}
beforeEach(() => startHub())

function serve(exchange: RecordedExchange): RecordedExchange {
  core.http.serve(exchange)
  return exchange
}

const nameOf = ({ answered }: RecordedExchange): string => answered?.headers['holdfast-link'] ?? ''

/** A request of the uplink whose body has not come yet. */
function unread(name: string, sequence: number): RecordedExchange {
  const exchange = new RecordedExchange('/send', {
    'content-type': 'application/x-ndjson',
    'holdfast-link': name,
    'holdfast-sequence': String(sequence),
  })
  return serve(exchange)
}

function send(name: string, sequence: number, ...frames: object[]): RecordedExchange {
  const exchange = unread(name, sequence)
  exchange.arrive(frames.map((frame) => JSON.stringify(frame)).join('\n'))
  return exchange
}

function poll(name: string, received: number, wait?: number): RecordedExchange {
  const waiting = wait === undefined ? {} : { 'holdfast-wait': String(wait) }
  return serve(
    new RecordedExchange('/poll', {
      'holdfast-link': name,
      'holdfast-received': String(received),
      ...waiting,
    }),
  )
}

function openPoll(): string {
  return nameOf(serve(new RecordedExchange('/poll')))
}

function expectNothingLeft(): void {
  expect(hubStats(core)).toMatchObject({ links: 0, deadlines: 0, writing: 0, orphans: 0 })
  expect([...core.http.links]).toEqual([])
  expect(loop.timerCount).toBe(0)
}

describe('S4 a connection that goes away while its link is made', () => {
  it.each(['begin', 'write'] as const)('at the %s of its response: nothing is left', async (breaksAt) => {
    const exchange = new RecordedExchange('/sse')
    exchange.breaksAt = breaksAt
    serve(exchange)
    expectNothingLeft()
    await clock.advance(60_000)
    expectNothingLeft()
  })

  it('before it was looked at: nothing is made', () => {
    const exchange = new RecordedExchange('/sse')
    exchange.close()
    expect(serve(exchange).answered).toBeNull()
    expectNothingLeft()
  })

  it.each(['begin', 'write'] as const)('at the %s of a goodbye that it begins with', (breaksAt) => {
    startHub({ limits: { maxLinks: 1 } })
    serve(new RecordedExchange('/sse'))
    const late = new RecordedExchange('/sse')
    late.breaksAt = breaksAt
    serve(late)
    expect(hubStats(core)).toMatchObject({ links: 1, deadlines: 1, orphans: 0 })
  })

  it('while it is answered that a poll’s link was made: the link waits for its hello, and ends', async () => {
    const exchange = new RecordedExchange('/poll')
    exchange.breaksAt = 'answer'
    serve(exchange)
    expect(hubStats(core).links).toBe(1)
    await clock.advance(12_000)
    expectNothingLeft()
  })

  it('during authenticate: nothing is registered', async () => {
    let accept = (): void => {}
    startHub({ authenticate: () => new Promise((resolve) => (accept = () => resolve({ user: 'ada' }))) })
    const exchange = serve(new RecordedExchange('/sse'))
    send(nameOf(exchange), 1, helloFrame())
    exchange.close()
    accept()
    await clock.settle()
    expect(hubStats(core).sessions).toEqual({ live: 0, resting: 0 })
    expectNothingLeft()
  })

  it('[R50] once a close began a request of its uplink is refused before its body has come', () => {
    const name = openPoll()
    send(name, 1, { type: 'leave' })
    expect(unread(name, 2).answered).toMatchObject({ status: 410 })
  })

  it('while the answer to a request of its uplink is written: its frames count', async () => {
    const exchange = serve(new RecordedExchange('/sse'))
    const hello = unread(nameOf(exchange), 1)
    hello.breaksAt = 'answer'
    hello.arrive(JSON.stringify(helloFrame()))
    await clock.settle()
    expect(exchange.answered?.text).toContain('"type":"welcome"')
  })
})

describe('[R53] a poll that waits', () => {
  it('does so for 25 s at most, and holds a deadline of the hub’s one timer', async () => {
    startHub({ timeouts: { helloMs: 3_600_000 } })
    const name = openPoll()
    const waits = [
      [undefined, 25_000],
      [500, 500],
      [90_000, 25_000],
    ] as const
    for (const [wait, ms] of waits) {
      const waiting = poll(name, 0, wait)
      expect(loop.timerCount).toBe(1)
      await clock.advance(ms - 1)
      expect(waiting.answered).toBeNull()
      await clock.advance(1)
      expect(waiting.answered).toMatchObject({ status: 204, text: '' })
    }
    expect(hubStats(core).deadlines).toBe(1)
  })

  it('whose connection goes away stops waiting; the link goes on if another comes within 5 s', async () => {
    const name = openPoll()
    const lost = poll(name, 0)
    lost.close()
    send(name, 1, { type: 'ping', id: 1 })
    await clock.advance(4_900)
    expect(lost.answered).toBeNull()
    expect(poll(name, 0).answered?.text).toBe('data: {"type":"pong","id":1}\n\n')
    poll(name, 1)
    await clock.advance(4_900)
    expect(hubStats(core).links).toBe(1)
  })

  it('S7 whose connection goes away, and that nobody asks again, was the last: the link is gone after 5 s', async () => {
    const name = openPoll()
    poll(name, 0).close()
    await clock.advance(5_100)
    expect(hubStats(core)).toMatchObject({ links: 0, deadlines: 0, orphans: 0 })
    expect(poll(name, 0).answered?.status).toBe(410)
  })

  it('whose connection goes away while it is answered: the response is kept', async () => {
    const name = openPoll()
    const lost = poll(name, 0)
    lost.breaksAt = 'answer'
    send(name, 1, { type: 'ping', id: 1 })
    await clock.settle()
    const again = poll(name, 0)
    expect(again.answered).toEqual(lost.answered)
    expect(again.answered?.headers['holdfast-sequence']).toBe('1')
  })

  it('gets all that came meanwhile, and the goodbye, in one response', async () => {
    const name = openPoll()
    send(name, 1, { type: 'ping', id: 1 })
    await clock.settle()
    send(name, 2, { type: 'leave' })
    const last = poll(name, 0)
    expect(last.answered?.text).toMatch(/^data: .*"pong".*\n\ndata: .*"goodbye".*\n\n$/)
    expect(hubStats(core).links).toBe(1)
    last.close()
    expectNothingLeft()
  })

  it('S45 after the goodbye, while that is on its way, gets it again, or learns that the link has ended', async () => {
    const name = openPoll()
    send(name, 1, { type: 'leave' })
    const lost = poll(name, 0)
    const again = poll(name, 0)
    expect(again.answered?.text).toBe(lost.answered?.text)
    const next = poll(name, 1)
    expect(next.answered).toBeNull()
    again.close()
    expect(next.answered).toMatchObject({ status: 410 })
    expectNothingLeft()
  })

  it('S28 [R39] proves nothing of the uplink when it acknowledges: only frames count as life', async () => {
    const name = openPoll()
    send(name, 1, helloFrame())
    await clock.settle()
    poll(name, 0)
    await clock.advance(20_000)
    poll(name, 1)
    await clock.advance(21_100)
    expect(hubStats(core).sessions).toEqual({ live: 0, resting: 1 })
  })

  it('S5 a link that polls and says nothing ends by the heartbeat', async () => {
    const name = openPoll()
    send(name, 1, helloFrame())
    await clock.settle()
    poll(name, 0)
    for (let time = 0; time < 2; time++) {
      const waiting = poll(name, 1)
      await clock.until(() => waiting.answered !== null)
    }
    await clock.advance(42_000)
    expect(hubStats(core).links).toBe(0)
  })
})

it('a link that the hub forgot but the table did not would be an orphan', () => {
  const exchange = serve(new RecordedExchange('/sse'))
  expect(hubStats(core).orphans).toBe(0)
  for (const { events } of core.http.links) events?.closed()
  expect(hubStats(core).orphans).toBe(1)
  exchange.close()
  expect(hubStats(core).orphans).toBe(0)
})

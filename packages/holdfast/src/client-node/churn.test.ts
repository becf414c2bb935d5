import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { helloFrame, RawLink } from '../testing/raw-link.ts'
import { startHub, type RealHub } from '../testing/real-hub.ts'
import { until } from '../testing/until.ts'
import { upgradeByHand } from '../testing/upgrade-by-hand.ts'
import { connect } from './index.ts'

/** The scenario's 50,000 take half a minute and more; these find a leak of 1 KB each. */
const cycles = Number(process.env['HOLDFAST_CHURN_CYCLES'] ?? 2_000)
const atOnce = 20

const owner = new Owner()
afterEach(() => owner.closeAll())

const collectGarbage = globalThis.gc ?? (() => expect.fail('run with --expose-gc'))

interface Holdings {
  readonly hub: object
  readonly handles: object
  readonly listeners: object
  readonly fileDescriptors: number
}

function holdings({ hub, server, timers }: RealHub): Holdings {
  const handles: Record<string, number> = {}
  for (const resource of process.getActiveResourcesInfo()) {
    // Timers are counted by hub and client; the others here belong to the test's own waiting.
    if (resource !== 'Timeout' && resource !== 'Immediate') handles[resource] = (handles[resource] ?? 0) + 1
  }
  const { topics: _, ...stats } = hub.stats()
  return {
    hub: { ...stats, timers: timers.pending },
    handles,
    listeners: [server, process].map((emitter) =>
      emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]),
    ),
    fileDescriptors: readdirSync('/proc/self/fd').length,
  }
}

/** Waits until everything is as it was, and says what is not if it never becomes so. */
async function expectBackTo(before: Holdings, real: RealHub): Promise<void> {
  await until(() => JSON.stringify(holdings(real)) === JSON.stringify(before), 'all is as before').catch(
    () => {},
  )
  expect(holdings(real)).toEqual(before)
}

function heapUsed(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** One life of a connection, of which each kind ends in its own way. */
const lives: readonly ((real: RealHub) => Promise<void>)[] = [
  async function clientThatCloses({ url }) {
    const client = connect(url)
    await client.subscribe('room', {}, { message: () => {}, gap: () => {} }).ready
    await client.publish('room', 'hi')
    await client.close()
  },
  async function clientThatClosesWhileConnecting({ url }) {
    const client = connect(url)
    await inState(client, 'joining')
    await client.close()
  },
  async function linkThatIsReset({ url }) {
    const link = await RawLink.welcomed(url, { subscriptions: [{ topic: 'room', intent: 1, from: 'now' }] })
    await link.close()
  },
  async function linkThatNeverReadsItsWelcome({ port }) {
    const socket = upgradeByHand(port)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.resetAndDestroy()
  },
  async function halfHandshake({ port }) {
    const socket = upgradeByHand(port, `/holdfast HTTP/1.1\r\nHost: a\r\nX-Never: `)
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.resetAndDestroy()
  },
  async function helloAndGone({ url }) {
    const link = await RawLink.open(url)
    link.send(helloFrame())
    await link.close()
  },
]

async function churn(real: RealHub, count: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle += atOnce) {
    const turn = Math.floor(cycle / atOnce)
    await Promise.all(
      Array.from({ length: atOnce }, async (_, index) => lives[(turn + index) % lives.length]?.(real)),
    )
  }
  await until(() => real.hub.stats().links === 0, 'no link is left')
  await until(() => real.hub.stats().sessions.resting === 0, 'no session is left')
}

/** A hub that forgets sessions at once. */
const startForgetfulHub = async (): Promise<RealHub> => {
  const real = owner.own(await startHub({ timeouts: { sessionTtlMs: 10 } }))
  // What is kept starts the engine's timer, which then is there before as after.
  await real.hub.publish('kept', 'message')
  return real
}

describe('S3 connecting and disconnecting', () => {
  it('100 times in a row leaves listeners, handles, timers and file descriptors as they were', async () => {
    const real = await startForgetfulHub()
    const before = holdings(real)
    for (let cycle = 0; cycle < 100; cycle++) {
      const client = connect(real.url)
      await inState(client, 'live')
      await client.close()
    }
    await expectBackTo(before, real)
  })

  it(
    `${cycles} times, mixed with resets and half handshakes, leaves these and the heap as they were`,
    { timeout: 300_000 },
    async () => {
      const real = await startForgetfulHub()
      await churn(real, 600)
      const before = holdings(real)
      const heapBefore = heapUsed()
      await churn(real, cycles)
      await expectBackTo(before, real)
      expect((heapUsed() - heapBefore) / cycles).toBeLessThan(1_000)
    },
  )
})

import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ChildProgram } from '../testing/child-program.ts'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import type { HubReport } from '../testing/programs/hub-program.ts'
import { RawLink } from '../testing/raw-link.ts'
import { hubUrl, startHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import { connect, type Client } from './index.ts'

const owner = new Owner()
afterEach(async () => {
  vi.restoreAllMocks()
  await owner.closeAll()
})

const collectGarbage = globalThis.gc ?? (() => expect.fail('run with --expose-gc'))

describe('S16 a client that is dropped without close()', () => {
  it(
    'doesn’t keep the process alive once its link is gone, if nothing is to be done',
    { timeout: 30_000 },
    async () => {
      const real = owner.own(await startHub())
      const program = owner.own(await ChildProgram.run('idle-client', real.url))
      await until(() => real.hub.stats().sessions.live === 1, 'it is live')
      await real.close()
      expect(await program.exit()).toBe(0)
      expect(program.output).toBe('')
    },
  )

  it('keeps it alive, and comes back, if it subscribes to something', { timeout: 30_000 }, async () => {
    const real = owner.own(await startHub())
    const proxy = owner.own(await FaultProxy.before(real.port))
    const program = owner.own(await ChildProgram.run('idle-client', hubUrl(proxy.port), 'subscribed'))
    await until(() => real.hub.stats().subscriptions === 1, 'it has subscribed')
    proxy.cut()
    await until(() => real.hub.stats().subscriptions === 0, 'it is cut off')
    await until(() => real.hub.stats().subscriptions === 1, 'it is back')
    expect(program.running).toBe(true)
  })

  it('is closed with a warning when it is collected, if nobody would miss it', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const real = owner.own(await startHub())
    await (async () => {
      await inState(connect(real.url), 'live')
    })()
    await until(() => {
      collectGarbage()
      return real.hub.stats().links === 0
    }, 'it is closed')
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('without close()'))
    expect(real.hub.stats().sessions).toEqual({ live: 0, resting: 0 })
  })

  it('is closed with a warning when its last operation is done, if it was collected before', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const real = owner.own(await startHub())
    let finish = (): void => {}
    real.hub.onRequest('slow', () => new Promise<void>((resolve) => (finish = resolve)))
    const replies: unknown[] = []
    const dropped = await (async () => {
      const client = connect(real.url)
      void client.request('slow', null).then((reply) => replies.push(reply))
      await until(() => real.hub.stats().operations.running === 1, 'the hub is at it')
      return new WeakRef(client)
    })()
    await until(() => {
      collectGarbage()
      return dropped.deref() === undefined
    }, 'it is collected')
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    expect(real.hub.stats().links).toBe(1)
    finish()
    await until(() => real.hub.stats().links === 0, 'it is closed')
    expect(replies).toEqual([null])
    expect(warn).toHaveBeenCalledOnce()
  })

  it('goes on as long as it has subscriptions, handlers or operations', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const real = owner.own(await startHub())
    const kept: Client[] = []
    const offsets: number[] = []
    await (async () => {
      const client = connect(real.url)
      kept.push(client)
      const message = ({ offset }: { offset: number }): void => void offsets.push(offset)
      await client.subscribe('news', {}, { message, gap: () => {} }).ready
    })()
    const dropped = new WeakRef(kept.pop() as Client)
    for (let round = 0; round < 20; round++) {
      collectGarbage()
      await nextTurn()
    }
    await real.hub.publish('news', 1)
    await until(() => offsets.length === 1, 'its message has arrived')
    expect(warn).not.toHaveBeenCalled()
    await dropped.deref()?.close()
  })
})

describe('S11 a hub in a process of its own', () => {
  it(
    'closes while clients come and go, requests run and messages flow: all learn why and when to come back, and the process ends by itself',
    { timeout: 30_000 },
    async () => {
      const program = owner.own(await ChildProgram.run('hub-program'))
      const url = hubUrl(await program.next<number>())
      const clients = Array.from({ length: 20 }, () => owner.own(connect(url)))
      const requests: Promise<unknown>[] = []
      for (const client of clients) {
        client.subscribe('news', {}, { message: () => {}, gap: () => {} })
        requests.push(client.request('hang', null).catch((error: unknown) => error))
      }
      await Promise.all(clients.map((client) => inState(client, 'live')))
      program.tell('publish')
      let coming = true
      const comeAndGo = async (): Promise<void> => {
        while (coming) await RawLink.welcomed(url).then((link) => link.close(), nextTurn)
      }
      const comers = Promise.all([comeAndGo(), comeAndGo(), comeAndGo()])
      const reasons = clients.map(
        (client) =>
          new Promise((resolve) => {
            client.on('state', ({ to, reason, retryAt }) => {
              if (to === 'waiting') resolve({ code: reason?.code, hasTime: retryAt !== null })
            })
          }),
      )
      program.tell('close')
      expect(await Promise.all(reasons)).toEqual(clients.map(() => ({ code: 'hub_closing', hasTime: true })))
      expect(await program.exit()).toBe(0)
      expect(program.output).toBe('')
      coming = false
      await comers
      await Promise.all(clients.map((client) => client.close()))
      const outcomes = await Promise.all(requests)
      expect(outcomes).toEqual(clients.map(() => expect.objectContaining({ outcome: 'unknown' })))
    },
  )
})

describe('S32 a hub whose event loop stalls for longer than the heartbeat’s bound', () => {
  it('drops none of 50 healthy clients', { timeout: 30_000 }, async () => {
    const program = owner.own(await ChildProgram.run('hub-program', '300', '1000'))
    const url = hubUrl(await program.next<number>())
    const links = await Promise.all(Array.from({ length: 50 }, () => RawLink.welcomed(url)))
    for (const link of links) owner.own(link)
    const pings = (): number =>
      Math.min(...links.map(({ frames }) => frames.filter(({ type }) => type === 'ping').length))
    await until(() => pings() >= 1, 'the heartbeat runs')
    program.tell('stall 2500')
    await until(() => pings() >= 4, 'the heartbeat runs again', 15_000)
    program.tell('stats')
    const { stats, detached } = await program.next<HubReport>()
    expect({ detached, links: stats.links, sessions: stats.sessions }).toEqual({
      detached: 0,
      links: 50,
      sessions: { live: 50, resting: 0 },
    })
  })
})

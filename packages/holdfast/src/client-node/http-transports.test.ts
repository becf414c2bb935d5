import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HubOptions } from '../server/index.ts'
import { ChildProgram } from '../testing/child-program.ts'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { hubUrl, startHub, type RealHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import { connect, longPoll, sse, type Client } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

/** Connections that clients have open to the hub. */
let connections: Set<object>
beforeEach(() => {
  connections = new Set()
})

async function startCountingHub(options: HubOptions = {}): Promise<RealHub> {
  const real = owner.own(await startHub(options))
  real.server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  return real
}

const ignoreGap = (): void => {}

describe.each([
  { name: 'sse', make: sse },
  { name: 'longPoll', make: longPoll },
])('a client over $name', ({ name, make }) => {
  const connectTo = (url: string): Client => owner.own(connect(url, { transports: [make()] }))

  it('publishes and is told what was published', async () => {
    const real = await startCountingHub()
    const client = connectTo(real.url)
    const received: unknown[] = []
    const message = ({ data }: { data: unknown }): void => void received.push(data)
    await client.subscribe('room', {}, { message, gap: ignoreGap }).ready
    expect(await client.publish('room', 'grüße')).toMatchObject({ offset: 1 })
    await real.hub.publish('room', { from: 'hub' })
    await until(() => received.length === 2, 'both have arrived')
    expect(received).toEqual(['grüße', { from: 'hub' }])
  })

  it('asks and is asked', async () => {
    const real = await startCountingHub()
    const client = connectTo(real.url)
    real.hub.onRequest('double', (payload) => Number(payload) * 2)
    client.onRequest('locate', () => 'here')
    expect(await client.request('double', 21)).toBe(42)
    expect(await real.hub.request({ session: client.session ?? '' }, 'locate', null)).toBe('here')
  })

  it('gets thousands of messages and large ones, each once and in order, and sends them', async () => {
    const real = await startCountingHub()
    const client = connectTo(real.url)
    const lengths: number[] = []
    const offsets: number[] = []
    client.subscribe<string>(
      'room',
      {},
      {
        message: ({ data, offset }) => {
          lengths.push(data.length)
          offsets.push(offset)
        },
        gap: ignoreGap,
      },
    )
    const wanted = Array.from({ length: 2_000 }, (_, index) => (index % 200 === 0 ? 60_000 : index % 7))
    await Promise.all(wanted.map((length) => client.publish('room', 'ä'.repeat(length))))
    await until(() => offsets.length === wanted.length, 'all have arrived')
    expect(lengths).toEqual(wanted)
    expect(offsets).toEqual(wanted.map((_, index) => index + 1))
  })

  it('leaves no connection, session or link once it is closed', async () => {
    const real = await startCountingHub()
    const client = connectTo(real.url)
    await client.publish('room', 1)
    expect(connections.size).toBeGreaterThan(0)
    await client.close()
    await until(() => connections.size === 0, 'its connections are closed')
    expect(real.hub.stats()).toMatchObject({ links: 0, sessions: { live: 0, resting: 0 } })
  })

  it('leaves nothing if it is closed in any state on the way', async () => {
    const real = await startCountingHub()
    for (const state of ['connecting', 'joining', 'live'] as const) {
      const client = connectTo(real.url)
      await inState(client, state)
      await client.close()
      await until(() => connections.size === 0, `its connections are closed after ${state}`)
    }
    await until(() => real.hub.stats().links === 0, 'the hub has no link')
  })

  it('closes within its bound if the hub has gone silent, and leaves nothing', async () => {
    const real = await startCountingHub()
    const proxy = owner.own(await FaultProxy.before(real.port))
    const client = connectTo(hubUrl(proxy.port))
    await inState(client, 'live')
    proxy.freeze()
    await client.close()
    expect(client.state).toBe('closed')
  })

  it('loses and doubles nothing when its connections are cut and reset', { timeout: 30_000 }, async () => {
    const real = await startCountingHub()
    const proxy = owner.own(await FaultProxy.before(real.port))
    const client = connectTo(hubUrl(proxy.port))
    const received: unknown[] = []
    const executed: unknown[] = []
    real.hub.onRequest('count', (payload) => void executed.push(payload))
    const message = ({ data }: { data: unknown }): void => void received.push(data)
    client.on('state', ({ to }) => {
      if (to === 'waiting') client.reconnectNow()
    })
    await client.subscribe('room', {}, { message, gap: () => expect.fail('a gap') }).ready
    const requests: Promise<unknown>[] = []
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 50; index++) {
        requests.push(client.request('count', requests.length))
        await real.hub.publish('room', round * 50 + index)
      }
      if (round % 2 === 0) proxy.cut()
      else proxy.reset()
      await until(() => received.length === requests.length, 'all have arrived')
    }
    await Promise.all(requests)
    const all = Array.from({ length: 300 }, (_, index) => index)
    expect(received).toEqual(all)
    expect(executed).toEqual(all)
  })

  it('learns why the hub ended its session, though it was sending all the while', async () => {
    const real = await startCountingHub()
    for (let round = 0; round < 20; round++) {
      const client = connectTo(real.url)
      await inState(client, 'live')
      let sending = true
      const reason = new Promise((resolve) => {
        client.on('state', ({ to, reason }) => {
          sending = false
          resolve({ to, code: reason?.code })
        })
      })
      const send = (): void => {
        if (sending) client.publish('room', 1).then(send, () => {})
      }
      send()
      await client.publish('room', 2)
      real.hub.disconnect(client.session ?? '', { reason: 'enough', retry: false })
      expect(await reason).toEqual({ to: 'closed', code: 'disconnected' })
    }
  })

  it('lets the process end once its link is gone, if it was dropped', { timeout: 30_000 }, async () => {
    const real = await startCountingHub()
    const program = owner.own(await ChildProgram.run('idle-client', real.url, 'idle', name))
    await until(() => real.hub.stats().sessions.live === 1, 'it is live')
    expect(program.running).toBe(true)
    await real.close()
    expect(await program.exit()).toBe(0)
    expect(program.output).toBe('')
  })
})

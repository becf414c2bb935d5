import { afterEach, describe, expect, it } from 'vitest'
import { inState } from '../testing/client-state.ts'
import { Owner } from '../testing/owner.ts'
import { RawLink } from '../testing/raw-link.ts'
import { hubUrl, startHub } from '../testing/real-hub.ts'
import { FaultProxy } from '../testing/fault-proxy/fault-proxy.ts'
import { until } from '../testing/until.ts'
import { connect, type StateChange } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

describe('S28 packets vanish without an end of the connection', () => {
  it('both sides notice by themselves; the client does not wait for its dead socket, and comes back with what it missed', async () => {
    const real = owner.own(await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 150 } }))
    const deadEnd = owner.own(await FaultProxy.before(real.port))
    const client = owner.own(connect(hubUrl(deadEnd.port)))
    const offsets: number[] = []
    const gaps: unknown[] = []
    const message = ({ offset }: { offset: number }): void => void offsets.push(offset)
    await client.subscribe('room', {}, { message, gap: (gap) => void gaps.push(gap) }).ready
    // Then the link is proved too.
    await client.publish('elsewhere', 'hello')
    const changes: StateChange[] = []
    client.on('state', (change) => changes.push(change))

    deadEnd.freeze()
    await real.hub.publish('room', 'while it is dead')
    await until(() => real.hub.stats().sessions.live === 0, 'the hub has noticed')
    await inState(client, 'waiting')
    expect(changes[0]).toMatchObject({ from: 'live', to: 'waiting', reason: { code: 'heartbeat_timeout' } })
    expect(deadEnd.lineCount).toBe(1)
    expect(real.hub.stats().sessions).toEqual({ live: 0, resting: 1 })

    deadEnd.thaw()
    client.reconnectNow()
    await until(() => offsets.length === 1, 'the message that it missed is there')
    expect([offsets, gaps]).toEqual([[1], []])
  })
})

describe('S5 on a quiet topic', () => {
  it('a healthy client is never dropped, and a dead one is noticed without any broadcast', async () => {
    // Longer than a second, so that a stall of this process is recognised as such [R41].
    const real = owner.own(await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 1_200 } }))
    const healthy = owner.own(await RawLink.welcomed(real.url))
    const dead = owner.own(await RawLink.welcomed(real.url, {}, { answersPings: false }))
    expect(await dead.next('goodbye')).toMatchObject({ code: 'heartbeat_timeout', retry: true })
    expect(await dead.closed).toBe(4411)
    await until(
      () => healthy.frames.filter(({ type }) => type === 'ping').length >= 3,
      'three heartbeats passed',
    )
    expect(real.hub.stats()).toMatchObject({ sessions: { live: 1, resting: 1 }, orphans: 0 })
  })
})

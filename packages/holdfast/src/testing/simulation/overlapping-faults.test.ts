import { expect, test } from 'vitest'
import { websocket, type Client } from '../../client-node/index.ts'
import { simulate, type Simulation } from '../index.ts'

const minute = 60_000

/** A client over WebSocket alone that is live. */
async function liveClient(simulation: Simulation): Promise<Client> {
  simulation.startHub((createHub) => createHub().onRequest('echo', (value) => value))
  const client = simulation.connect({ transports: [websocket()] })
  await simulation.clock.until(() => client.state === 'live')
  return client
}

/** How long a request and its answer take over a new connection, in milliseconds. */
async function roundTrip({ clock, network }: Simulation, client: Client): Promise<number> {
  network.cut(client)
  await clock.until(() => client.state !== 'live')
  await clock.until(() => client.state === 'live')
  const before = clock.now
  await client.request('echo', 'x'.repeat(1_000))
  return clock.now - before
}

/** Whether the client is live once it had time to connect. */
async function comesBack({ clock }: Simulation, client: Client): Promise<boolean> {
  await clock.advance(minute)
  return client.state === 'live'
}

test('a repaired network does not bring a page online', () =>
  simulate({}, async (simulation) => {
    const { network, pages } = simulation
    const client = await liveClient(simulation)
    pages.goOffline(client)
    network.repair(client)
    expect(await comesBack(simulation, client)).toBe(false)
    pages.goOnline(client)
    expect(await comesBack(simulation, client)).toBe(true)
  }))

test('a page that comes online meets what the network does', () =>
  simulate({}, async (simulation) => {
    const { network, pages } = simulation
    const client = await liveClient(simulation)
    network.refuse(client)
    pages.goOffline(client)
    pages.goOnline(client)
    expect(await comesBack(simulation, client)).toBe(false)
    network.repair(client)
    expect(await comesBack(simulation, client)).toBe(true)
  }))

test('what ends a fault ends no other', () =>
  simulate({}, async (simulation) => {
    const { network, pages } = simulation
    const client = await liveClient(simulation)
    const ends = [
      network.slow(client, { latencyMs: 500 }),
      network.refuse(client),
      network.refuse(client, 'silence'),
      network.refuseUpgrades(client),
      network.bufferResponses(client),
      pages.goOffline(client),
    ]
    network.cut(client)
    for (const end of ends) {
      expect(await comesBack(simulation, client)).toBe(false)
      end()
      end()
    }
    expect(await comesBack(simulation, client)).toBe(true)
    expect(await roundTrip(simulation, client)).toBeLessThan(100)
  }))

test('of two faults of one name the last counts, and after it the one before', () =>
  simulate({}, async (simulation) => {
    const { network } = simulation
    const client = await liveClient(simulation)
    network.slow(client, { latencyMs: 900 })
    expect(await roundTrip(simulation, client)).toBe(1_800)
    const end = network.slow(client, { bytesPerMs: 10 })
    const slow = await roundTrip(simulation, client)
    expect(slow).toBeGreaterThan(200)
    expect(slow).toBeLessThan(500)
    end()
    expect(await roundTrip(simulation, client)).toBe(1_800)
    network.repair(client)
    expect(await roundTrip(simulation, client)).toBeLessThan(100)
  }))

test('what two faults hold back is released with the second', () =>
  simulate({}, async (simulation) => {
    const { clock, network } = simulation
    const client = await liveClient(simulation)
    const ends = [network.hold(client), network.hold(client, 'down')]
    let answered = false
    client.request('echo', 1).then(
      () => (answered = true),
      () => {},
    )
    ends[0]?.()
    await clock.advance(500)
    expect(answered).toBe(false)
    ends[1]?.()
    await clock.advance(500)
    expect(answered).toBe(true)
    network.hold(client)
    const late = client.request('echo', 2)
    network.release(client)
    expect(await late).toBe(2)
  }))

test('a page is shown again when nothing keeps it away', () =>
  simulate({}, async (simulation) => {
    const { pages } = simulation
    const client = await liveClient(simulation)
    const ends = [pages.putAway(client), pages.putAway(client)]
    ends[0]?.()
    expect(await comesBack(simulation, client)).toBe(false)
    ends[1]?.()
    expect(await comesBack(simulation, client)).toBe(true)
    pages.putAway(client)
    pages.wake(client)
    expect(await comesBack(simulation, client)).toBe(true)
  }))

test('a fault may concern all clients by name', () =>
  simulate({}, async (simulation) => {
    const { network } = simulation
    const client = await liveClient(simulation)
    network.refuse('all', 'silence')
    network.cut('all')
    expect(await comesBack(simulation, client)).toBe(false)
    network.repair('all')
    expect(await comesBack(simulation, client)).toBe(true)
  }))

test('chaos ends no fault but its own', async () => {
  await simulate({ runs: 10 }, async (simulation) => {
    const { clock, network } = simulation
    const client = await liveClient(simulation)
    network.refuse(client)
    network.cut(client)
    simulation.misbehave({ faults: ['slow', 'refuse', 'goOffline', 'bufferResponses', 'refuseUpgrades'] })
    await clock.until(() => client.state !== 'live')
    const gone = clock.until(() => client.state === 'live', 10 * minute)
    await expect(gone).rejects.toThrow('did not come to hold')
    await simulation.calm()
  })
})

test('chaos starts no hub but one that it killed', () =>
  simulate({}, async (simulation) => {
    const { clock, history } = simulation
    await liveClient(simulation)
    simulation.misbehave({ faults: ['killHub'] })
    await clock.until(() => history.some((line) => line.endsWith('hub: killed')))
    simulation.restartHub()
    simulation.killHub()
    const starts = (): number => history.filter((line) => line.endsWith('hub: started')).length
    const before = starts()
    await clock.advance(10 * minute)
    expect(starts()).toBe(before)
    await simulation.calm()
  }))

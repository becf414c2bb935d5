import { expect, test, vi } from 'vitest'
import { HoldfastError as ClientError, sse, type Client, type Message } from '../../client-node/index.ts'
import { memory } from '../../engines/memory.ts'
import { createHub, type Hub, type Identity } from '../../server/index.ts'
import { HoldfastError, simulate, SimulationError, type CreateHub, type Simulation } from '../index.ts'

const failure = (run: Promise<void>): Promise<SimulationError> =>
  run.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: SimulationError) => error,
  )

const startHub = (createHub: CreateHub): void => {
  createHub().onRequest('double', (value: number) => value * 2)
}

async function heard(simulation: Simulation, client: Client): Promise<Message[]> {
  const messages: Message[] = []
  const handlers = { message: (message: Message) => messages.push(message), gap: () => {} }
  await client.subscribe('t', { from: 'start' }, handlers).ready
  await simulation.clock.settle()
  return messages
}

test('time passes by itself while the application waits', async () => {
  const before = Date.now()
  let ended = 0
  await simulate({}, async (simulation) => {
    simulation.startHub(startHub)
    const client = simulation.connect()
    expect(await client.request('double', 21)).toBe(42)
    await simulation.clock.advance(3_600_000)
    expect(client.state).toBe('live')
    ended = simulation.clock.now
    expect(simulation.clock.wallNow).toBe(Date.UTC(2025, 0, 1) + Math.floor(ended))
  })
  expect(ended).toBeGreaterThan(3_600_000)
  expect(Date.now() - before).toBeLessThan(3_600_000)
})

test('nothing is lost over a reset, silence, a freeze, and being offline', async () => {
  await simulate({}, async (simulation) => {
    const { clock, network, pages } = simulation
    const hub = simulation.startHub(startHub)
    const client = simulation.connect()
    const messages = await heard(simulation, client)
    await simulation.calm()
    const faults: ((client: Client) => void)[] = [
      (each) => network.cut(each),
      (each) => network.vanish(each),
      (each) => network.hold(each, 'down'),
      (each) => pages.freeze(each, 30_000),
      (each) => pages.goOffline(each),
      (each) => pages.putAway(each),
    ]
    for (const [place, fault] of faults.entries()) {
      fault(client)
      await hub.publish('t', place)
      await clock.advance(50)
      expect(messages).toHaveLength(place)
      await simulation.calm()
      expect(messages.map(({ data }) => data)).toEqual(faults.slice(0, place + 1).map((_, index) => index))
    }
  })
})

test('a fault concerns the client that is named, or all', async () => {
  await simulate({}, async (simulation) => {
    simulation.startHub(startHub)
    const [one, other] = [simulation.connect(), simulation.connect()]
    await simulation.calm()
    simulation.network.cut(one)
    await simulation.clock.settle()
    expect([one.state, other.state]).toEqual(['waiting', 'live'])
    await simulation.calm()
    simulation.network.cut()
    await simulation.clock.settle()
    expect([one.state, other.state]).toEqual(['waiting', 'waiting'])
  })
})

test('the client falls back to what the network lets pass', async () => {
  await simulate({}, async (simulation) => {
    simulation.startHub(startHub)
    const client = simulation.connect()
    simulation.network.refuseUpgrades(client)
    await simulation.clock.until(() => client.transport === 'sse')
    simulation.network.bufferResponses(client)
    simulation.network.cut(client)
    await simulation.clock.until(() => client.transport === 'long-poll')
    await simulation.calm()
    await simulation.clock.until(() => client.transport === 'websocket', 3_600_000)
  })
})

test('the transports are those of the application, with their options', async () => {
  await simulate({}, async (simulation) => {
    simulation.startHub(startHub)
    const client = simulation.connect({ transports: [sse({ credentials: 'include' })] })
    expect(await client.request('double', 1)).toBe(2)
    expect(client.transport).toBe('sse')
    const strange = { name: 'carrier-pigeon', open: () => Promise.reject(new Error()) as never }
    expect(() => simulation.connect({ transports: [strange] })).toThrow(TypeError)
  })
})

test('a killed hub forgets, what the application keeps outside stays', async () => {
  await simulate({}, async (simulation) => {
    const disk: unknown[] = []
    let starts = 0
    const start = (createHub: CreateHub): void => {
      starts++
      const hub = createHub({ engine: memory(), authenticate: ({ token }) => ({ user: token }) })
      hub.onRequest('keep', (value) => disk.push(value))
    }
    const first = simulation.startHub(start)
    const client = simulation.connect({ token: 'ada' })
    await client.request('keep', 1)
    simulation.killHub()
    expect(() => simulation.hub).toThrow('no hub runs')
    await simulation.clock.until(() => client.state === 'waiting')
    const later = client.request('keep', 2)
    await simulation.clock.advance(5_000)
    expect(simulation.restartHub()).not.toBe(first)
    await later
    expect([disk, starts, client.subject]).toEqual([[1, 2], 2, { user: 'ada', tenant: null }])
  })
})

test('errors are of the same class everywhere', async () => {
  expect(HoldfastError).toBe(ClientError)
  await simulate({}, async (simulation) => {
    simulation.startHub(startHub)
    const refusal = simulation.connect().request('unknown', null)
    await expect(refusal).rejects.toBeInstanceOf(ClientError)
  })
})

test('the same seed gives the same history, another one another', async () => {
  const historyOf = async (seed: number): Promise<readonly string[]> => {
    let history: readonly string[] = []
    await simulate({ seed }, async (simulation) => {
      simulation.startHub(startHub)
      const clients = [simulation.connect(), simulation.connect()]
      simulation.misbehave()
      for (let round = 0; round < 20; round++) {
        clients[simulation.random.integer(0, 1)]?.publish('t', round).catch(() => {})
        await simulation.clock.advance(simulation.random.integer(0, 5_000))
      }
      await simulation.calm()
      history = simulation.history
    })
    return history
  }
  const first = await historyOf(7)
  expect(first.length).toBeGreaterThan(20)
  expect(await historyOf(7)).toEqual(first)
  expect(await historyOf(8)).not.toEqual(first)
})

test('each run has a seed of its own, and the one that fails is named', async () => {
  const seeds: number[] = []
  const run = async (simulation: Simulation): Promise<void> => {
    seeds.push(simulation.seed)
    simulation.startHub(startHub)
    if (simulation.seed === 13) throw new Error('unlucky')
  }
  const error = await failure(simulate({ seed: 11, runs: 10 }, run))
  expect(seeds).toEqual([11, 12, 13])
  expect(error).toBeInstanceOf(SimulationError)
  expect(error).toMatchObject({ seed: 13, cause: { message: 'unlucky' } })
  expect(error.message).toContain('HOLDFAST_SEED=13')
  expect(error.message).toContain('hub: started')
  vi.stubEnv('HOLDFAST_SEED', '13')
  expect(await failure(simulate({ runs: 5 }, run))).toMatchObject({ seed: 13 })
  expect(seeds).toEqual([11, 12, 13, 13])
  vi.stubEnv('HOLDFAST_SEED', 'x')
  await expect(simulate({}, run)).rejects.toThrow(TypeError)
  vi.unstubAllEnvs()
})

test('what travels takes 10 ms, and settling does not wait for it', async () => {
  await simulate({}, async (simulation) => {
    const hub = simulation.startHub(startHub)
    const messages = await heard(simulation, simulation.connect())
    await hub.publish('t', 1)
    const published = simulation.clock.now
    await simulation.clock.settle()
    expect(messages).toHaveLength(0)
    await simulation.clock.until(() => messages.length === 1)
    expect(simulation.clock.now - published).toBe(10)
  })
})

test('between runs there is time for real timers, such as the timeout of a test', async () => {
  let struck = false
  setTimeout(() => (struck = true), 1)
  await simulate({ runs: 3 }, async ({ seed }) => {
    const begun = performance.now()
    while (performance.now() < begun + 3);
    // The first run made the timer due, so it is over by the third at the latest.
    if (seed === 3) expect(struck).toBe(true)
  })
})

test('what a callback throws fails the run', async () => {
  const error = await failure(
    simulate({}, async (simulation) => {
      const hub = simulation.startHub(startHub)
      const message = (): void => {
        throw new Error('the reducer is broken')
      }
      await simulation.connect().subscribe('t', {}, { message, gap: () => {} }).ready
      await hub.publish('t', 1)
      await simulation.clock.advance(100)
    }),
  )
  expect(error.message).toContain('the reducer is broken')
})

test('an operation that is left behind fails the run', async () => {
  const error = await failure(
    simulate({}, async (simulation) => {
      simulation.startHub((createHub) => createHub().onRequest('never', () => new Promise(() => {})))
      const request = simulation.connect().request('never', null, { timeoutMs: 300_000 })
      request.catch(() => {})
      await simulation.clock.advance(1_000)
    }),
  )
  expect(error.message).toContain('1 running operations')
})

test('a timer and a wait that are left behind fail the run', async () => {
  const error = await failure(
    simulate({}, async ({ clock }) => {
      clock.setTimer(() => {}, 1_000_000_000)
      clock.until(() => false, 1_000_000_000).catch(() => {})
    }),
  )
  expect(error.message).toContain('1 timers of the application, 1 waits on the clock of the application')
})

test('a question that is left behind fails the run', async () => {
  const error = await failure(
    simulate({}, async (simulation) => {
      const hub = simulation.startHub(startHub)
      hub.ask({ user: 'ada' }, 'approve', null, { deadlineMs: 10_000_000 }).catch(() => {})
      await simulation.clock.advance(1_000)
    }),
  )
  expect(error.message).toContain('1 pending asks in the hub')
})

test('whoever waits for something outside is told so, unless time is held', async () => {
  const real = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 20, 'real'))
  const stuck = await failure(simulate({}, async () => void (await new Promise(() => {}))))
  expect(stuck.message).toContain('clock.hold')
  const late = simulate({ withinMs: 60_000 }, async (simulation) => {
    simulation.startHub(startHub)
    simulation.connect()
    await new Promise(() => {})
  })
  expect((await failure(late)).message).toContain('60000 ms')
  await simulate({}, async ({ clock }) => {
    expect(await clock.hold(real())).toBe('real')
    expect(clock.now).toBe(0)
    await expect(clock.hold(Promise.reject(new Error('no file')))).rejects.toThrow('no file')
  })
})

test('an application that waits for the real world is given what holds time', async () => {
  type Verify = (token: string | null) => Promise<Identity | null>
  const startTodoHub = (verify: Verify, create: typeof createHub = createHub): Hub =>
    create({ authenticate: ({ token }) => verify(token) })
  const verify: Verify = async (token) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token ?? ''))
    return { user: Buffer.from(digest).toString('hex').slice(0, 8) }
  }
  await simulate({}, async (simulation) => {
    const { clock } = simulation
    simulation.startHub((create) => startTodoHub((token) => clock.hold(verify(token)), create))
    const client = simulation.connect({ token: 'ada' })
    await clock.until(() => client.state === 'live', 1_000)
    expect(client.subject?.user).toMatch(/^[0-9a-f]{8}$/)
  })
})

test('several may wait at once, each for its own time', async () => {
  await simulate({}, async ({ clock }) => {
    const order: string[] = []
    const wait = async (ms: number): Promise<void> => {
      await clock.advance(ms)
      order.push(`${ms} at ${clock.now}`)
    }
    clock.setTimer(() => order.push('timer'), 15)
    clock.setTimer(() => order.push('cancelled'), 15)()
    await Promise.all([wait(30), wait(10), wait(20)])
    expect(order).toEqual(['10 at 10', 'timer', '20 at 20', '30 at 30'])
    await expect(clock.until(() => false, 100)).rejects.toThrow(/\(\) => false\n.*WebCrypto.*clock\.hold/)
    expect(clock.now).toBe(130)
    const broken = (): boolean => {
      throw new RangeError('broken')
    }
    await expect(clock.until(broken)).rejects.toThrow(RangeError)
    expect(() => clock.advance(Number.NaN)).toThrow(TypeError)
  })
})

test('works while a test has replaced the timers', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'queueMicrotask', 'Date'] })
  try {
    await simulate({}, async (simulation) => {
      simulation.startHub(startHub)
      const client = simulation.connect()
      await simulation.clock.advance(86_000_000)
      expect(client.state).toBe('live')
    })
  } finally {
    vi.useRealTimers()
  }
})

test('what cannot happen is not in the history', async () => {
  await simulate({}, async (simulation) => {
    expect(() => simulation.pauseHub(1_000)).toThrow('no hub runs')
    expect(() => simulation.restartHub()).toThrow('no hub was started')
    expect(simulation.history).toEqual([])
  })
})

test('a calm that does not come says why', async () => {
  const error = await failure(
    simulate({}, async (simulation) => {
      simulation.connect()
      await simulation.calm()
    }),
  )
  const { message, cause } = error.cause as Error
  expect(message).toMatch(/client 1 is .*clock\.hold/s)
  expect(String(cause)).toContain('this did not come to hold in time')
})

test('a client of another simulation is refused', async () => {
  await simulate({}, async (other) => {
    const foreign = other.connect()
    await simulate({}, async ({ network, pages, history }) => {
      const faults = [
        () => network.cut(foreign),
        () => network.vanish(foreign),
        () => network.hold(foreign),
        () => network.release(foreign),
        () => network.refuse(foreign),
        () => network.refuseUpgrades(foreign),
        () => network.bufferResponses(foreign),
        () => network.slow(foreign, {}),
        () => network.repair(foreign),
        () => pages.freeze(foreign, 1),
        () => pages.goOffline(foreign),
        () => pages.goOnline(foreign),
        () => pages.putAway(foreign),
        () => pages.wake(foreign),
      ]
      for (const fault of faults) expect(fault).toThrow(TypeError)
      expect(history).toEqual([])
    })
  })
})

test('bad options are refused', async () => {
  const run = (): Promise<void> => Promise.resolve()
  const imported = createHub()
  for (const options of [{ seed: 1.5 }, { runs: 0 }, { withinMs: -1 }])
    await expect(simulate(options, run)).rejects.toThrow(TypeError)
  await simulate({}, async (simulation) => {
    expect(() => simulation.misbehave({ faults: [] })).toThrow(TypeError)
    expect(() => simulation.misbehave({ meanMs: 0 })).toThrow(TypeError)
    for (const name of ['kill', 'toString'])
      expect(() => simulation.misbehave({ faults: [name as 'cut'] })).toThrow(
        new RegExp(`^there is no fault ${name}, there are cut, vanish, .*, killHub, pauseHub$`),
      )
    expect(() => simulation.restartHub()).toThrow('no hub was started')
    expect(() => simulation.startHub(() => imported)).toThrow(
      'the function made no hub: use the createHub that it is given',
    )
    expect(simulation.history).toEqual([])
    expect(() => simulation.startHub((createHub) => [createHub(), createHub()])).toThrow('one hub')
  })
  await imported.close()
})

import { expect, test } from 'vitest'
import { longPoll, sse, websocket, type Client, type HoldfastError } from '../../client-node/index.ts'
import { simulate, type FaultName, type Simulation } from '../index.ts'

/** What a subscriber was told: each message's place, and gaps. */
function follow(client: Client): { readonly heard: string[] } {
  const heard: string[] = []
  let next: { readonly epoch: string; readonly offset: number } | null = null
  client.subscribe<string>(
    't',
    { from: 'start' },
    {
      message: ({ epoch, offset, data }) => {
        if (next && (next.epoch !== epoch || next.offset !== offset)) heard.push('out of order')
        next = { epoch, offset: offset + 1 }
        heard.push(data)
      },
      gap: (gap) => {
        next = { ...gap.next }
        heard.push(`gap: ${gap.reason}`)
      },
    },
  )
  return { heard }
}

/** Two devices publish and read while things go wrong; returns what became of each message. */
async function talk(simulation: Simulation, clients: readonly Client[]): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>()
  for (let place = 1; place <= 25; place++) {
    const data = `message ${place}`
    simulation.random
      .pick(clients)
      .publish('t', data)
      .then(
        () => outcomes.set(data, 'done'),
        (error: HoldfastError) => outcomes.set(data, error.outcome ?? error.code),
      )
    await simulation.clock.advance(simulation.random.integer(0, 3_000))
  }
  await simulation.calm()
  return outcomes
}

const withoutDeaths: readonly FaultName[] = [
  ...(['cut', 'vanish', 'hold', 'refuse', 'refuseUpgrades', 'bufferResponses', 'slow'] as const),
  ...(['freeze', 'goOffline', 'putAway', 'pauseHub'] as const),
]

test.each([websocket(), sse(), longPoll()])(
  'over $name nothing is lost as long as the hub lives',
  async (transport) => {
    await simulate({ runs: 10 }, async (simulation) => {
      simulation.startHub((createHub) => createHub())
      const clients = [1, 2].map(() => simulation.connect({ transports: [transport] }))
      const followers = clients.map(follow)
      simulation.misbehave({ faults: withoutDeaths })
      const outcomes = await talk(simulation, clients)
      expect([...outcomes.values()].filter((outcome) => outcome !== 'done')).toEqual([])
      for (const { heard } of followers) {
        expect(heard.toSorted()).toEqual([...outcomes.keys()].toSorted())
      }
    })
  },
)

test('over all transports, what is lost with a hub is told', async () => {
  const told = new Set<string>()
  await simulate({ seed: 100, runs: 20 }, async (simulation) => {
    simulation.startHub((createHub) => createHub())
    const clients = [simulation.connect(), simulation.connect()]
    const followers = clients.map(follow)
    simulation.misbehave({ meanMs: 1_500 })
    const outcomes = await talk(simulation, clients)
    for (const outcome of outcomes.values()) told.add(outcome)
    expect(outcomes.size).toBe(25)
    for (const { heard } of followers) {
      const messages = heard.filter((each) => each.startsWith('message'))
      expect(new Set(messages).size).toBe(messages.length)
      expect(heard).not.toContain('out of order')
      const missing = [...outcomes].some(([data, outcome]) => outcome === 'done' && !messages.includes(data))
      if (missing) expect(heard).toContain('gap: epoch')
    }
  })
  expect([...told].toSorted()).toEqual(['done', 'unknown'])
})

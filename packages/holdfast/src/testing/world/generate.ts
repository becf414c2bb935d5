import { SeededRandom } from '../seeded-random.ts'
import { transportNames, type TransportName } from '../simulated-transport.ts'
import { generators, type Drawing } from './draw-steps.ts'
import { unsoundFaults } from './network-faults.ts'
import type { ClientSettings, Schedule, Step, WorldSettings } from './schedule.ts'

/**
 * Draws a schedule from a seed. Each seed allows only some kinds of actions and faults, so that combinations come up that are rare
 * where everything happens at once: without cuts, a message that is late is seen to be late.
 */
export function generate(seed: number): Schedule {
  const random = SeededRandom.of(seed, 'schedule')
  const clients = random.pick([1, 1, 1, 2, 2, 2, 2, 3, 3, 4])
  const over = random.pick(ways)
  const settings = drawSettings(
    random,
    Array.from({ length: clients }, (_, place) => drawClient(random, over, place)),
  )
  const soundNetwork = random.chance(0.2)
  const drawing: Drawing = { random, settings, clients, over, soundNetwork, tokens: 0, subscriptions: 0 }
  const kinds = allowed(random, soundNetwork)
  const steps: Step[] = []
  for (let client = 0; client < clients; client++)
    steps.push({ at: 0, ...generators.subscribe.draw(drawing, client) })
  const pace = random.pick(soundNetwork ? [100, 1_000, 10_000] : [20, 100, 300, 1_000])
  let at = 0
  for (let left = random.integer(6, random.pick([16, 32, 56])); left > 0; left--) {
    at += random.integer(0, random.chance(0.06) ? 30_000 : pace)
    const kind = random.pick(kinds)
    const step: Step = { at, ...generators[kind].draw(drawing, random.integer(0, drawing.clients - 1)) }
    const next = sequel(drawing, kinds, step)
    steps.push(step, ...(next ? [next] : []))
    at = next?.at ?? at
  }
  return { seed, settings, steps }
}

type Kind = keyof typeof generators

/** What follows where a race is likely, if anything does. */
function sequel(drawing: Drawing, kinds: readonly Kind[], step: Step): Step | null {
  const { random } = drawing
  if (step.do === 'answer' && kinds.includes('killHub') && random.chance(0.4)) {
    const at = step.at + random.integer(0, random.pick([50, 500]))
    return { ...generators.killHub.draw(drawing, 0), at }
  }
  if (step.do === 'subscribe' && step.leavesAfterMs !== undefined && random.chance(0.5)) {
    const { client, topic } = step
    const at = step.at + step.leavesAfterMs + random.integer(0, 50)
    return { ...generators.subscribe.draw(drawing, client), topic, at }
  }
  return null
}

type Way = readonly TransportName[]

/** What the clients of a world connect over. */
const ways: readonly Way[] = [
  ['websocket'],
  ['websocket'],
  ['sse'],
  ['long-poll'],
  transportNames,
  transportNames,
  ['websocket', 'long-poll'],
]

const users = ['ana', 'ana', 'ben', '']

const drawClient = (random: SeededRandom, over: Way, place: number): ClientSettings => ({
  over,
  user: place === 0 ? 'ana' : random.pick(users),
})

function drawSettings(random: SeededRandom, clients: readonly ClientSettings[]): WorldSettings {
  const tokenLifeMs = random.chance(0.25) ? random.pick([3_000, 20_000, 60_000]) : null
  return {
    clients,
    topics: random.chance(0.6) ? ['red'] : ['red', 'green'],
    retainedMessages: random.pick([5, 30, 1_000]),
    sessionTtlMs: random.pick([2_000, 30_000, 120_000]),
    maxOpenOperations: random.pick([1, 3, 1_024, 1_024]),
    outboxOperations: random.pick([5, 1_000, 1_000]),
    tokenLifeMs,
    network: random.pick([
      {},
      {},
      { latencyMs: random.integer(0, 300) },
      { latencyMs: random.integer(0, 50), segmentBytes: random.pick([7, 50, 300]) },
      { bytesPerMs: random.pick([1, 10]), kernelBytes: random.pick([500, 5_000]) },
    ]),
    // Each token brings a context of its own, and the next one comes at half of its life: a verdict that takes longer never counts [R36].
    authorizingMs: random.pick([0, 0, 0, 20, 500, 2_000].filter((ms) => ms < (tokenLifeMs ?? Infinity) / 2)),
    engineMs: random.pick([0, 0, 0, 0, 5, 1_000]),
    concludingMs: random.pick([0, 0, 20, 200]),
    lastingAsks: random.chance(0.6),
    asksAgain: random.chance(0.5),
    ...(random.chance(0.4) ? { answerTimeoutMs: random.integer(1, random.pick([100, 1_000])) } : {}),
    quietMs: random.chance(0.03) ? 120_000 : 0,
  }
}

/** What a world of questions has more of. */
const ofAsks: ReadonlySet<string> = new Set(['ask', 'answer'])

/** The kinds of steps that this world draws from, likelier ones more often. */
function allowed(random: SeededRandom, soundNetwork: boolean): Kind[] {
  const share = random.pick([0.2, 0.5, 0.9])
  const kinds: Kind[] = ['publish']
  const asking = random.chance(0.25)
  for (const [name, { weight }] of Object.entries(generators)) {
    const favoured = asking && ofAsks.has(name)
    if (!(random.chance(share) || favoured) || (soundNetwork && unsoundFaults.has(name))) continue
    for (let times = 0; times < weight * (favoured ? 3 : 1); times++) kinds.push(name as Kind)
  }
  return kinds
}

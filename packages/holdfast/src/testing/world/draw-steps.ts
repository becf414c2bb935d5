import type { SeededRandom } from '../seeded-random.ts'
import { transportNames, type TransportName } from '../simulated-transport.ts'
import type { Handling, OperationChoices, Step, StepOf, WorldSettings } from './schedule.ts'

/** A schedule that is being drawn. */
export interface Drawing {
  readonly random: SeededRandom
  readonly settings: WorldSettings
  readonly over: readonly TransportName[]
  /** Links are cut, and nothing worse happens to them. */
  readonly soundNetwork: boolean
  /** Clients there have been so far. */
  clients: number
  tokens: number
  subscriptions: number
}

type Drawn<Name extends Step['do']> = Omit<StepOf<Name>, 'at'>

interface Generator<Name extends Step['do']> {
  /** How often it is drawn where it is allowed. */
  readonly weight: number
  draw(drawing: Drawing, client: number): Drawn<Name>
}

const users = ['ana', 'ben']
/** Longer than any world lives: what settles by it has hung. */
const neverMs = 3_600_000

const nameNext = (drawing: Drawing): string => `t${++drawing.tokens}`
const topicOf = ({ random, settings }: Drawing): string => random.pick(settings.topics)

function choices(drawing: Drawing): OperationChoices {
  const { random } = drawing
  return {
    token: nameNext(drawing),
    timeoutMs: random.chance(0.15) ? random.integer(1, 3_000) : neverMs,
    ...(random.chance(0.08) ? { abortAfterMs: random.integer(0, 300) } : {}),
  }
}

const handling = ({ random }: Drawing): Handling => ({
  takesMs: random.chance(0.4) ? random.integer(1, random.pick([50, 2_000, 12_000])) : 0,
  ends: random.pick(['returned', 'returned', 'returned', 'rejected', 'thrown'] as const),
})

const actionGenerators = {
  publish: {
    weight: 6,
    draw: (drawing, client) => ({
      do: 'publish',
      client,
      topic: topicOf(drawing),
      ...choices(drawing),
      ...(drawing.random.chance(0.15) ? { idempotent: true } : {}),
    }),
  },
  burst: {
    weight: 1,
    draw: (drawing, client) => ({
      do: 'burst',
      client,
      topic: topicOf(drawing),
      count: drawing.random.integer(2, drawing.random.pick([5, 20])),
      ...choices(drawing),
    }),
  },
  hubPublish: {
    weight: 2,
    draw: (drawing) => ({
      do: 'hubPublish',
      topic: topicOf(drawing),
      token: nameNext(drawing),
      count: drawing.random.pick([1, 1, 3, 20]),
    }),
  },
  request: {
    weight: 3,
    draw: (drawing, client) => ({
      do: 'request',
      client,
      ...choices(drawing),
      ...handling(drawing),
      ...(drawing.random.chance(0.15) ? { idempotent: true } : {}),
    }),
  },
  hubRequest: {
    weight: 2,
    draw: (drawing, client) => ({ do: 'hubRequest', client, ...choices(drawing), ...handling(drawing) }),
  },
  subscribe: {
    weight: 2,
    draw: (drawing, client) => {
      const { random } = drawing
      drawing.subscriptions++
      const from = random.pick(['now', 'start', { last: random.integer(0, 5) }] as const)
      const iterator = { buffer: random.integer(1, 6), pauseMs: random.pick([0, 10, 500]) }
      return {
        do: 'subscribe',
        client,
        topic: topicOf(drawing),
        from,
        ...(random.chance(0.3) ? { iterator } : {}),
        ...(random.chance(0.25) ? { leavesAfterMs: random.integer(0, 200) } : {}),
      }
    },
  },
  unsubscribe: {
    weight: 1,
    draw: ({ random }, client) => ({ do: 'unsubscribe', client, subscription: random.integer(0, 2) }),
  },
  ask: {
    weight: 2,
    draw: (drawing) => {
      const { random } = drawing
      return {
        do: 'ask',
        token: random.chance(0.3) ? `q${random.integer(1, 2)}` : nameNext(drawing),
        users: random.chance(0.2) ? users : [random.pick(users)],
        keyed: random.chance(0.8),
        ...(random.chance(0.3) ? { deadlineMs: random.integer(1, 20_000) } : {}),
        ...(random.chance(0.1) ? { abortAfterMs: random.integer(0, 5_000) } : {}),
        judgedMs: random.chance(0.3) ? random.integer(1, random.pick([50, 3_000, 12_000])) : 0,
        rejections: random.chance(0.2) ? 1 : 0,
      }
    },
  },
  escalate: {
    weight: 1,
    draw: ({ random }) => ({ do: 'escalate', token: `q${random.integer(1, 2)}`, user: random.pick(users) }),
  },
  answer: {
    weight: 4,
    draw: (drawing, client) => ({
      do: 'answer',
      client,
      ask: drawing.random.pick([0, 0, 1]),
      token: nameNext(drawing),
    }),
  },
  reconnectNow: { weight: 1, draw: (_drawing, client) => ({ do: 'reconnectNow', client }) },
  prefer: {
    weight: 1,
    draw: ({ random }, client) => ({
      do: 'prefer',
      client,
      transport: random.pick([null, ...transportNames]),
    }),
  },
  close: { weight: 1, draw: (_drawing, client) => ({ do: 'close', client }) },
  connect: {
    weight: 1,
    draw: (drawing) => {
      drawing.clients++
      return { do: 'connect', over: drawing.over, user: drawing.random.pick(users) }
    },
  },
  signIn: {
    weight: 1,
    draw: ({ random, settings }, client) => ({
      do: 'signIn',
      client,
      user: random.pick(users),
      // Who is asked for no other token would stay who it was.
      cuts: settings.tokenLifeMs === null || random.chance(0.5),
    }),
  },
  disconnect: {
    weight: 1,
    draw: ({ random }, client) => ({ do: 'disconnect', client, retry: random.chance(0.85) }),
  },
  revoke: {
    weight: 1,
    draw: (drawing) => ({ do: 'revoke', user: drawing.random.pick(users), topic: topicOf(drawing) }),
  },
  grant: {
    weight: 1,
    draw: (drawing) => ({ do: 'grant', user: drawing.random.pick(users), topic: topicOf(drawing) }),
  },
  role: {
    weight: 2,
    draw: (drawing) => ({
      do: 'role',
      user: drawing.random.pick(['ana', 'ana', 'ben']),
      topic: topicOf(drawing),
      may: drawing.random.pick(['everything', 'everything', 'publish', 'subscribe', 'nothing']),
    }),
  },
} satisfies { readonly [Name in Step['do']]?: Generator<Name> }

const both = ['client', 'hub'] as const

const faultGenerators = {
  cut: {
    weight: 4,
    draw: ({ random, soundNetwork }, client) => ({
      do: 'cut',
      client,
      told: soundNetwork ? both : random.pick([both, both, ['client'], ['hub']] as const),
    }),
  },
  vanish: {
    weight: 2,
    draw: ({ random }, client) => ({
      do: 'vanish',
      client,
      directions: random.pick([['up', 'down'], ['up'], ['down']] as const),
    }),
  },
  hold: {
    weight: 2,
    draw: ({ random }, client) => ({ do: 'hold', client, direction: random.pick(['up', 'down']) }),
  },
  release: {
    weight: 2,
    draw: ({ random }, client) => ({ do: 'release', client, direction: random.pick(['up', 'down']) }),
  },
  loseResponse: {
    weight: 2,
    draw: ({ random }, client) => ({ do: 'loseResponse', client, to: random.pick(['poll', 'send']) }),
  },
  delaySend: {
    weight: 2,
    draw: ({ random }, client) => ({ do: 'delaySend', client, ms: random.integer(0, 60_000) }),
  },
  loseSend: { weight: 1, draw: (_drawing, client) => ({ do: 'loseSend', client }) },
  conditions: {
    weight: 1,
    draw: ({ random }) => ({
      do: 'conditions',
      network: {
        latencyMs: random.integer(0, 400),
        bytesPerMs: random.pick([1, 10, 1_000, 1_000_000]),
        kernelBytes: random.pick([500, 10_000, 262_144]),
        segmentBytes: random.pick([7, 100, 16_384]),
      },
    }),
  },
  reach: {
    weight: 1,
    draw: ({ random }) => ({ do: 'reach', reach: random.pick(['hub', 'hub', 'refused', 'silence']) }),
  },
  upgrades: {
    weight: 1,
    draw: ({ random }) => ({ do: 'upgrades', pass: random.pick(['hub', 'refused', 'silence']) }),
  },
  proxy: {
    weight: 1,
    draw: ({ random }) => ({ do: 'proxy', multiplexed: random.chance(0.5), buffering: random.chance(0.3) }),
  },
  freeze: {
    weight: 1,
    draw: ({ random }, client) => ({
      do: 'freeze',
      client,
      ms: random.integer(10, random.pick([500, 20_000, 60_000])),
    }),
  },
  pauseHub: {
    weight: 1,
    draw: ({ random }) => ({
      do: 'pauseHub',
      ms: random.pick([
        random.integer(10, 500),
        random.integer(10, 20_000),
        random.integer(20_000, 36_000),
        random.integer(10, 60_000),
      ]),
    }),
  },
  jumpClock: {
    weight: 1,
    draw: ({ random }, client) => ({
      do: 'jumpClock',
      client,
      ms: random.pick([-3_600_000, 30_000, 3_600_000]),
    }),
  },
  jumpHubClock: {
    weight: 1,
    draw: ({ random }) => ({ do: 'jumpHubClock', ms: random.pick([-60_000, 60_000]) }),
  },
  page: {
    weight: 2,
    draw: ({ random }, client) => ({
      do: 'page',
      client,
      event: random.pick(['woke', 'cameOnline', 'wentOffline', 'putAway']),
    }),
  },
  killHub: {
    weight: 1,
    draw: ({ random }) => ({ do: 'killHub', downMs: random.integer(0, 3_000) }),
  },
  closeHub: {
    weight: 1,
    draw: ({ random }) => ({
      do: 'closeHub',
      drainMs: random.integer(1, 2_000),
      downMs: random.integer(0, 3_000),
    }),
  },
  service: {
    weight: 2,
    draw: ({ random }) => ({
      do: 'service',
      which: random.pick(['authorize', 'authorize', 'authenticate', 'token', 'asks', 'engine']),
      count: random.integer(1, 3),
      takesMs: random.integer(0, random.pick([100, 3_000, 12_000])),
      fails: random.chance(0.3),
    }),
  },
} satisfies { readonly [Name in Step['do']]?: Generator<Name> }

export const generators: { readonly [Name in Step['do']]: Generator<Name> } = {
  ...actionGenerators,
  ...faultGenerators,
}

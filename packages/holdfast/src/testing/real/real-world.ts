import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ask } from '../../client/ask.ts'
import { HoldfastError } from '../../core/wire/errors.ts'
import { buildProgram, type BuiltProgram } from '../build-program.ts'
import { FaultProxy } from '../fault-proxy/fault-proxy.ts'
import { SeededRandom } from '../seeded-random.ts'
import { transportNames, type TransportName } from '../simulated-transport.ts'
import type { Attempt, AttemptDescription } from '../world/oracle/attempt.ts'
import { ClientOracle } from '../world/oracle/client-oracle.ts'
import { Services } from '../world/services.ts'
import type { RequestPayload } from '../world/world.ts'
import { EventLog } from './event-log.ts'
import { handleRequest } from './handle-request.ts'
import type { RecordedHubSettings } from './hub-command.ts'
import { HubProcess } from './hub-process.ts'
import { JournaledChronicle } from './journaled-chronicle.ts'
import { RealClient } from './real-client.ts'
import { Tally } from './tally.ts'

export interface RealWorldSettings {
  readonly seed: number
  readonly clients: number
  /** How long the hub may be paused. */
  readonly longestPauseMs: number
}

/**
 * A hub in a process of its own and real clients in this one, each behind a proxy of its own. What happens is drawn from a seed;
 * sockets and processes do not replay exactly, so the same seed gives the same kind of run, not the same run.
 */
export class RealWorld {
  readonly random: SeededRandom
  readonly topics: readonly string[]
  readonly users: readonly string[]
  readonly proxies: FaultProxy[] = []
  /** All that there ever were. */
  readonly clients: RealClient[] = []
  readonly attempts: Attempt[] = []
  readonly tally: Tally = new Tally()
  readonly log: EventLog
  readonly truth: JournaledChronicle
  readonly oracle: ClientOracle
  readonly #program: BuiltProgram
  readonly #began = performance.now()
  readonly #folder: string
  #hub: HubProcess | null = null
  #port = 0
  #tokens = 0
  #lives = 0

  private constructor(settings: RealWorldSettings, program: BuiltProgram, folder: string) {
    const { seed, clients, longestPauseMs } = settings
    this.random = SeededRandom.of(seed, 'real world')
    this.#program = program
    this.#folder = folder
    this.topics = namesOf('topic', Math.ceil(clients / 10))
    this.users = namesOf('user', Math.ceil(clients / 5))
    this.log = new EventLog(this.now)
    this.truth = new JournaledChronicle(this.#journal)
    const lives = (): number => this.#lives
    this.oracle = new ClientOracle({
      devices: this.clients,
      chronicle: this.truth,
      services: new Services(),
      outboxOperations,
      now: this.now,
      longestPauseMs,
      get hubEnded() {
        return lives() > 1
      },
      knowsSession: (session) => this.truth.knowsSession(session),
    })
  }

  /** Starts the hub, and all clients at once. */
  static async start(settings: RealWorldSettings): Promise<RealWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-real-'))
    const world = new RealWorld(settings, await buildProgram('recorded-hub'), folder)
    await world.startHub()
    for (let place = 0; place < settings.clients; place++) {
      const proxy = await FaultProxy.before(world.#port, world.random.integer(1, 1e9))
      world.proxies.push(proxy)
      world.connect(proxy)
    }
    return world
  }

  /** In milliseconds since the world began. */
  readonly now = (): number => performance.now() - this.#began

  /** The one that runs, or is paused; null: the last was killed, and the next has not started. */
  get hub(): HubProcess | null {
    return this.#hub
  }

  /** Those that are not over. */
  get open(): RealClient[] {
    return this.clients.filter(({ over }) => !over)
  }

  readonly nextToken = (): string => `t${++this.#tokens}`

  async startHub(): Promise<void> {
    const settings: RecordedHubSettings = { journal: this.#journal, port: this.#port, options: hubOptions }
    this.#lives++
    const hub = await HubProcess.start(this.#program.file, settings)
    this.#port = hub.port
    this.#hub = hub
    this.log.note(null, `started, life ${this.#lives}`)
    void hub.exited.then(() => {
      if (this.#hub === hub) this.oracle.reportOf('ending')(null, 'the process of the hub ended by itself')
    })
  }

  /** Its process dies with its memory. */
  async killHub(): Promise<void> {
    const hub = this.#hub
    if (!hub) return
    this.#hub = null
    this.log.note(null, 'killed')
    this.oracle.hubDied()
    await hub.kill()
  }

  /** The hub ends in order; resolves with its exit code, or the signal that ended it. */
  async closeHub(): Promise<unknown> {
    const hub = this.#hub
    this.#hub = null
    return await hub?.close()
  }

  /**
   * Connects a client behind a proxy: the first there, or one that follows another as after a reload.
   * @param user default: the next in turn
   */
  connect(proxy: FaultProxy, user?: string): RealClient {
    const index = this.clients.length
    const own = transportNames[index % transportNames.length] ?? 'websocket'
    const others = transportNames.filter((name) => name !== own)
    const over: readonly TransportName[] = this.random.chance(versatileShare) ? [own, ...others] : [own]
    const client = new RealClient({
      index,
      over,
      user: user ?? this.users[index % this.users.length] ?? '',
      proxy,
      outboxOperations,
      note: (what) => this.log.note(index, what),
    })
    this.log.note(index, `connects over ${over.join(', ')}`)
    this.clients.push(client)
    client.client.onRequest<RequestPayload>('request', (payload) =>
      handleRequest(payload, (token) => this.truth.executed(token)),
    )
    return client
  }

  async close(client: RealClient): Promise<void> {
    client.closing = true
    this.log.note(client.index, 'is closed by its application')
    await client.client.close()
    this.oracle.clientClosed(client)
  }

  begin(described: AttemptDescription): Attempt {
    const attempt = this.oracle.operations.begin(described)
    this.attempts.push(attempt)
    return attempt
  }

  /** Watches what becomes of an operation, and counts it. */
  watch(attempt: Attempt, promise: Promise<unknown>): void {
    this.oracle.operations.watch(attempt, promise)
    this.count(attempt.described.kind, promise)
  }

  /** Counts what becomes of something. */
  count(what: string, promise: Promise<unknown>): void {
    promise.then(
      () => this.tally.count(what, 'done'),
      (error: unknown) => this.tally.count(what, outcomeOf(error)),
    )
  }

  answer(client: RealClient, ask: Ask, value: string): void {
    const answered = ask.answer(value)
    this.oracle.asks.answered(client, ask, value, answered)
    this.count('answer', answered)
  }

  /** Leaves nothing behind, whatever happened. */
  async dispose(): Promise<void> {
    await this.#hub?.kill()
    await Promise.all(this.open.map(({ client }) => client.close()))
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
    this.truth.close()
    for (const folder of [this.#folder, this.#program.folder])
      await rm(folder, { recursive: true, force: true })
  }

  get #journal(): string {
    return join(this.#folder, 'journal')
  }
}

/** Each transport is a third of the clients' own; of each third so many also know the other two. */
const versatileShare = 0.25
const outboxOperations = 1_000

/** Short enough for a run of seconds to see silences judged, sessions end and messages pruned. */
const hubOptions: RecordedHubSettings['options'] = {
  heartbeat: { intervalMs: 2_500, timeoutMs: 2_500 },
  timeouts: { sessionTtlMs: 15_000 },
  retention: { messages: 30 },
}

const namesOf = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, place) => `${what}-${place}`)

const outcomeOf = (error: unknown): string =>
  error instanceof HoldfastError ? `${error.code}, ${error.outcome}` : String(error)

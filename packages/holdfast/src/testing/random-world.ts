import type { Client } from '../client/connect.ts'
import type { Position } from '../core/wire/frames.ts'
import type { Engine } from '../engines/engine.ts'
import { memory } from '../engines/memory.ts'
import { Pair, type PairClient, type PairOptions } from './pair.ts'
import type { TransportName } from './simulated-transport.ts'
import { iterateTopic, recordTopic, type RecordedTopic } from './recorded-topic.ts'
import { watchSettlement, type Settlement } from './settlement.ts'
import type { VirtualLoop } from './virtual-loop.ts'

/** An operation of the random test, and what its caller was told. */
interface Attempted {
  readonly token: string
  readonly kind: 'publish' | 'request' | 'asked'
  readonly idempotent: boolean
  readonly settlement: Settlement<unknown>
}

/** A subscription of the random test. */
interface Watched {
  readonly topic: string
  readonly recorded: RecordedTopic
  active: boolean
}

const topics = ['red', 'green', 'blue']
const last = 'the last message'

/** Clients that publish, ask and subscribe at random, and a record of what really happened. */
export class RandomWorld {
  readonly pair: Pair
  /** What each client connects over, best first. */
  readonly #over: readonly TransportName[]
  attempted: Attempted[] = []
  readonly watched: Watched[] = []
  /** How often each operation was executed, by its token. */
  readonly #executions = new Map<string, number>()
  /** Every message that was delivered, by its place. */
  readonly #delivered = new Map<string, unknown>()
  #tokens = 0

  /** @param over what each client connects over, best first */
  constructor(over: readonly TransportName[], options: PairOptions) {
    this.#over = over
    const authorize = async (): Promise<boolean> => {
      await this.#pause(this.pair.hubLoop, 0.1, 12_000)
      if (this.pair.random.chance(0.02)) throw new Error('the database is away')
      return true
    }
    this.pair = new Pair({
      ...options,
      hub: { ...options.hub, authorize },
      engine: () => this.#engine(),
      started: (hub) => void hub.onRequest('request', (token) => this.#execute(null, String(token))),
    })
  }

  addClient(): void {
    const { client } = this.pair.connect({ over: this.#over })
    client.onRequest('asked', (token) => this.#execute(client, String(token)))
    this.watch(client)
  }

  watch(client: Client): void {
    const { random } = this.pair
    const topic = random.pick(topics)
    const from = random.pick(['now', 'start', { last: random.integer(0, 5) }] as const)
    const { loop } = this.pair.clients.find((each) => each.client === client) ?? { loop: null }
    const recorded =
      loop && random.chance(0.3)
        ? iterateTopic(client, topic, { from, buffer: random.integer(1, 6) }, () =>
            this.#pause(loop, 0.3, 1_000),
          )
        : recordTopic(client, topic, { from })
    this.watched.push({ topic, recorded, active: true })
  }

  #unwatch(watched: Watched): void {
    watched.active = false
    watched.recorded.subscription.unsubscribe()
  }

  /** Sometimes takes a while. */
  async #pause(loop: VirtualLoop, probability: number, longestMs: number): Promise<void> {
    const { random } = this.pair
    if (!random.chance(probability)) return
    await new Promise<void>((resolve) => void loop.setTimer(resolve, random.integer(1, longestMs)))
  }

  /** One of the things that applications do. */
  act(): void {
    const { random, clients, hub } = this.pair
    const { client } = random.pick(clients)
    const token = `t${++this.#tokens}`
    const idempotent = random.chance(0.2)
    const timeoutMs = random.chance(0.2) ? random.integer(1, 3_000) : 600_000
    const controller = new AbortController()
    const options = { timeoutMs, signal: controller.signal }
    const kind = random.pick(['publish', 'publish', 'request', 'asked', 'subscribe'] as const)
    switch (kind) {
      case 'publish':
        this.#attempt(
          token,
          kind,
          idempotent,
          client.publish(random.pick(topics), token, { ...options, idempotent }),
        )
        break
      case 'request':
        this.#attempt(token, kind, idempotent, client.request('request', token, { ...options, idempotent }))
        break
      case 'asked':
        if (client.session) {
          this.#attempt(token, kind, false, hub.request({ session: client.session }, 'asked', token, options))
        }
        break
      case 'subscribe':
        if (random.chance(0.5)) this.watch(client)
        else if (this.watched.length > clients.length) this.#unwatch(random.pick(this.watched))
    }
    if (random.chance(0.1)) {
      this.pair.clock.schedule(this.pair.clock.now + random.integer(0, 300), 'io', this.pair.hubLoop, () =>
        controller.abort(),
      )
    }
  }

  /** One of the things that networks and machines do. */
  break(): void {
    const { random, clients, network, hub, hubLoop } = this.pair
    const { links, loop, client } = random.pick(clients)
    const link = links.at(-1)
    const faults: readonly (() => unknown)[] = [
      () => link?.cut(),
      () => link?.cut(),
      () => link?.cut('client'),
      () => link?.cut('hub'),
      () => link?.vanish(),
      () => link?.vanish('up'),
      () => link?.vanish('down'),
      () => link?.down.hold(),
      () => link?.up.hold(),
      () => link?.down.release(),
      () => link?.up.release(),
      () => link?.http?.loseResponse(random.pick(['poll', 'send'])),
      () => link?.http?.delaySend(random.integer(0, 60_000)),
      () => link?.http?.loseSend(),
      () => loop.stall(random.integer(10, 20_000)),
      () => hubLoop.stall(random.integer(10, 20_000)),
      () => client.reconnectNow(),
      () => hub.disconnect(client.session ?? '', { retry: true }),
      () => hub.disconnect(client.session ?? '', { retry: true }),
      () =>
        network.change({
          latencyMs: random.integer(0, 400),
          bytesPerMs: random.pick([1, 10, 1_000, Infinity]),
          kernelBytes: random.pick([500, 10_000, 262_144]),
          segmentBytes: random.pick([7, 100, 16_384]),
        }),
      () => {
        network.reach = random.pick(['hub', 'hub', 'refused', 'silence'])
      },
      () => {
        network.multiplexed = random.chance(0.5)
        network.buffering = random.chance(0.3)
      },
      () => this.#over.length > 1 && client.preferTransport(random.pick([null, ...this.#over])),
    ]
    random.pick(faults)()
  }

  /** The hub is restarted: in order, or its process dies. */
  async restart(): Promise<void> {
    const { random, clock, hub } = this.pair
    if (random.chance(0.4)) await clock.settled(hub.close({ drainMs: random.integer(1, 2_000) }), 60_000)
    this.pair.killHub()
    // Whoever asked in that process is gone with it.
    this.attempted = this.attempted.filter(
      ({ kind, settlement }) => kind !== 'asked' || settlement.state !== 'pending',
    )
    await clock.advance(random.integer(0, 3_000))
    this.pair.startHub()
  }

  /** From now on everything works. */
  calm(): void {
    const { network, clients, hubLoop } = this.pair
    network.reach = 'hub'
    network.buffering = false
    network.change({ latencyMs: 10, bytesPerMs: Infinity, kernelBytes: 262_144, segmentBytes: 16_384 })
    for (const { links, loop } of clients) {
      loop.stall(0)
      for (const { up, down } of links) {
        up.release()
        down.release()
      }
    }
    hubLoop.stall(0)
  }

  /** A last message to each topic, which every subscription has to get. */
  async publishLast(): Promise<void> {
    await this.pair.clock.settled(Promise.all(topics.map((topic) => this.pair.hub.publish(topic, last))))
    await this.pair.clock.advance(60_000)
  }

  /** What is not as it was promised. */
  faults(): string[] {
    return [
      ...this.attempted.flatMap((each) => this.#faultsOfOperation(each)),
      ...this.watched.flatMap((each, index) => this.#faultsOfSubscription(each, index)),
      ...this.pair.clients.flatMap((each, index) => faultsOfClient(each, index)),
    ]
  }

  /** Topics in memory, with a record of what was appended. */
  #engine(): Engine {
    const engine = memory()
    return {
      asks: engine.asks,
      start: (host) => engine.start(host),
      append: async (entries) => {
        const outcomes = await engine.append(entries)
        for (const [index, { data }] of entries.entries()) {
          if (outcomes[index]?.kind === 'accepted') this.#executed(JSON.parse(data) as string)
        }
        return outcomes
      },
      open: (topic) => engine.open(topic),
      stats: () => engine.stats(),
      close: () => engine.close(),
    }
  }

  #executed(token: string): void {
    this.#executions.set(token, (this.#executions.get(token) ?? 0) + 1)
  }

  async #execute(by: Client | null, token: string): Promise<string> {
    this.#executed(token)
    const { clients, hubLoop } = this.pair
    const loop = clients.find(({ client }) => client === by)?.loop ?? hubLoop
    await this.#pause(loop, 0.3, 2_000)
    return `done ${token}`
  }

  #attempt(token: string, kind: Attempted['kind'], idempotent: boolean, promise: Promise<unknown>): void {
    this.attempted.push({ token, kind, idempotent, settlement: watchSettlement(promise) })
  }

  #faultsOfOperation({ token, kind, idempotent, settlement }: Attempted): string[] {
    const { state, value, code, outcome } = settlement
    const told = `${kind} ${token}${idempotent ? ' (idempotent)' : ''}: ${state} ${code ?? ''} ${outcome ?? ''}`
    if (state === 'pending') return [told]
    const count = this.#executions.get(token) ?? 0
    const faults: string[] = []
    if (count > 1 && !idempotent) faults.push(`${told}, but executed ${count} times`)
    if (outcome === 'not_sent' && count > 0) faults.push(`${told}, but executed ${count} times`)
    const answered = kind === 'publish' || value === `done ${token}`
    if (state === 'resolved' && (count === 0 || !answered)) {
      faults.push(`${told} with ${JSON.stringify(value)}, but executed ${count} times`)
    }
    if (state === 'rejected' && outcome === undefined) faults.push(`${told}: no outcome`)
    return faults
  }

  #faultsOfSubscription({ topic, recorded, active }: Watched, index: number): string[] {
    const faults: string[] = []
    const fault = (text: string): void => void faults.push(`subscription ${index} to ${topic}: ${text}`)
    let at: Position | null = null
    for (const event of recorded.events) {
      if (event.type === 'gap') {
        const { after, next, lost } = event
        if (at && after?.epoch === at.epoch && after.offset !== at.offset)
          fault(`gap after ${after.offset}, not ${at.offset}`)
        if (after && lost !== null && lost !== next.offset - after.offset - 1) fault(`gap lost ${lost}`)
        at = { epoch: next.epoch, offset: next.offset - 1 }
        continue
      }
      const { epoch, offset, data } = event
      if (at && (at.epoch !== epoch || at.offset + 1 !== offset)) {
        fault(`${epoch}/${offset} after ${at.epoch}/${at.offset}`)
      }
      at = { epoch, offset }
      const place = `${topic}/${epoch}/${offset}`
      if (this.#delivered.has(place) && this.#delivered.get(place) !== data) fault(`two messages at ${place}`)
      this.#delivered.set(place, data)
    }
    if (active && recorded.data.at(-1) !== last) fault(`silent since ${at?.epoch}/${at?.offset}`)
    if (recorded.errors.length > 0) fault(`ended with ${recorded.errors.map(({ code }) => code).join()}`)
    return faults
  }
}

function faultsOfClient({ client }: PairClient, index: number): string[] {
  const faults: string[] = []
  if (client.state !== 'live') faults.push(`client ${index} is ${client.state}`)
  if (client.pending > 0) faults.push(`client ${index} has ${client.pending} pending`)
  return faults
}

import type { Ask } from '../../client/ask.ts'
import { rejection } from '../../core/wire/errors.ts'
import type { AskStore } from '../../engines/ask-store.ts'
import type { Engine } from '../../engines/engine.ts'
import { MemoryAsks } from '../../engines/memory/memory-asks.ts'
import type { Hub } from '../../server/hub.ts'
import type { AuthorizeRequest, Identity } from '../../server/options.ts'
import { Pair } from '../pair.ts'
import { outside } from '../virtual-clock.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import { BrokenHandler } from './broken-handler.ts'
import { Chronicle } from './chronicle.ts'
import { Device } from './device.ts'
import { Oracle } from './oracle/oracle.ts'
import { replyTo } from './oracle/operations.ts'
import type { HubState } from './oracle/witnesses.ts'
import { isSameRole, type Role } from './rights.ts'
import type { ClientSettings, Handling, Schedule, StepOf, WorldSettings } from './schedule.ts'
import type { Trace } from './trace.ts'
import { Services, type ServiceName } from './services.ts'
import { slowEngine } from './slow-engine.ts'

/** What a request carries. */
export interface RequestPayload extends Handling {
  readonly token: string
}

/**
 * The simulated world: one hub at a time and its clients, over virtual time and a network of bytes, with the real drivers and
 * machines on both sides. (The memory engine shares nothing between hubs, so several at once would be several worlds; what there
 * is beside one hub is the next one after its restart, which knows nothing, or only the asks.)
 */
export class World {
  readonly settings: WorldSettings
  readonly pair: Pair
  readonly devices: Device[] = []
  readonly chronicle: Chronicle
  readonly services: Services = new Services()
  readonly oracle: Oracle
  hubState: HubState = 'running'
  /** The present hub knows which asks its engine keeps. */
  hubHasLoaded = false
  /** A hub was told to close, or died, at least once. */
  hubEnded = false

  #trace: Trace | null = null

  constructor(schedule: Schedule) {
    const { seed, settings } = schedule
    this.settings = settings
    this.chronicle = new Chronicle(settings.lastingAsks ? new MemoryAsks() : undefined)
    const { retainedMessages, sessionTtlMs, maxOpenOperations, tokenLifeMs, authorizingMs, network } =
      settings
    this.pair = new Pair({
      seed,
      network,
      hub: {
        retention: { messages: retainedMessages },
        timeouts: { sessionTtlMs },
        limits: { maxOpenOperations },
        authenticate: (credentials) => {
          const { hubLoop } = this.pair
          const identify = (): Identity | null =>
            this.services.identityOf(credentials, tokenLifeMs, {
              now: hubLoop.now(),
              wallNow: this.pair.wallNow(hubLoop),
            })
          return this.services.call('authenticate', hubLoop, identify)
        },
        authorize: (request) => this.#authorize(request),
      },
      engine: () => this.#engine(),
      started: (hub) => this.#started(hub),
    })
    const { pair, devices, chronicle, services } = this
    if (authorizingMs > 0) services.troubled.add('authorize')
    this.oracle = new Oracle({
      pair,
      devices,
      chronicle,
      services,
      schedule,
      hubEnded: () => this.hubEnded,
      hubState: () => this.hubState,
    })
    this.oracle.hubStarted()
  }

  /** Has a trace told of everything from now on. */
  tracedBy(trace: Trace): void {
    this.#trace = trace
    this.pair.network.wiretap = trace
  }

  /** The client at a place; undefined: there is none yet. */
  device(index: number): Device | undefined {
    return this.devices[index]
  }

  connect(settings: ClientSettings): Device {
    const device = new Device(this.pair, this.services, settings, this.settings.outboxOperations)
    this.devices.push(device)
    const who = `client ${device.index}`
    const trace = this.#trace
    if (trace) {
      device.client.on('state', ({ from, to, reason }) =>
        trace.tell(who, `${from} → ${to}${reason ? ` (${reason.code})` : ''}`),
      )
      device.client.on('error', ({ code, message }) => trace.tell(who, `error ${code}: ${message}`))
    }
    device.client.onRequest<RequestPayload>('request', (payload) =>
      this.#handle(payload, device.pairClient.loop),
    )
    return device
  }

  async close(device: Device): Promise<void> {
    await device.close()
    this.oracle.clientClosed(device)
  }

  /** What an application waits for is no timer of Holdfast's. */
  async pause(loop: VirtualLoop, ms: number): Promise<void> {
    const { clock } = this.pair
    if (ms > 0)
      await new Promise<void>((resolve) => void clock.schedule(clock.now + ms, 'timer', loop, resolve))
  }

  ask(step: StepOf<'ask'>): void {
    const { token, users, keyed, deadlineMs, abortAfterMs, judgedMs } = step
    const { hub, hubLoop } = this.pair
    const stop = new AbortController()
    let rejections = step.rejections
    const pending = hub.ask<string>({ users }, 'question', token, {
      signal: stop.signal,
      ...(keyed ? { key: token } : {}),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      validate: async () => {
        await this.pause(hubLoop, judgedMs)
        if (rejections-- > 0) throw rejection('think_again')
        return true
      },
    })
    if (abortAfterMs !== undefined) void this.pause(hubLoop, abortAfterMs).then(() => stop.abort())
    this.oracle.asks.asked(step, { result: pending, id: () => pending.id }, stop)
  }

  answer(device: Device, ask: Ask, value: string): void {
    const { answerTimeoutMs: timeoutMs } = this.settings
    const promise = ask.answer(value, timeoutMs === undefined ? {} : { timeoutMs })
    this.oracle.asks.answered(device, ask, value, promise, timeoutMs)
  }

  /** The hub's process dies with its memory. */
  killHub(downMs: number): void {
    if (this.hubState === 'down') return
    this.hubState = 'down'
    this.hubEnded = true
    this.pair.killHub()
    this.oracle.hubDied()
    const { clock } = this.pair
    clock.schedule(clock.now + downMs, 'io', outside, () => {
      this.pair.startHub()
      this.oracle.hubStarted()
      this.hubState = 'running'
      if (this.settings.asksAgain) for (const step of this.oracle.asks.takeUnanswered()) this.ask(step)
    })
  }

  closeHub(drainMs: number, downMs: number): void {
    if (this.hubState !== 'running') return
    this.hubState = 'closing'
    this.hubEnded = true
    const { life } = this.chronicle
    void this.pair.hub.close({ drainMs }).then(() => {
      // It may have died on the way.
      if (this.chronicle.life === life) this.killHub(downMs)
    })
  }

  #engine(): Engine {
    const loop = (): VirtualLoop => this.pair.hubLoop
    const { engineMs, concludingMs } = this.settings
    const engine = slowEngine(this.chronicle.engine(), () => this.#serve('engine', engineMs, () => null))
    const judged: Engine = {
      ...engine,
      append: (entries) => {
        this.oracle.rights.appends(entries)
        return engine.append(entries)
      },
    }
    this.hubHasLoaded = false
    const { asks, ...rest } = this.services.concluding(
      judged,
      loop,
      () => this.pause(loop(), concludingMs),
      () => this.hubState,
    )
    const load: AskStore['load'] = async () => {
      const kept = await asks.load()
      await this.pause(loop(), engineMs)
      this.hubHasLoaded = true
      return kept
    }
    return { ...rest, asks: { ...asks, load } }
  }

  /** What it says is what was right when it was asked, however long it takes to say so. */
  #authorize(request: AuthorizeRequest): boolean | Promise<boolean> {
    const { rights } = this.services
    const allowed = rights.allows(request)
    const { id, context } = request.session
    return this.#serve('authorize', this.settings.authorizingMs, () => {
      const session = this.pair.hubCore.parts.sessions.get(id)
      const isCurrent = session && isSameRole(session.info.context as Role, context as Role)
      if (!allowed && isCurrent) rights.refused(request, this.pair.clock.now)
      return allowed
    })
  }

  /** What a service of the hub comes to: as fast as it ever is, if there is no trouble. */
  #serve<Value>(which: ServiceName, fastestMs: number, value: () => Value): Value | Promise<Value> {
    // A process that is gone waits for nothing.
    if (this.hubState === 'down') return new Promise<never>(() => {})
    const loop = this.pair.hubLoop
    const answer = (): Value | Promise<Value> => this.services.call(which, loop, value)
    return fastestMs === 0 ? answer() : this.pause(loop, fastestMs).then(answer)
  }

  #started(hub: Hub): void {
    hub.onRequest<RequestPayload>('request', (payload) => this.#handle(payload, this.pair.hubLoop))
  }

  async #handle({ token, takesMs, ends }: RequestPayload, loop: VirtualLoop): Promise<string> {
    this.chronicle.executed(token)
    await this.pause(loop, takesMs)
    if (ends === 'rejected') throw rejection('not_today')
    if (ends === 'thrown') throw new BrokenHandler()
    return replyTo(token)
  }
}

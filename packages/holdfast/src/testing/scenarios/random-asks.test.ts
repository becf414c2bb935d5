import { expect, test } from 'vitest'
import type { Ask } from '../../client/ask.ts'
import { rejection } from '../../core/wire/errors.ts'
import { byToken } from '../asked-world.ts'
import { makingPairs } from '../pair-fixture.ts'
import type { Pair, PairClient } from '../pair.ts'
import { watchSettlement, type Settlement } from '../settlement.ts'
import { transportNames } from '../simulated-transport.ts'

const makePair = makingPairs()

const users = ['ana', 'ben', 'cleo', 'dan']
const count = 10_000

/** Codes with which an ask may end for who asked, and an answer for who gave it. */
const endings = ['aborted', 'ask_expired']
const refusals = [
  'already_answered',
  'ask_cancelled',
  'ask_expired',
  'ask_unknown',
  'rejected',
  'handler_failed',
  'timeout',
]

interface Asked {
  readonly token: string
  readonly settlement: Settlement<{ readonly value: unknown }>
  readonly answers: { readonly value: string; readonly settlement: Settlement<unknown> }[]
}

/** Devices that answer late, twice, or not at all, and lose their links all the time. */
class AskingCrowd {
  readonly pair: Pair
  readonly asked = new Map<string, Asked>()
  #answers = 0

  constructor(seed: number) {
    this.pair = makePair({
      seed,
      hub: {
        authenticate: byToken,
        limits: { maxAsks: count, maxAsksOfUser: 1_000, maxEndedAsks: 2 * count },
        timeouts: { sessionTtlMs: 20_000 },
      },
    })
  }

  addDevice(user: string): PairClient {
    const device = this.pair.connect({ token: user, over: transportNames })
    device.client.onAsk('approve', (ask) => this.#prompt(device, ask as Ask<string>))
    return device
  }

  ask(): void {
    const { random, hub } = this.pair
    const token = `q${this.asked.size}`
    const stop = new AbortController()
    const target = random.chance(0.2)
      ? { users: [random.pick(users), random.pick(users)] }
      : { user: random.pick(users) }
    const asked = hub.ask<string>(target, 'approve', token, {
      signal: stop.signal,
      ...(random.chance(0.5) ? { key: token } : {}),
      // The last to answer does, once all is calm.
      deadlineMs: random.chance(0.2) ? random.integer(1, 20_000) : 3_600_000,
      validate: (answer, { signal }) => this.#judge(answer, signal),
    })
    this.asked.set(token, { token, settlement: watchSettlement(asked), answers: [] })
    if (random.chance(0.05)) this.#later(random.integer(0, 10_000), () => stop.abort())
    if (random.chance(0.1)) {
      this.#later(
        random.integer(0, 5_000),
        () => void hub.escalate(asked.id, { user: random.pick(users) }).catch(() => {}),
      )
    }
  }

  /** Drops, stalls, lost sessions and devices that are replaced, as after a reload. */
  async break(): Promise<void> {
    const { random, clients, hub } = this.pair
    const devices = clients.filter(({ client }) => client.state !== 'closed')
    const device = random.pick(devices)
    const link = device.links.at(-1)
    random.pick([
      () => link?.cut(),
      () => link?.cut(),
      () => link?.vanish(),
      () => link?.down.hold(),
      () => device.loop.stall(random.integer(10, 5_000)),
      () => hub.disconnect(device.client.session ?? '', { retry: true }),
      () => device.client.preferTransport(random.pick([null, ...transportNames])),
    ])()
    if (!random.chance(0.05)) return
    const { subject } = device.client
    await this.pair.clock.settled(device.client.close())
    this.addDevice(subject?.user ?? random.pick(users))
  }

  faults(): string[] {
    return [...this.asked.values()].flatMap((each) => this.#faultsOf(each))
  }

  #later(afterMs: number, run: () => void): void {
    this.pair.clock.schedule(this.pair.clock.now + afterMs, 'io', this.pair.hubLoop, run)
  }

  #prompt({ loop }: PairClient, ask: Ask<string>): void {
    const { random } = this.pair
    if (random.chance(0.05)) throw new Error('no dialog')
    if (random.chance(0.02)) return
    const afterMs = random.chance(0.2) ? random.integer(0, 30_000) : random.integer(0, 500)
    loop.setTimer(() => this.#answer(ask), afterMs)
  }

  #answer(ask: Ask<string>): void {
    const value = `a${++this.#answers}`
    const settlement = watchSettlement(ask.answer(value))
    this.asked.get(ask.payload)?.answers.push({ value, settlement })
  }

  async #judge(answer: unknown, signal: AbortSignal): Promise<boolean> {
    const { random, hubLoop } = this.pair
    const slow = random.chance(0.2)
    if (slow) await new Promise<void>((resolve) => void hubLoop.setTimer(resolve, random.integer(1, 12_000)))
    if (signal.aborted) throw new Error('nobody needs to know')
    if (random.chance(0.05)) throw rejection('not_now')
    if (random.chance(0.02)) throw new Error('the validator is broken')
    return typeof answer === 'string'
  }

  #faultsOf({ token, settlement, answers }: Asked): string[] {
    const told = `${token}: ${settlement.state} ${settlement.code ?? ''}`
    if (settlement.state === 'pending') return [told]
    const faults: string[] = []
    const taken = answers.filter(({ settlement: { state } }) => state === 'resolved')
    if (settlement.state === 'rejected' && !endings.includes(settlement.code ?? '')) faults.push(told)
    if (settlement.state === 'rejected' && taken.length > 0 && settlement.code !== 'aborted') {
      faults.push(`${told}, but ${taken.length} were told accepted`)
    }
    if (taken.length > 1) faults.push(`${told}, but ${taken.length} were told accepted`)
    for (const { value, settlement: given } of answers) {
      const answer = `${told}; ${value}: ${given.state} ${given.code ?? ''} ${given.outcome ?? ''}`
      if (given.state === 'pending') faults.push(answer)
      const won = settlement.value?.value === value
      if (given.state === 'resolved' && settlement.state === 'resolved' && !won)
        faults.push(`${answer}, but did not win`)
      if (given.state === 'rejected' && won && given.code !== 'closed') faults.push(`${answer}, but won`)
      if (given.state === 'rejected' && ![...refusals, 'closed'].includes(given.code ?? ''))
        faults.push(answer)
    }
    return faults
  }
}

test(
  `${count} asks with drops, late answers, throwing handlers and slow validators: each settles once, nothing is left`,
  { timeout: 120_000 },
  async () => {
    const crowd = new AskingCrowd(42)
    const { pair } = crowd
    const { random, clock } = pair
    for (const user of [...users, ...users]) crowd.addDevice(user)
    while (crowd.asked.size < count) {
      for (let asks = random.integer(1, 40); asks > 0; asks--) crowd.ask()
      if (random.chance(0.4)) await crowd.break()
      await clock.advance(random.integer(0, 200))
    }
    for (const { links, loop } of pair.clients) {
      loop.goOn()
      for (const { down } of links) down.release()
    }
    // Devices whose users reload and answer what is left.
    for (let left = 20; pair.hub.asks().length > 0 && left > 0; left--) {
      for (const user of users) crowd.addDevice(user)
      await clock.advance(120_000)
    }
    await clock.advance(60_000)
    expect(crowd.faults().slice(0, 20)).toEqual([])
    expect(pair.hub.asks()).toEqual([])
    expect(pair.hub.stats()).toMatchObject({
      asks: { pending: 0, waiting: 0 },
      operations: { running: 0 },
      orphans: 0,
    })
    expect(pair.clients.flatMap(({ client }) => client.asks)).toEqual([])
  },
)

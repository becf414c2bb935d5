import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProducerSummary, Range, ResultFrame } from '../wire/frames.ts'
import { ProbedLedger } from '../../testing/probed-ledger.ts'
import { Outbox, type OutboxItem } from './outbox.ts'

// An outbox and a ledger with a link between them that may be cut at any moment, together with the little that each
// side does around them [R16–R24, R43].

const maxOpen = 4
/** Room for the values of two operations; a value is the longest of all results. */
const maxResultLength = 400
const valueLength = 200

type ToHub =
  | { readonly type: 'hello'; readonly session: number | null; readonly producer: ProducerSummary }
  | { readonly type: 'operation'; readonly text: string }
  | { readonly type: 'cancel'; readonly number: number }
  | { readonly type: 'ack'; readonly numbers: readonly Range[] }
type ToClient =
  | {
      readonly type: 'welcome'
      readonly session: number
      readonly resumed: boolean
      readonly received: number
    }
  | { readonly type: 'result'; readonly text: string }
  | { readonly type: 'goodbye'; readonly received: number }

/** Two ordered sequences of frames; whatever is still in them when it is cut is lost. */
class Link {
  readonly toHub: ToHub[] = []
  readonly toClient: ToClient[] = []
  /** The hub said goodbye; it hears nothing more. */
  ended = false
}

type Ending = 'not_sent' | 'unknown' | 'cancelled' | 'value dropped' | `done ${string}`

class Operation implements OutboxItem {
  number: number | null = null
  readonly length = 1
  readonly index: number
  readonly idempotent: boolean
  cancelled = false
  readonly endings: Ending[] = []

  constructor(index: number, idempotent: boolean) {
    this.index = index
    this.idempotent = idempotent
  }

  encode(number: number): string {
    return `${number} ${this.index}`
  }
}

/** What a result says: the number and the value, or an error of the ledger's own. */
function endingIn(text: string): { readonly number: number; readonly ending: Ending } {
  if (text.startsWith('{')) {
    const { number, error } = JSON.parse(text) as Required<ResultFrame>
    return { number, ending: error.code === 'cancelled' ? 'cancelled' : 'value dropped' }
  }
  const [number = '', ending = ''] = text.split(/ (.*)/)
  return { number: Number(number), ending: ending.trim() as Ending }
}

class Client {
  readonly outbox = new Outbox<Operation>({ maxWaiting: Infinity, maxWaitingLength: Infinity, maxOpen })
  readonly operations: Operation[] = []
  #session: number | null = null
  #link: Link | null = null
  #live = false

  add(idempotent: boolean): void {
    const operation = new Operation(this.operations.length, idempotent)
    this.operations.push(operation)
    expect(this.outbox.add(operation)).toBe(true)
    this.#pump()
  }

  cancel(operation: Operation): void {
    const where = this.outbox.cancel(operation)
    if (where === 'settled') return
    operation.cancelled = true
    if (where !== 'handed') operation.endings.push(where)
    else if (operation.number !== null) this.#send({ type: 'cancel', number: operation.number })
  }

  connect(link: Link): void {
    this.#link = link
    link.toHub.push({ type: 'hello', session: this.#session, producer: this.outbox.summary() })
  }

  disconnected(): void {
    this.#link = null
    this.#live = false
  }

  receive(frame: ToClient): void {
    if (frame.type === 'welcome') this.#resume(frame)
    else if (frame.type === 'goodbye') this.#takeBack(frame.received)
    else this.#settle(frame.text)
  }

  #resume({ session, resumed, received }: Extract<ToClient, { type: 'welcome' }>): void {
    this.#session = session
    this.#live = true
    if (resumed) {
      for (const text of this.outbox.resend(received)) this.#sendText(text)
    } else {
      const lost = this.outbox.loseOpen()
      const again = lost.filter(({ idempotent, cancelled }) => idempotent && !cancelled)
      for (const operation of lost) if (!again.includes(operation)) operation.endings.push('unknown')
      this.outbox.requeue(again)
    }
    this.#pump()
  }

  #takeBack(received: number): void {
    this.disconnected()
    for (const { number, cancelled, endings } of this.operations) {
      if (cancelled && endings.length === 0 && (number ?? 0) > received) endings.push('unknown')
    }
    this.outbox.takeBack(received)
  }

  #settle(text: string): void {
    const { number, ending } = endingIn(text)
    this.outbox.settle(number, text.length)?.endings.push(ending)
    this.#pump()
  }

  #pump(): void {
    while (this.#live) {
      const numbers = this.outbox.takeAcknowledgement()
      if (numbers) this.#send({ type: 'ack', numbers })
      const operation = this.outbox.handOver()
      if (!operation) return
      this.#sendText(operation.encode(operation.number ?? 0))
    }
  }

  #sendText(text: string): void {
    if (text.startsWith('{')) return this.#send(JSON.parse(text) as ToHub)
    const operation = this.operations[Number(text.split(' ')[1])]
    expect(operation?.cancelled, 'what was cancelled is never sent').toBe(false)
    this.#send({ type: 'operation', text })
  }

  #send(frame: ToHub): void {
    if (this.#live) this.#link?.toHub.push(frame)
  }
}

class Hub {
  /** The index of each operation that was started, by the life of the ledger. */
  readonly starts: number[][] = []
  ledger: ProbedLedger | null = null
  readonly #running = new Map<number, string>()
  #link: Link | null = null

  get running(): readonly number[] {
    return [...this.#running.keys()]
  }

  disconnected(): void {
    this.#link = null
  }

  receive(frame: ToHub, link: Link): void {
    if (frame.type === 'hello') this.#greet(frame, link)
    else if (frame.type === 'operation') this.#receiveOperation(frame.text)
    else if (frame.type === 'cancel') this.#cancel(frame.number)
    else this.ledger?.acknowledge(frame.numbers)
  }

  /** A running operation is done. */
  finish(number: number): void {
    const index = this.#running.get(number)
    if (index !== undefined) this.#settle(number, `done ${index}`.padEnd(valueLength))
  }

  /** The session ends; if there is a link it is said goodbye to. */
  end(): void {
    if (this.ledger && this.#link) {
      this.#link.toClient.push({ type: 'goodbye', received: this.ledger.highest })
      this.#link.ended = true
    }
    this.forget()
  }

  forget(): void {
    this.#link = null
    this.ledger = null
    this.#running.clear()
  }

  #greet({ session, producer }: Extract<ToHub, { type: 'hello' }>, link: Link): void {
    // The lives of the ledger are the sessions; a client that presents none is known by its producer [R12].
    const known = this.ledger !== null && (session === null || session === this.starts.length)
    if (!known) {
      this.forget()
      this.ledger = new ProbedLedger({ maxOpen, maxResultLength }, producer.highest)
      this.starts.push([])
    }
    this.#link = link
    const received = this.ledger?.highest ?? 0
    link.toClient.push({ type: 'welcome', session: this.starts.length, resumed: known, received })
    this.ledger?.resume(producer)
    this.#flush()
  }

  #receiveOperation(text: string): void {
    const [number = '', index = ''] = text.split(' ')
    if (!this.#starts(Number(number), text)) return
    this.starts.at(-1)?.push(Number(index))
    this.#running.set(Number(number), index)
  }

  #cancel(number: number): void {
    this.ledger?.cancel(number)
    this.#flush()
  }

  #starts(number: number, text: string): boolean {
    const arrival = this.ledger?.arrive(number, text)
    expect(arrival, 'a producer that follows the rules is never refused').toMatch(/started|taken/)
    this.#flush()
    return arrival === 'started'
  }

  #settle(number: number, ending: string): void {
    this.#running.delete(number)
    this.ledger?.settle(number, `${number} ${ending}`)
    this.#flush()
  }

  /** What the ledger sent goes over the link, if there is one. */
  #flush(): void {
    for (const text of this.ledger?.sent() ?? []) this.#link?.toClient.push({ type: 'result', text })
  }
}

class World {
  readonly client = new Client()
  readonly hub = new Hub()
  #link: Link | null = null

  connect(): void {
    this.cut()
    this.#link = new Link()
    this.client.connect(this.#link)
  }

  /** Everything in flight is lost. */
  cut(): void {
    this.#link = null
    this.client.disconnected()
    this.hub.disconnected()
  }

  /** The hub restarts. */
  crash(): void {
    this.cut()
    this.hub.forget()
  }

  /** One frame arrives; returns whether there was one. */
  deliver(direction: 'toHub' | 'toClient'): boolean {
    const link = this.#link
    if (!link) return false
    if (direction === 'toHub') {
      const frame = link.toHub.shift()
      if (frame && !link.ended) this.hub.receive(frame, link)
      return frame !== undefined
    }
    const frame = link.toClient.shift()
    if (frame) this.client.receive(frame)
    if (frame?.type === 'goodbye') this.cut()
    return frame !== undefined
  }

  deliverAll(): void {
    while (this.deliver('toHub') || this.deliver('toClient'));
  }

  /** The network heals and every handler returns: all of it has to come to an end. */
  settle(): void {
    const { client, hub } = this
    for (let round = 0; round < 1_000; round++) {
      if (!this.#link) this.connect()
      this.deliverAll()
      for (const number of hub.running) hub.finish(number)
      this.deliverAll()
      const left =
        client.outbox.pendingCount + (hub.ledger ? hub.ledger.runningCount + hub.ledger.resultLength : 1)
      if (left === 0 && this.#link) return
    }
    expect.fail('something is left for ever')
  }
}

/** What must hold when all has settled, whatever happened before. */
function expectExactlyOnce({ client, hub }: World): void {
  const ascending = (numbers: readonly number[]) => numbers.toSorted((one, other) => one - other)
  for (const life of hub.starts) expect(life, 'order of starts').toEqual(ascending([...new Set(life)]))
  const firstStarts = [...new Set(hub.starts.flat())]
  expect(firstStarts, 'order of first starts').toEqual(ascending(firstStarts))
  for (const { index, idempotent, cancelled, endings } of client.operations) {
    const starts = hub.starts.flat().filter((started) => started === index).length
    const [ending = 'none', ...more] = endings
    expect(more, `further endings of ${index}`).toEqual([])
    if (!idempotent) expect(starts, `starts of ${index}`).toBeLessThanOrEqual(1)
    if (ending.startsWith('done')) expect(ending).toBe(`done ${index}`)
    if (ending.startsWith('done') || ending === 'value dropped') expect(starts).toBeGreaterThan(0)
    if (ending === 'not_sent' || (ending === 'cancelled' && !idempotent)) expect(starts, ending).toBe(0)
    if (ending === 'not_sent' || ending === 'cancelled') expect(cancelled).toBe(true)
    if (ending === 'unknown') expect(hub.starts.length, 'the ledger was lost').toBeGreaterThan(1)
    if (ending === 'none') expect.fail(`${index} never ended`)
  }
  expect([hub.ledger?.resultLength, hub.ledger?.runningCount]).toEqual([0, 0])
}

type Action =
  | readonly ['add', idempotent: boolean]
  | readonly ['cancel' | 'finish', pick: number]
  | readonly ['toHub' | 'toClient', frames: number]
  | readonly ['connect' | 'cut' | 'crash' | 'end']

function perform(world: World, action: Action): void {
  const { client, hub } = world
  switch (action[0]) {
    case 'add':
      return client.add(action[1])
    case 'cancel': {
      const operation = client.operations.at(-1 - (action[1] % (maxOpen + 2)))
      if (operation) client.cancel(operation)
      return
    }
    case 'finish':
      return hub.finish(hub.running[action[1] % hub.running.length] ?? 0)
    case 'toHub':
    case 'toClient':
      for (let frame = 0; frame < action[1]; frame++) world.deliver(action[0])
      return
    case 'connect':
    case 'cut':
    case 'crash':
      return world[action[0]]()
    case 'end':
      return hub.end()
  }
}

const pick = fc.nat(1_000)
const frames = fc.integer({ min: 1, max: 4 })
const tuple = (...kinds: ('connect' | 'cut')[]): fc.Arbitrary<Action> => fc.tuple(fc.constantFrom(...kinds))
const ordinary: fc.WeightedArbitrary<Action>[] = [
  { weight: 6, arbitrary: fc.tuple(fc.constant('add' as const), fc.boolean()) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('cancel' as const), pick) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('finish' as const), pick) },
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom('toHub' as const, 'toClient' as const), frames) },
  { weight: 3, arbitrary: tuple('connect') },
  { weight: 1, arbitrary: tuple('cut') },
]
const losses: fc.WeightedArbitrary<Action>[] = [
  { weight: 1, arbitrary: fc.constantFrom<Action>(['crash'], ['end']) },
]

describe('an outbox and a ledger', () => {
  const run = (actions: readonly Action[]): World => {
    const world = new World()
    for (const action of actions) perform(world, action)
    world.settle()
    expectExactlyOnce(world)
    return world
  }

  test('over a link that is cut at any moment: each operation is executed once, in order, and ends once', () => {
    const property = fc.property(
      fc.array(fc.oneof(...ordinary), { maxLength: 200, size: 'max' }),
      (actions) => {
        const { client, hub } = run(actions)
        expect(hub.starts.length).toBe(1)
        for (const { cancelled, endings } of client.operations) {
          if (!cancelled) expect(endings[0]).toMatch(/^done|^value dropped/)
        }
      },
    )
    fc.assert(property, { seed: 1, numRuns: 600 })
  })

  test('and a ledger that is lost at any moment: each operation is executed at most once, in order, and ends once', () => {
    const property = fc.property(
      fc.array(fc.oneof(...ordinary, ...losses), { maxLength: 200, size: 'max' }),
      (actions) => void run(actions),
    )
    fc.assert(property, { seed: 1, numRuns: 600 })
  })
})

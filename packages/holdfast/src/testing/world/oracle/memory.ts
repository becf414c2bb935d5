import type { Pair } from '../../pair.ts'
import type { Device } from '../device.ts'
import type { WorldSettings } from '../schedule.ts'
import type { Report } from './violation.ts'

/** What a client holds beside its operations, topics and asks: its link, its rival, its list of asks, its outbox. */
const deadlinesOfClient = 4
/** What a hub holds beside what belongs to somebody: its engine, its ended asks, its polled links. */
const deadlinesOfHub = 4
/** Requests of the hub that a client may run at once in these worlds; each has a deadline. */
const handlers = 32

/** What is held belongs to an owner that is there, and stays within its bound. */
export class MemoryOracle {
  readonly #pair: Pair
  readonly #settings: WorldSettings
  readonly #report: Report

  constructor(pair: Pair, settings: WorldSettings, report: Report) {
    this.#pair = pair
    this.#settings = settings
    this.#report = report
  }

  /** After each step of the schedule. */
  check(devices: readonly Device[]): void {
    for (const device of devices) this.#checkClient(device)
    this.#checkHub()
  }

  #checkClient({ index, client, subscriptions }: Device): void {
    const { pending, topics, asks, deadlines } = client.stats()
    const { outboxOperations, maxOpenOperations } = this.#settings
    this.#bound(index, 'pending operations', pending, outboxOperations + maxOpenOperations)
    const active = new Set(subscriptions.filter((watched) => watched.active).map(({ topic }) => topic))
    this.#bound(index, 'topics', topics, active.size)
    this.#bound(index, 'deadlines', deadlines, deadlinesOfClient + pending + topics + asks + handlers)
  }

  #checkHub(): void {
    const { hub, hubCore } = this.#pair
    const { links, sessions, subscriptions, topics, operations, asks, deadlines, orphans, writing } =
      hub.stats()
    const { topics: names, retainedMessages, maxOpenOperations } = this.#settings
    this.#bound(null, 'orphans', orphans, 0)
    this.#bound(null, 'live sessions', sessions.live, links)
    this.#bound(null, 'held topics', topics.held, names.length)
    this.#bound(null, 'kept messages', topics.messages, names.length * retainedMessages)
    this.#bound(null, 'subscriptions', subscriptions, links * names.length)
    this.#bound(null, 'writing links', writing, links)
    const all = sessions.live + sessions.resting
    this.#bound(null, 'running operations', operations.running, all * maxOpenOperations)
    const owned =
      3 * links + 2 * all + 2 * operations.running + operations.requested + asks.pending + asks.ended
    this.#bound(null, 'deadlines', deadlines, deadlinesOfHub + owned + subscriptions)
    for (const session of hubCore.parts.sessions) {
      const { resultLength } = session.operations
      this.#bound(null, 'characters of results', resultLength, hubCore.parts.settings.limits.maxResultLength)
    }
  }

  #bound(client: number | null, what: string, count: number, most: number): void {
    if (count > most) this.#report(client, `${count} ${what}, not at most ${most}`)
  }
}

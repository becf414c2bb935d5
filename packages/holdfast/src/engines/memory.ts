import type { Append, AppendOutcome, Engine, EngineHost, EngineStats, OpenOutcome } from './engine.ts'
import { AgeSweep } from './memory/age-sweep.ts'
import type { MemoryTopic, Moment } from './memory/memory-topic.ts'
import { MemoryAsks } from './memory/memory-asks.ts'
import { type TableLimits, TopicTable } from './memory/topic-table.ts'

export interface MemoryOptions {
  /**
   * Memory of all retained segments in bytes; 256 MiB by default. Beyond it, topics that are not open are forgotten,
   * least recently used first. When all are open, the one that holds the most memory (within a factor of two; among
   * those, the one not used for longest) loses its oldest segment, again and again; its subscribers that have
   * not got that far are told by a gap. On top of it come about 1 KB for each topic, about 100 bytes and its length
   * for each application key, and 4 MiB in all for slices shared by subscribers.
   */
  readonly totalBytes?: number
  /**
   * How many topics may hold state, because they are open or held messages; 100,000 by default. Beyond it, a topic
   * that is not open is forgotten: first those whose messages are all too old, then the least recently used. When all
   * are open, a new one is refused with `topic_limit`.
   */
  readonly maxTopics?: number
}

/**
 * Keeps topics in the memory of this process, which is what an accepted message means here: any subscriber may have
 * it, until retention or a bound of the options takes it away. All is lost at the end of the process; topics then have
 * other epochs, so that a subscriber who comes back gets a gap and nobody is misled. The same goes for a topic that is
 * forgotten.
 *
 * Asks are lost with the process too, the pending ones and the answers: who asks again with the same key asks anew. Devices
 * take it for the question they already show, because its id follows from it, but cannot tell that it was answered.
 *
 * An append ignores `producer`: the hub's own ledgers live as long as this engine does.
 *
 * @throws RangeError if an option is not a positive number
 */
export function memory(options: MemoryOptions = {}): Engine {
  const { totalBytes = 256 * 1_024 * 1_024, maxTopics = 100_000 } = options
  for (const [name, value] of Object.entries({ totalBytes, maxTopics })) {
    if (!(value > 0)) throw new RangeError(`${name} must be a positive number, not ${value}`)
  }
  return new MemoryEngine({ totalBytes, maxTopics })
}

interface Running {
  readonly kind: 'running'
  readonly host: EngineHost
  readonly table: TopicTable
  readonly sweep: AgeSweep
}

class MemoryEngine implements Engine {
  readonly asks = new MemoryAsks()
  readonly #limits: TableLimits
  #state: Running | { readonly kind: 'new' | 'closed' } = { kind: 'new' }
  #batches = 0

  constructor(limits: TableLimits) {
    this.#limits = limits
  }

  start(host: EngineHost): void {
    if (this.#state.kind !== 'new') throw new Error('an engine is started once')
    const table = new TopicTable(host, this.#limits)
    this.#state = { kind: 'running', host, table, sweep: new AgeSweep(host, table) }
  }

  /** All is done before it returns; the hub hears of it before the outcomes do. */
  async append(entries: readonly Append[]): Promise<readonly AppendOutcome[]> {
    const running = this.#running()
    if (!running) return entries.map(() => closedRefusal)
    const { host, table, sweep } = running
    const wall = host.wallNow()
    const moment: Moment = { wall, now: table.clock.at(wall) }
    const batch = ++this.#batches
    const extended: MemoryTopic[] = []
    const outcomes = entries.map((entry) => {
      const topic = table.obtain(entry.topic)
      if (!topic) return limitRefusal(entry.topic, this.#limits)
      const outcome = appendTo(topic, entry, host, moment)
      table.used(topic)
      table.keepWithinBudget()
      if (topic.isOpen && topic.batch !== batch && outcome.kind === 'accepted' && !outcome.duplicate) {
        topic.batch = batch
        extended.push(topic)
      }
      return outcome
    })
    sweep.wake()
    for (const topic of extended) if (topic.isOpen) host.appended(topic)
    return outcomes
  }

  async open(topic: string): Promise<OpenOutcome> {
    const running = this.#running()
    if (!running) return closedRefusal
    const log = running.table.obtain(topic)
    if (!log) return limitRefusal(topic, this.#limits)
    running.table.open(log)
    return { kind: 'opened', log }
  }

  stats(): EngineStats {
    return this.#running()?.table.stats() ?? { topics: 0, openLogs: 0, messages: 0, retainedBytes: 0 }
  }

  /** Lets go of all messages: logs still open are valid, but nothing is kept in them. */
  async close(): Promise<void> {
    const state = this.#state
    this.#state = { kind: 'closed' }
    if (state.kind !== 'running') return
    state.sweep.stop()
    state.table.clear()
  }

  #running(): Running | null {
    if (this.#state.kind === 'new') throw new Error('the engine was not started')
    return this.#state.kind === 'running' ? this.#state : null
  }
}

type Refusal = AppendOutcome & OpenOutcome & { readonly kind: 'refused' }

const closedRefusal: Refusal = { kind: 'refused', code: 'engine_failed', message: 'the engine is closed' }

function limitRefusal(topic: string, limits: TableLimits): Refusal {
  const message = `no room for topic '${topic}': ${limits.maxTopics} topics are open, the most this engine takes`
  return { kind: 'refused', code: 'topic_limit', message }
}

/** What can fail is encoding and getting memory; neither leaves anything behind. */
function appendTo(topic: MemoryTopic, entry: Append, host: EngineHost, moment: Moment): AppendOutcome {
  try {
    return topic.append(entry, host, moment)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'refused', code: 'engine_failed', message: `the message could not be kept: ${reason}` }
  }
}

import type { AskStore, Conclusion } from '../../engines/ask-store.ts'
import type { Engine, TopicLog } from '../../engines/engine.ts'
import type { Position } from '../../core/wire/frames.ts'
import type { Truth } from './oracle/witnesses.ts'
import { recordedEngine } from './recorded-engine.ts'

/** Who wants to know at once what happened. */
export interface ChronicleReader {
  /** An operation was executed: a message accepted, or a handler begun. */
  executed(token: string, count: number): void
  /** An ask that was concluded was concluded once more. */
  concludedAgain(ask: string): void
}

/** A message that was accepted. */
export interface AcceptedMessage {
  readonly token: string
  /** Among all, from 0. */
  readonly order: number
}

/** How an ask was concluded, in the life of one hub: another one may know nothing of it. */
export interface KeptConclusion {
  readonly life: number
  readonly conclusion: Conclusion
}

/** What really happened at the hubs of a world. */
export class Chronicle implements Truth {
  reader: ChronicleReader | null = null
  /** Which hub runs: the first, the second … */
  life = 0
  readonly #executions = new Map<string, number>()
  /** Each accepted message, by its place. */
  readonly #messages = new Map<string, AcceptedMessage>()
  readonly #heads = new Map<string, Position>()
  readonly #logs = new Map<string, TopicLog>()
  readonly #conclusions = new Map<string, KeptConclusion[]>()
  readonly #asks: AskStore | undefined

  /** @param asks what every hub keeps its asks in. Default: each has its own */
  constructor(asks?: AskStore) {
    this.#asks = asks
  }

  executed(token: string): void {
    const count = this.executionsOf(token) + 1
    this.#executions.set(token, count)
    this.reader?.executed(token, count)
  }

  executionsOf(token: string): number {
    return this.#executions.get(token) ?? 0
  }

  /** The token of the message that was accepted at a place; undefined: none was. */
  messageAt(topic: string, epoch: string, offset: number): string | undefined {
    return this.#messages.get(placeOf(topic, epoch, offset))?.token
  }

  /** Messages that were accepted so far, of all topics. */
  get acceptedCount(): number {
    return this.#messages.size
  }

  /** How many messages had been accepted before the one at a place; undefined: none was there. */
  acceptedBefore(topic: string, { epoch, offset }: Position): number | undefined {
    return this.#messages.get(placeOf(topic, epoch, offset))?.order
  }

  /** The newest message of a topic in the present life of the hub; null: there is none. */
  headOf(topic: string): Position | null {
    return this.#heads.get(topic) ?? null
  }

  /** The offset of the oldest message that is still kept of an epoch; null: the topic is not open, or lives another life. */
  oldestOf(topic: string, epoch: string): number | null {
    const log = this.#logs.get(topic)
    return log?.epoch === epoch ? log.oldest : null
  }

  conclusionsOf(ask: string): readonly KeptConclusion[] {
    return this.#conclusions.get(ask) ?? []
  }

  get keepsAsks(): boolean {
    return this.#asks !== undefined
  }

  /** An engine for the next hub, which writes down what it accepts. */
  engine(): Engine {
    const life = ++this.life
    this.#heads.clear()
    this.#logs.clear()
    return recordedEngine(
      {
        opened: (topic, log) => void this.#logs.set(topic, log),
        accepted: (topic, position, token) => this.#accepted(topic, position, token),
        concluded: (id, conclusion, again) => {
          this.#conclusions.set(id, [...this.conclusionsOf(id), { life, conclusion }])
          if (again) this.reader?.concludedAgain(id)
        },
      },
      this.#asks,
    )
  }

  #accepted(topic: string, position: Position, token: string): void {
    this.#messages.set(placeOf(topic, position.epoch, position.offset), { token, order: this.#messages.size })
    this.#heads.set(topic, position)
    this.executed(token)
  }
}

/** Names the place of a message. */
export const placeOf = (topic: string, epoch: string, offset: number): string => `${topic} ${epoch} ${offset}`

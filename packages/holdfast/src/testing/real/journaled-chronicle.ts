import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { Position } from '../../core/wire/frames.ts'
import {
  placeOf,
  type AcceptedMessage,
  type ChronicleReader,
  type KeptConclusion,
} from '../world/chronicle.ts'
import type { Logged } from '../world/oracle/protocol.ts'
import type { Truth } from '../world/oracle/witnesses.ts'
import type { JournalRecord } from './journal.ts'

/**
 * What really happened in the hubs' processes, by their journal, and in this one's handlers. It is read whenever somebody asks, so
 * that what anybody was told of by then is in it.
 */
export class JournaledChronicle implements Truth {
  reader: ChronicleReader | null = null
  readonly keepsAsks = false
  readonly #file: number
  readonly #buffer = Buffer.alloc(65_536)
  readonly #decoder = new StringDecoder('utf8')
  #unread = ''
  #life = 0
  readonly #executions = new Map<string, number>()
  readonly #messages = new Map<string, AcceptedMessage>()
  readonly #heads = new Map<string, Position>()
  /** The oldest message that is kept, of topics that somebody subscribes to. */
  readonly #oldest = new Map<string, Position>()
  readonly #conclusions = new Map<string, KeptConclusion[]>()
  readonly #asks = new Map<number, string>()
  readonly #sessions = new Set<string>()
  readonly #logged: Logged[] = []

  /** @param path of the journal, which need not exist */
  constructor(path: string) {
    this.#file = openSync(path, 'a+')
  }

  get life(): number {
    this.#catchUp()
    return this.#life
  }

  /** What the hubs logged. */
  get logged(): readonly Logged[] {
    this.#catchUp()
    return this.#logged
  }

  /** A handler of this process began. */
  executed(token: string): void {
    this.#catchUp()
    this.#execute(token)
  }

  executionsOf(token: string): number {
    this.#catchUp()
    return this.#executions.get(token) ?? 0
  }

  messageAt(topic: string, epoch: string, offset: number): string | undefined {
    const place = placeOf(topic, epoch, offset)
    if (!this.#messages.has(place)) this.#catchUp()
    return this.#messages.get(place)?.token
  }

  acceptedBefore(topic: string, { epoch, offset }: Position): number | undefined {
    const place = placeOf(topic, epoch, offset)
    if (!this.#messages.has(place)) this.#catchUp()
    return this.#messages.get(place)?.order
  }

  headOf(topic: string): Position | null {
    this.#catchUp()
    return this.#heads.get(topic) ?? null
  }

  oldestOf(topic: string, epoch: string): number | null {
    this.#catchUp()
    const oldest = this.#oldest.get(topic)
    return oldest?.epoch === epoch ? oldest.offset : null
  }

  conclusionsOf(ask: string): readonly KeptConclusion[] {
    this.#catchUp()
    return this.#conclusions.get(ask) ?? []
  }

  /** The id of the ask that a command asked; undefined: none yet. */
  askOf(command: number): string | undefined {
    this.#catchUp()
    return this.#asks.get(command)
  }

  /** Whether the hub that runs, or ran last, knows a session. */
  knowsSession(session: string): boolean {
    this.#catchUp()
    return this.#sessions.has(session)
  }

  close(): void {
    closeSync(this.#file)
  }

  #catchUp(): void {
    for (;;) {
      const length = readSync(this.#file, this.#buffer)
      if (length === 0) return
      const lines = (this.#unread + this.#decoder.write(this.#buffer.subarray(0, length))).split('\n')
      this.#unread = lines.pop() ?? ''
      for (const line of lines) this.#read(line)
    }
  }

  #read(line: string): void {
    const record = parse(line)
    if (!record) return
    switch (record.did) {
      case 'begin':
        return this.#begin()
      case 'accept':
        return this.#accept(record)
      case 'execute':
        return this.#execute(record.token)
      case 'ask':
        return void this.#asks.set(record.command, record.id)
      case 'conclude': {
        const { id, conclusion, again } = record
        if (again) this.reader?.concludedAgain(id)
        const earlier = this.#conclusions.get(id) ?? []
        return void this.#conclusions.set(id, [...earlier, { life: this.#life, conclusion }])
      }
      case 'open':
        return void this.#sessions.add(record.session)
      case 'end':
        return void this.#sessions.delete(record.session)
      case 'log':
        this.#logged.push({ message: record.message, details: { error: record.error } })
    }
  }

  #begin(): void {
    this.#life++
    this.#heads.clear()
    this.#oldest.clear()
    this.#asks.clear()
    this.#sessions.clear()
  }

  #accept({ token, topic, epoch, offset, oldest }: JournalRecord & { readonly did: 'accept' }): void {
    this.#messages.set(placeOf(topic, epoch, offset), { token, order: this.#messages.size })
    this.#heads.set(topic, { epoch, offset })
    if (oldest !== null) this.#oldest.set(topic, { epoch, offset: oldest })
    this.#execute(token)
  }

  #execute(token: string): void {
    const count = (this.#executions.get(token) ?? 0) + 1
    this.#executions.set(token, count)
    this.reader?.executed(token, count)
  }
}

/** Null for a line that a kill broke off: nobody was told of what it would have told. */
function parse(line: string): JournalRecord | null {
  try {
    return JSON.parse(line) as JournalRecord
  } catch {
    return null
  }
}
